package io.microgpt.spark.training;

import static org.assertj.core.api.Assertions.assertThat;

import io.microgpt.spark.LocalSpark;
import io.microgpt.spark.SparkDefaults;
import io.microgpt.train.StepReport;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.OptionalDouble;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;

/** The last step as Prometheus reads it from the driver's UI. */
class TrainingMetricsTest {
    private static String metrics(SparkSession session) throws Exception {
        URI uri = URI.create(session.sparkContext().uiWebUrl().get() + "/metrics/prometheus/");
        return HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
                .body();
    }

    @Test
    void prometheusReadsTheLastStep() throws Exception {
        LocalSpark.session().stop();
        SparkConf conf = new SparkConf().set("spark.ui.enabled", "true").set("spark.ui.port", "0");
        SparkDefaults.addTo(conf);
        SparkSession session = SparkSession.builder().config(conf).getOrCreate();
        try {
            try (TrainingMetrics training = new TrainingMetrics()) {
                training.stepEnded(step(6, 2.5, 0.02, 1.5, OptionalDouble.of(2.75)));
                training.stepEnded(step(7, 2.25, 0.01, 1.25, OptionalDouble.empty()));
                assertThat(metrics(session))
                        .containsPattern("metrics_microgpt_driver_training_step_Value\\S* 7.0\n")
                        .containsPattern("metrics_microgpt_driver_training_loss_Value\\S* 2.25\n")
                        .containsPattern("metrics_microgpt_driver_training_test_loss_Value\\S* 2.75\n")
                        .containsPattern("metrics_microgpt_driver_training_lr_Value\\S* 0.01\n")
                        .containsPattern("metrics_microgpt_driver_training_grad_norm_Value\\S* 1.25\n")
                        .containsPattern("metrics_microgpt_driver_training_tokens_per_second_Value\\S* 7000.0\n")
                        .containsPattern("metrics_microgpt_driver_training_ms_gather_Value\\S* 15.0\n");
            }
            assertThat(metrics(session)).doesNotContain("training_loss");
        } finally {
            session.stop();
        }
    }

    private static StepReport step(long step, double loss, double rate, double norm, OptionalDouble testLoss) {
        OptionalDouble none = OptionalDouble.empty();
        return new StepReport(step, loss, rate, norm, 700, 100.0, 1.0, 80.0, 15.0, 4.0, testLoss, none);
    }
}
