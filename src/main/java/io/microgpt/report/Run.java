package io.microgpt.report;

import io.microgpt.train.Verdict;
import java.util.List;

/**
 * What a page shows of a run.
 *
 * @param name of its directory
 * @param steps that its configuration asks for
 * @param samples by step
 * @param settings of its configuration
 * @param result what it said at its end; empty before
 * @param verdict on its test loss: at its end that of an evaluation of both parts, before it that of the curves, whose train losses are
 *     those of steps, with their dropout and label smoothing
 */
public record Run(
        String name,
        long steps,
        Curves curves,
        List<Sample> samples,
        List<Setting> settings,
        String result,
        Verdict verdict) {
    public Run {
        samples = List.copyOf(samples);
        settings = List.copyOf(settings);
    }

    /** A run of which there are the curves alone. */
    public Run(String name, long steps, Curves curves, List<Sample> samples, List<Setting> settings) {
        this(name, steps, curves, samples, settings, "", curves.verdict());
    }

    /**
     * A key of the configuration.
     *
     * @param given whether the value is another than the default
     */
    public record Setting(String key, String value, String meaning, boolean given) {}
}
