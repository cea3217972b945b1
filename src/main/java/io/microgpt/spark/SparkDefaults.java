package io.microgpt.spark;

import org.apache.spark.SparkConf;
import org.apache.spark.util.Utils;

/** What this program wants of Spark where neither spark-submit nor its files say otherwise. */
public final class SparkDefaults {
    private SparkDefaults() {}

    public static void addTo(SparkConf conf) {
        conf.setIfMissing("spark.ui.showConsoleProgress", "false");
        conf.setIfMissing("spark.driver.maxResultSize", "0"); // a step's gradients are as large as they are
        // Float bits do not compress, and TCP has checksums of its own.
        conf.setIfMissing("spark.broadcast.compress", "false");
        conf.setIfMissing("spark.broadcast.checksum", "false");
        // The shards of a lost executor are read again at once, instead of waiting for it.
        conf.setIfMissing("spark.locality.wait", "0");
        if (Utils.isLocalMaster(conf)) { // a task that is out of memory fails, and whoever waits for it tells why
            conf.setIfMissing("spark.executor.killOnFatalError.depth", "0"); // instead of a System.exit without a word
        }
        // The driver's UI gives the metrics to Prometheus, under names that do not change with the application.
        conf.setIfMissing(
                "spark.metrics.conf.driver.sink.prometheusServlet.class",
                "org.apache.spark.metrics.sink.PrometheusServlet");
        conf.setIfMissing("spark.metrics.conf.driver.sink.prometheusServlet.path", "/metrics/prometheus");
        conf.setIfMissing("spark.metrics.namespace", "microgpt");
        // Bulk goes as Externalizable blocks, which Kryo does not know, and records do not pass it.
        conf.set("spark.serializer", "org.apache.spark.serializer.JavaSerializer");
    }
}
