package io.microgpt.model;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The model again, in float64 and in plain loops, written from the formulas of the specification and sharing nothing with the
 * engine but the layout. Slow.
 */
final class DoubleGpt {
    private final GptConfig config;
    private final ParameterLayout layout;
    private final double[] weights;

    /** By what an element is multiplied: zero where it is dropped. Places are heads, then the branches of attention and MLP. */
    interface Mask {
        Mask NONE = (layer, place, position, column) -> 1.0;

        double at(int layer, int place, int position, int column);
    }

    DoubleGpt(GptConfig config, double[] weights) {
        this.config = config;
        this.layout = new ParameterLayout(config);
        this.weights = weights;
    }

    /** {@return the loss of all documents, summed over positions, with label smoothing {@code a}} */
    double loss(List<int[]> documents, double a) {
        return loss(documents, a, Mask.NONE);
    }

    /** {@return the same with dropout} */
    double loss(List<int[]> documents, double a, Mask mask) {
        double sum = 0.0;
        for (int[] document : documents) {
            double[][] logits = logits(Arrays.copyOf(document, document.length - 1), mask);
            for (int t = 0; t < logits.length; t++) {
                double[] logProbabilities = logSoftmax(logits[t]);
                double mean = Arrays.stream(logProbabilities).average().orElseThrow();
                sum -= (1.0 - a) * logProbabilities[document[t + 1]] + a * mean;
            }
        }
        return sum;
    }

    /** {@return the logits after every token} */
    double[][] logits(int[] tokens) {
        return logits(tokens, Mask.NONE);
    }

    private double[][] logits(int[] tokens, Mask mask) {
        int e = config.nEmbd();
        double[][] x = new double[tokens.length][e];
        for (int t = 0; t < tokens.length; t++) {
            for (int i = 0; i < e; i++) {
                x[t][i] = at(layout.wte(), tokens[t], i) + at(layout.wpe(), t, i);
            }
            x[t] = rms(x[t]);
        }
        for (int l = 0; l < config.nLayer(); l++) {
            ParameterLayout.Layer layer = layout.layer(l);
            double[][] attended = attention(l, x, mask);
            for (int t = 0; t < x.length; t++) {
                x[t] = plus(x[t], masked(times(layer.wo(), attended[t]), mask, l, config.nHead(), t));
                double[] hidden = times(layer.fc1(), rms(x[t]));
                double[] active =
                        Arrays.stream(hidden).map(value -> Math.max(value, 0.0)).toArray();
                x[t] = plus(x[t], masked(times(layer.fc2(), active), mask, l, config.nHead() + 1, t));
            }
        }
        double[][] logits = new double[x.length][];
        for (int t = 0; t < x.length; t++) {
            logits[t] = times(layout.lmHead(), x[t]);
        }
        return logits;
    }

    private static double[] masked(double[] y, Mask mask, int layer, int place, int position) {
        return IntStream.range(0, y.length)
                .mapToDouble(i -> y[i] * mask.at(layer, place, position, i))
                .toArray();
    }

    private double[][] attention(int l, double[][] x, Mask mask) {
        ParameterLayout.Layer layer = layout.layer(l);
        int n = x.length;
        int size = config.headSize();
        double[][] out = new double[n][config.nEmbd()];
        double[][] q = new double[n][];
        double[][] k = new double[n][];
        double[][] v = new double[n][];
        for (int t = 0; t < n; t++) {
            double[] h = rms(x[t]);
            q[t] = times(layer.wq(), h);
            k[t] = times(layer.wk(), h);
            v[t] = times(layer.wv(), h);
        }
        for (int head = 0; head < config.nHead(); head++) {
            int from = head * size;
            for (int t = 0; t < n; t++) {
                double[] scores = new double[t + 1];
                for (int s = 0; s <= t; s++) {
                    for (int i = from; i < from + size; i++) {
                        scores[s] += q[t][i] * k[s][i] / Math.sqrt(size);
                    }
                }
                double[] logProbabilities = logSoftmax(scores);
                for (int s = 0; s <= t; s++) {
                    double weight = Math.exp(logProbabilities[s]) * mask.at(l, head, t, s);
                    for (int i = from; i < from + size; i++) {
                        out[t][i] += weight * v[s][i];
                    }
                }
            }
        }
        return out;
    }

    private double at(ParameterLayout.Matrix matrix, int row, int column) {
        return weights[matrix.offset() + row * matrix.columns() + column];
    }

    private double[] times(ParameterLayout.Matrix matrix, double[] x) {
        double[] y = new double[matrix.rows()];
        for (int row = 0; row < y.length; row++) {
            for (int column = 0; column < x.length; column++) {
                y[row] += at(matrix, row, column) * x[column];
            }
        }
        return y;
    }

    private static double[] plus(double[] x, double[] y) {
        double[] sum = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            sum[i] = x[i] + y[i];
        }
        return sum;
    }

    private static double[] rms(double[] x) {
        double mean = Arrays.stream(x).map(value -> value * value).sum() / x.length;
        return Arrays.stream(x).map(value -> value / Math.sqrt(mean + 1e-5)).toArray();
    }

    private static double[] logSoftmax(double[] z) {
        double max = Arrays.stream(z).max().orElseThrow();
        double logSum = max
                + Math.log(Arrays.stream(z).map(value -> Math.exp(value - max)).sum());
        return Arrays.stream(z).map(value -> value - logSum).toArray();
    }
}
