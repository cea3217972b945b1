package io.microgpt.cli;

import org.apache.spark.sql.SparkSession;

/** The Spark session of a command, opened when it is first needed. */
final class Sessions implements AutoCloseable {
    private final String application;
    private SparkSession session;

    Sessions(String application) {
        this.application = application;
    }

    SparkSession spark() {
        if (session == null) {
            session = SparkSessions.open(application);
        }
        return session;
    }

    @Override
    public void close() {
        if (session != null) {
            session.stop();
            session = null;
        }
    }
}
