package io.microgpt.cli;

import io.microgpt.spark.complete.GenerateJob;

/** Shows a job of completions as it goes: a live line on a terminal, plain lines now and then in a log. */
final class GenerateProgress implements GenerateJob.Progress {
    private static final long LIVE_NANOS = 200_000_000L;
    private static final long LOG_NANOS = 10_000_000_000L;

    private final Terminal terminal;
    private final long begun = System.nanoTime();
    private long shown = begun;

    GenerateProgress(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public void at(long prompts, int ended, int parts) {
        long now = System.nanoTime();
        boolean last = ended == parts;
        if (last || now - shown > (terminal.live() ? LIVE_NANOS : LOG_NANOS)) {
            shown = now;
            String line = line(prompts, ended, parts, (now - begun) * 1e-9);
            if (terminal.live() && !last) {
                terminal.show(line);
            } else {
                terminal.print(line);
            }
        }
    }

    /** What is left is taken to be as the parts so far: nobody has counted the rows. */
    static String line(long prompts, int ended, int parts, double seconds) {
        return Summaries.format(
                "%,d rows  %,d/%,d parts  %,.0f rows/s  %s left",
                prompts,
                ended,
                parts,
                prompts / seconds,
                ended == 0 && parts > 0 ? "?" : Progress.duration(seconds * (parts - ended) / Math.max(1, ended)));
    }
}
