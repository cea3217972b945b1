package io.microgpt.spark;

import java.util.Map;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/**
 * The Spark of the tests: two threads, no UI. One session serves all test classes of a JVM, until a command stops it at
 * its own end; the next who asks gets a new one. So ask every time, and keep none.
 */
public final class LocalSpark {
    static {
        // As system properties, where spark-submit leaves them too: the sessions that commands open read them.
        Map.of(
                        "spark.master", "local[2]",
                        "spark.app.name", "tests",
                        "spark.driver.host", "localhost",
                        "spark.driver.bindAddress", "127.0.0.1",
                        "spark.ui.enabled", "false",
                        // A few rows are read sooner than code is generated and compiled for them.
                        "spark.sql.codegen.wholeStage", "false",
                        "spark.sql.adaptive.enabled", "false",
                        "spark.sql.shuffle.partitions", "2",
                        "spark.sql.extensions", GptExtensions.class.getName())
                .forEach(System::setProperty);
    }

    private LocalSpark() {}

    /** Makes every session of this JVM from here on a local one. */
    public static void configure() {
        // Done by the class itself, once.
    }

    public static SparkSession session() {
        return SparkSession.builder().getOrCreate();
    }

    public static JavaSparkContext context() {
        return JavaSparkContext.fromSparkContext(session().sparkContext());
    }
}
