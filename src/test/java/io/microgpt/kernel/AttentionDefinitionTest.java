package io.microgpt.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Both kernels against what attention is: in float64 as far as float32 goes, and in plain loops to the last bit. */
class AttentionDefinitionTest {
    private final Kernels scalar = KernelProvider.scalar();
    private final Kernels vector =
            KernelProvider.choose(KernelProvider.Choice.VECTOR).kernels();

    private static double[][] rows(float[] x, int n) {
        double[][] rows = new double[x.length / n][n];
        for (int i = 0; i < x.length; i++) {
            rows[i / n][i % n] = x[i];
        }
        return rows;
    }

    private static double dot(double[] x, double[] y) {
        double sum = 0.0;
        for (int i = 0; i < x.length; i++) {
            sum += x[i] * y[i];
        }
        return sum;
    }

    private static void addScaled(double[] y, double factor, double[] x) {
        for (int i = 0; i < x.length; i++) {
            y[i] += factor * x[i];
        }
    }

    /** Values about one, scores of a few. */
    private static float[] tamed(float[] x) {
        float[] result = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            result[i] = (float) Math.sin(x[i]);
        }
        return result;
    }

    private static double keeps(AttentionCase c, long[] keys, int t, int s) {
        if (keys == null) {
            return 1.0;
        }
        return DropoutHash.number(keys[c.head() * c.length() + t], s) - 1.0 < (double) c.rate()
                ? 0.0
                : 1.0 / (1.0 - c.rate());
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1, 0",
        "3, 7, 5",
        "4, 16, 0",
        "5, 13, 12",
        "17, 17, 1",
        "16, 48, 15",
        "32, 64, 0",
        "8, 65, 9",
        "5, 100, 3",
        "4, 130, 7"
    })
    void inDoublePrecision(int size, int length, int start) {
        for (int seed = 1; seed < 8; seed += 3) { // scales of a half
            AttentionCase c = AttentionCase.of(size, start, length, seed);
            float[][] inputs = new float[4][];
            for (int i = 0; i < 4; i++) {
                inputs[i] = tamed(c.rows(i, false));
            }
            double[][] q = rows(inputs[0], size);
            double[][] k = rows(inputs[1], size);
            double[][] v = rows(inputs[2], size);
            double[][] g = rows(inputs[3], size);
            double[][] out = new double[length][size];
            double[][] dQ = new double[length][size];
            double[][] dK = new double[length][size];
            double[][] dV = new double[length][size];
            long[] keys = c.keys();
            for (int t = 0; t < length; t++) {
                double[] p = new double[t + 1];
                for (int s = 0; s <= t; s++) {
                    p[s] = Math.exp(c.scale() * dot(q[t], k[s]));
                }
                double sum = Arrays.stream(p).sum();
                double[] dP = new double[t + 1];
                for (int s = 0; s <= t; s++) {
                    p[s] /= sum;
                    addScaled(out[t], p[s] * keeps(c, keys, t, s), v[s]);
                    addScaled(dV[s], p[s] * keeps(c, keys, t, s), g[t]);
                    dP[s] = keeps(c, keys, t, s) * dot(g[t], v[s]);
                }
                double mean = dot(p, dP);
                for (int s = 0; s <= t; s++) {
                    double dScore = c.scale() * p[s] * (dP[s] - mean);
                    addScaled(dQ[t], dScore, k[s]);
                    addScaled(dK[s], dScore, q[t]);
                }
            }
            for (Kernels kernels : List.of(scalar, vector)) {
                AttentionCase.Results results = c.run(kernels, inputs[0], inputs[1], inputs[2], inputs[3]);
                near(results.out(), out, "result, %s, %s", c, kernels.name());
                near(results.dQ(), dQ, "queries, %s, %s", c, kernels.name());
                near(results.dK(), dK, "keys, %s, %s", c, kernels.name());
                near(results.dV(), dV, "values, %s, %s", c, kernels.name());
            }
        }
    }

    private static void near(float[] actual, double[][] expected, String description, Object... arguments) {
        for (int i = 0; i < actual.length; i++) {
            int n = expected[0].length;
            assertThat((double) actual[i])
                    .as(description, arguments)
                    .isCloseTo(expected[i / n][i % n], within(2e-5 * Math.max(1.0, Math.abs(expected[i / n][i % n]))));
        }
    }

    /** The order of every sum: ascending, but for the virtual lanes of softmax and of its backward pass. */
    @ParameterizedTest
    @CsvSource({"1, 1, 0", "4, 7, 3", "5, 16, 9", "16, 17, 0", "17, 33, 15", "3, 65, 6", "4, 100, 2"})
    void inPlainLoops(int size, int length, int start) {
        for (int seed = 0; seed < 4; seed++) {
            AttentionCase c = AttentionCase.of(size, start, length, seed).with(seed > 1, true);
            AttentionCase.Results expected = plain(c);
            for (Kernels kernels : List.of(scalar, vector)) {
                c.run(kernels, false).same(expected, "%s, %s", c, kernels.name());
            }
        }
    }

    private AttentionCase.Results plain(AttentionCase c) {
        int n = c.size();
        float[] q = c.rows(0, false);
        float[] k = c.rows(1, false);
        float[] v = c.rows(2, false);
        float[] g = c.rows(3, false);
        float[] out = new float[q.length];
        float[] dQ = new float[q.length];
        float[] dK = new float[q.length];
        float[] dV = new float[q.length];
        float[] weights = new float[c.length() * c.length()];
        long[] keys = c.keys();
        for (int t = 0; t < c.length(); t++) {
            float[] p = new float[t + 1];
            float[] dP = new float[t + 1];
            for (int s = 0; s <= t; s++) {
                for (int d = 0; d < n; d++) {
                    p[s] = Math.fma(k[s * n + d], q[t * n + d], p[s]);
                    dP[s] = Math.fma(v[s * n + d], g[t * n + d], dP[s]);
                }
                p[s] *= c.scale();
            }
            float factor = 1.0f / scalar.expSum(p, 0, t + 1, scalar.max(p, 0, t + 1));
            float[] lanes = new float[Kernels.LANES];
            for (int s = 0; s <= t; s++) {
                p[s] *= factor;
                weights[t * c.length() + s] = p[s];
                dP[s] = kept(c, keys, t, s, dP[s]);
                lanes[s % Kernels.LANES] = Math.fma(p[s], dP[s], lanes[s % Kernels.LANES]);
            }
            float dot = Lanes.fold(lanes);
            for (int s = 0; s <= t; s++) {
                float dScore = p[s] * (dP[s] - dot) * c.scale();
                float weight = kept(c, keys, t, s, p[s]);
                for (int d = 0; d < n; d++) {
                    out[t * n + d] = Math.fma(v[s * n + d], weight, out[t * n + d]);
                    dQ[t * n + d] = Math.fma(k[s * n + d], dScore, dQ[t * n + d]);
                    dK[s * n + d] = Math.fma(q[t * n + d], dScore, dK[s * n + d]);
                    dV[s * n + d] = Math.fma(g[t * n + d], weight, dV[s * n + d]);
                }
            }
        }
        return new AttentionCase.Results(out, dQ, dK, dV, weights);
    }

    private static float kept(AttentionCase c, long[] keys, int t, int s, float x) {
        if (keys == null) {
            return x;
        }
        return DropoutHash.number(keys[c.head() * c.length() + t], s) < DropoutHash.bound(c.rate())
                ? 0.0f
                : x * DropoutHash.scale(c.rate());
    }
}
