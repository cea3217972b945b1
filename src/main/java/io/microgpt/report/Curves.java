package io.microgpt.report;

import io.microgpt.train.LossSum;
import io.microgpt.train.MetricsLog;
import io.microgpt.train.StepReport;
import io.microgpt.train.Verdict;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** All that a picture shows of the steps of a run, in bounded memory however many there are. */
public final class Curves {
    /** Steps before an evaluation whose mean loss stands beside the test loss; one step alone is too noisy. */
    static final int WINDOW = 100;

    private final Map<Metric, Series> series = new EnumMap<>(Metric.class);
    private final Series trainAtEvaluation;
    private final double[] window = new double[WINDOW];
    private long inWindow;
    private StepReport last;
    private double testLoss = Double.NaN;
    private double trainLoss = Double.NaN;
    private double bestTestLoss = Double.NaN;
    private long bestStep;
    private long positions;
    private double millis;

    public Curves() {
        trainAtEvaluation = new Series();
        for (Metric metric : Metric.values()) {
            series.put(metric, new Series());
        }
    }

    private Curves(Curves other) {
        other.series.forEach((metric, values) -> series.put(metric, new Series(values)));
        trainAtEvaluation = new Series(other.trainAtEvaluation);
        System.arraycopy(other.window, 0, window, 0, WINDOW);
        inWindow = other.inWindow;
        last = other.last;
        testLoss = other.testLoss;
        trainLoss = other.trainLoss;
        bestTestLoss = other.bestTestLoss;
        bestStep = other.bestStep;
        positions = other.positions;
        millis = other.millis;
    }

    /** {@return these curves as they are, for another thread} */
    Curves copy() {
        return new Curves(this);
    }

    /**
     * {@return the curves of {@code metrics.jsonl}, which is read as a stream}
     *
     * @throws java.io.UncheckedIOException if it is not there or cannot be read
     */
    public static Curves read(Configuration hadoop, Path metrics) {
        Curves curves = new Curves();
        MetricsLog.read(hadoop, metrics, curves::add);
        return curves;
    }

    /** Adds a step. */
    public void add(StepReport report) {
        series.forEach((metric, values) -> values.add(report.step(), metric.of(report)));
        last = report;
        window[(int) (inWindow++ % WINDOW)] = report.loss();
        positions += report.positions();
        millis += Double.isFinite(report.millis()) ? report.millis() : 0.0;
        report.testLoss().stream().filter(Double::isFinite).forEach(loss -> evaluated(report.step(), loss));
    }

    private void evaluated(long step, double loss) {
        testLoss = loss;
        trainLoss = windowMean();
        trainAtEvaluation.add(step, trainLoss);
        if (!(bestTestLoss <= loss)) {
            bestTestLoss = loss;
            bestStep = step;
        }
    }

    /** In the order of the array, which a resumed run fills alike. */
    private double windowMean() {
        int n = (int) Math.min(inWindow, WINDOW);
        double sum = 0.0;
        for (int i = 0; i < n; i++) {
            sum += window[i];
        }
        return sum / n;
    }

    List<Series.Point> points(Metric metric) {
        return series.get(metric).points();
    }

    /** {@return mean train losses of the steps before each evaluation, at the steps of {@link Metric#TEST_LOSS}} */
    List<Series.Point> trainAtEvaluation() {
        return trainAtEvaluation.points();
    }

    /** {@return whether there is no step yet} */
    boolean isEmpty() {
        return last == null;
    }

    /** {@return the last step} */
    StepReport last() {
        return last;
    }

    /** {@return the last test loss; NaN before the first} */
    double testLoss() {
        return testLoss;
    }

    /** {@return the mean train loss of the steps before the last evaluation, or of the last ones where there was none} */
    double trainLoss() {
        return Double.isNaN(trainLoss) ? windowMean() : trainLoss;
    }

    /** {@return the lowest test loss; NaN before the first} */
    double bestTestLoss() {
        return bestTestLoss;
    }

    long bestStep() {
        return bestStep;
    }

    /** {@return mean speed of all steps, in predicted tokens a second} */
    double tokensPerSecond() {
        return positions / seconds();
    }

    long positions() {
        return positions;
    }

    /** {@return the time of the steps, without evaluations and checkpoints} */
    double seconds() {
        return millis * 1e-3;
    }

    /** {@return what the last evaluation says} */
    Verdict verdict() {
        return Verdict.of(of(trainLoss), of(testLoss));
    }

    private static LossSum of(double mean) {
        return new LossSum(mean, Double.isNaN(mean) ? 0 : 1, 1);
    }
}
