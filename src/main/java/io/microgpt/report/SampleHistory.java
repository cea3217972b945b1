package io.microgpt.report;

import io.microgpt.train.StepLog;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** Samples as a training went on, in bounded memory: of many evaluations every second, fourth, ... and the last. */
public final class SampleHistory {
    private static final int MOST = 16;

    private final List<Sample> kept = new ArrayList<>();
    private long seen;
    private long stride = 1;
    private Sample last;

    /**
     * {@return the samples of {@code samples.jsonl}}
     *
     * @throws java.io.UncheckedIOException if it is not there or cannot be read
     */
    public static SampleHistory read(Configuration hadoop, Path file) {
        SampleHistory history = new SampleHistory();
        StepLog.read(hadoop, file, line -> history.add(Sample.of(line)));
        return history;
    }

    void add(Sample sample) {
        if (seen % stride == 0) {
            kept.add(sample);
        }
        seen++;
        last = sample;
        if (kept.size() > MOST) {
            stride *= 2;
            List<Sample> some = new ArrayList<>();
            for (int i = 0; i < kept.size(); i += 2) {
                some.add(kept.get(i));
            }
            kept.clear();
            kept.addAll(some);
        }
    }

    /** {@return at most about twenty samples, by step; the last is always there} */
    public List<Sample> samples() {
        List<Sample> samples = new ArrayList<>(kept);
        if (last != null && samples.get(samples.size() - 1) != last) {
            samples.add(last);
        }
        return samples;
    }
}
