package io.microgpt.cli;

import io.microgpt.spark.training.ClusterWatch;
import java.util.concurrent.Callable;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/** The Spark session of a command, opened when it is first needed, and the watch over it. */
final class Sessions implements AutoCloseable {
    private final String application;
    private final Terminal terminal;
    private SparkSession session;
    private ClusterWatch watch;

    Sessions(String application, Terminal terminal) {
        this.application = application;
        this.terminal = terminal;
    }

    /** {@return the session; its jobs are watched with the patience of these settings} */
    SparkSession spark(Settings settings) {
        if (session == null) {
            session = SparkSessions.open(application);
            watch = new ClusterWatch(
                    session.sparkContext(),
                    settings.integer(ConfigKey.ENGINE_PATIENCE),
                    terminal::warn,
                    StandaloneMasters::trouble);
        }
        return session;
    }

    JavaSparkContext context(Settings settings) {
        return JavaSparkContext.fromSparkContext(spark(settings).sparkContext());
    }

    ClusterWatch watch(Settings settings) {
        spark(settings);
        return watch;
    }

    /**
     * {@return what the work gives} A Spark that stops underneath it does not leave it waiting, and of what fails the first cause is told.
     *
     * @param what it is, for a person
     */
    <R> R watched(String what, Settings settings, Callable<R> work) throws Exception {
        return watch(settings).over(what, work);
    }

    @Override
    public void close() {
        if (session != null) {
            watch.close();
            session.stop();
            session = null;
        }
    }
}
