# Reads Surefire and Failsafe reports, one after the other, tag by tag.
# Prints a line for each test that failed or was skipped, with the reason, and then the counts:
# "tests: N passed, N failed, N skipped".

BEGIN { RS = ">" }

{ sub(/^[ \t\r\n]*/, "") }

# The reason is an attribute of the tag before, or the first line of the text that follows it.
outcome != "" {
    if (reason == "" && sub(/^<!\[CDATA\[/, "")) {
        reason = $0
        sub(/\n.*/, "", reason)
        sub(/\]\]$/, "", reason)
        sub(/^org\.opentest4j\.TestAbortedException: (Assumption failed: )?/, "", reason)
    }
    print outcome ": " test ": " (reason == "" ? "no reason given" : substr(reason, 1, 300))
    outcome = ""
}

/^<testsuite[ \n]/ {
    failures = attribute("failures") + attribute("errors")
    failed += failures
    skipped += attribute("skipped")
    passed += attribute("tests") - failures - attribute("skipped")
}

/^<testcase[ \n]/ { test = attribute("classname") "." attribute("name") }

/^<(skipped|failure|error)[ \n\/]/ || /^<(skipped|failure|error)$/ {
    outcome = /^<skipped/ ? "skipped" : "failed"
    reason = attribute("message")
}

END {
    if (!passed && !failed) print "no test ran"
    printf "tests: %d passed, %d failed, %d skipped\n", passed, failed, skipped
    exit maven != 0 || failed || !passed
}

function attribute(name,    start, value) {
    start = index($0, " " name "=\"")
    if (!start) return ""
    value = substr($0, start + length(name) + 3)
    return plain(substr(value, 1, index(value, "\"") - 1))
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
