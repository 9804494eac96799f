package fence;

import java.util.Locale;

/** What was measured, as ratios of medians or of other quantiles, with goals and verdicts. */
final class Table {
    private static final String LINE = "%-62s %12s %12s %7s %7s  %s%n";

    static void head() {
        System.out.printf(Locale.ROOT, LINE, "", "ours", "peer", "ratio", "goal", "");
    }

    /** Times: less is better. A goal of zero is none. */
    void times(String what, double ours, double peers, double goal) {
        double ratio = ours / peers;
        row(what, micros(ours), micros(peers), ratio, goal, ratio <= goal);
    }

    /** Rates in bytes a second: more is better. */
    void rates(String what, double ours, double peers, double goal) {
        double ratio = ours / peers;
        row(what, megabytes(ours), megabytes(peers), ratio, goal, ratio >= goal);
    }

    private static void row(String what, String ours, String peers, double ratio, double goal, boolean met) {
        System.out.printf(
                Locale.ROOT,
                LINE,
                what,
                ours,
                peers,
                "%.2f".formatted(ratio),
                goal == 0 ? "" : "%.2f".formatted(goal),
                goal == 0 ? "" : met ? "met" : "MISSED");
    }

    private static String micros(double nanos) {
        return String.format(Locale.ROOT, "%,.0f us", nanos / 1e3);
    }

    private static String megabytes(double bytes) {
        return String.format(Locale.ROOT, "%,.0f MB/s", bytes / 1e6);
    }
}
