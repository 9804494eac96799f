# Reads Surefire and Failsafe reports, one after the other, tag by tag.
# Prints "skipped: TEST: REASON" lines and then "tests: N passed, N failed, N skipped".

BEGIN { RS = ">" }

function attribute(name,    start) {
    start = index($0, " " name "=\"")
    if (!start) return ""
    start = substr($0, start + length(name) + 3)
    return plain(substr(start, 1, index(start, "\"") - 1))
}

function plain(text) {
    gsub(/&#10;|\n/, " ", text)
    gsub(/&quot;/, "\"", text)
    gsub(/&apos;/, "'", text)
    gsub(/&lt;/, "<", text)
    gsub(/&gt;/, ">", text)
    gsub(/&amp;/, "\\&", text)
    return text
}

{ sub(/^[ \t\r\n]*/, "") }

/^<testsuite[ \n]/ {
    failures = attribute("failures") + attribute("errors")
    failed += failures
    skipped += attribute("skipped")
    passed += attribute("tests") - failures - attribute("skipped")
}

/^<testcase[ \n]/ { test = attribute("classname") "." attribute("name") }

/^<skipped/ {
    reason = attribute("message")
    print "skipped: " test ": " (reason == "" ? "no reason given" : reason)
}

END {
    if (!passed && !failed) print "no test ran"
    printf "tests: %d passed, %d failed, %d skipped\n", passed, failed, skipped
    exit maven != 0 || failed || !passed
}
