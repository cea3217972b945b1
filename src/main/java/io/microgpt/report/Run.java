package io.microgpt.report;

import java.util.List;

/**
 * What a page shows of a run.
 *
 * @param name of its directory
 * @param steps that its configuration asks for
 * @param samples by step
 * @param settings of its configuration
 * @param result what it said at its end; empty before
 */
public record Run(String name, long steps, Curves curves, List<Sample> samples, List<Setting> settings, String result) {
    public Run {
        samples = List.copyOf(samples);
        settings = List.copyOf(settings);
    }

    /**
     * A key of the configuration.
     *
     * @param given whether the value is another than the default
     */
    public record Setting(String key, String value, String meaning, boolean given) {}
}
