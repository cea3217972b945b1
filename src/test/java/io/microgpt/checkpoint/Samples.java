package io.microgpt.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.microgpt.model.GptConfig;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Random;
import java.util.TreeMap;

/** Small checkpoints, different for each step and seed. */
final class Samples {
    static final GptConfig MODEL = new GptConfig(7, 6, 2, 2, 5, 9);
    /** Bit patterns that careless code loses. */
    static final float[] SPECIAL = {
        0.0f,
        -0.0f,
        Float.MIN_VALUE,
        -Float.MIN_VALUE,
        Float.MIN_NORMAL - Float.MIN_VALUE,
        Float.MAX_VALUE,
        Float.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY,
        Float.NaN,
        Math.nextUp(1.0f)
    };

    private Samples() {}

    static Checkpoint checkpoint(long step) {
        return checkpoint(step, 1);
    }

    static Checkpoint checkpoint(long step, long seed) {
        return new Checkpoint(
                MODEL,
                floats(step * 31 + seed),
                floats(step * 37 + seed),
                floats(step * 41 + seed),
                state(step, seed),
                "{\"type\": \"char\",\n \"characters\": \"aé\uD83D\uDE00\u0000\"}",
                "{\"schedule\":{\"base-lr\":0.1,\"min-lr\":1.0E-8},\"train\":{\"seed\":" + seed + "}}");
    }

    static TrainerState state(long step, long seed) {
        TreeMap<String, List<Double>> memory = new TreeMap<>();
        memory.put("guard.losses", List.of(0.1 + 0.2, Double.NaN, -0.0, Double.MIN_VALUE, Double.NEGATIVE_INFINITY));
        memory.put("early-stop.patience", List.of());
        return new TrainerState(
                step,
                step * 16,
                step * 100,
                seed,
                "dataset",
                Optional.of("replayed"),
                "tokenizer",
                1.0 / 3 + step,
                OptionalDouble.of(Double.NaN),
                OptionalLong.of(step / 2),
                OptionalDouble.of(Math.nextDown(2.0)),
                memory);
    }

    private static float[] floats(long seed) {
        Random random = new Random(seed);
        float[] values = new float[MODEL.parameters()];
        for (int i = 0; i < values.length; i++) {
            values[i] = i % 13 == 5 ? SPECIAL[i / 13 % SPECIAL.length] : (float) random.nextGaussian() * 0.08f;
        }
        return values;
    }

    static void assertSame(Checkpoint actual, Checkpoint expected) {
        assertThat(actual.model()).isEqualTo(expected.model());
        assertThat(actual.state()).isEqualTo(expected.state());
        assertThat(actual.tokenizerJson()).isEqualTo(expected.tokenizerJson());
        assertThat(actual.configJson()).isEqualTo(expected.configJson());
        assertThat(bits(actual.weights())).isEqualTo(bits(expected.weights()));
        assertThat(bits(actual.firstMoment())).isEqualTo(bits(expected.firstMoment()));
        assertThat(bits(actual.secondMoment())).isEqualTo(bits(expected.secondMoment()));
    }

    static int[] bits(float[] values) {
        int[] bits = new int[values.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Float.floatToRawIntBits(values[i]);
        }
        return bits;
    }
}
