package io.microgpt.cli;

import java.io.PrintStream;

/**
 * Where progress goes: standard error, so that standard output holds results alone. On a terminal the last line is live; elsewhere every
 * line stays. A quiet one says nothing but warnings.
 */
final class Terminal {
    private final PrintStream out;
    private final int columns;
    private final boolean live;
    private final boolean quiet;
    private int width;

    /**
     * @param live whether {@code out} is a terminal
     * @param columns of it; 0 where that is not known
     */
    Terminal(PrintStream out, boolean live, int columns, boolean quiet) {
        this.out = out;
        this.live = live;
        this.columns = columns;
        this.quiet = quiet;
    }

    /** {@return standard error; live if the script that started us saw a terminal there} */
    static Terminal standard() {
        return standard(false);
    }

    static Terminal standard(boolean quiet) {
        String columns = System.getenv("MICROGPT_COLUMNS");
        return new Terminal(
                System.err,
                System.getenv("MICROGPT_TERMINAL") != null,
                columns != null && columns.matches("[1-9]\\d{0,3}") ? Integer.parseInt(columns) : 0,
                quiet);
    }

    boolean live() {
        return live;
    }

    /** Replaces the live line. One that is too long for the terminal is cut: it could not be replaced once it wraps. */
    synchronized void show(String line) {
        if (quiet) {
            return;
        }
        String shown = columns > 1 && line.length() >= columns ? line.substring(0, columns - 1) : line;
        out.print("\r" + shown + " ".repeat(Math.max(0, width - shown.length())));
        out.flush();
        width = shown.length();
    }

    /** Prints a line that stays. */
    void print(String line) {
        if (!quiet) {
            println(line);
        }
    }

    /** Prints what must be said even by a quiet one. */
    void warn(String message) {
        println("warning: " + message);
    }

    private synchronized void println(String line) {
        if (width > 0) {
            out.print("\r" + " ".repeat(width) + "\r");
            width = 0;
        }
        out.println(line);
    }
}
