package io.microgpt.cli;

import java.io.PrintStream;

/**
 * Where progress goes: standard error, so that standard output holds results alone. On a terminal the last line is live; elsewhere every
 * line stays.
 */
final class Terminal {
    private final PrintStream out;
    private final boolean live;
    private int width;

    Terminal(PrintStream out, boolean live) {
        this.out = out;
        this.live = live;
    }

    /** {@return standard error; live if the script that started us saw a terminal there} */
    static Terminal standard() {
        return new Terminal(System.err, System.getenv("MICROGPT_TERMINAL") != null);
    }

    boolean live() {
        return live;
    }

    /** Replaces the live line. */
    synchronized void show(String line) {
        out.print("\r" + line + " ".repeat(Math.max(0, width - line.length())));
        out.flush();
        width = line.length();
    }

    /** Prints a line that stays. */
    synchronized void print(String line) {
        if (width > 0) {
            out.print("\r" + " ".repeat(width) + "\r");
            width = 0;
        }
        out.println(line);
    }
}
