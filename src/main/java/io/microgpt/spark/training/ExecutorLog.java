package io.microgpt.spark.training;

import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.config.Configurator;

/**
 * The log that Spark keeps of an executor. At its default level INFO it takes a line or more for every task and every block, some kilobytes a
 * step: for a training of weeks, the disk. {@code spark.executor.syncLogLevel.enabled} would be the way, but Spark 4.1 configures the
 * executor's log once more after it has taken the driver's level over.
 */
final class ExecutorLog {
    private static final String[] LINE_A_TASK = {
        "org.apache.spark.executor",
        "org.apache.spark.storage",
        "org.apache.spark.broadcast",
        "org.apache.spark.MapOutputTracker"
    };

    private ExecutorLog() {}

    /** In a task: leaves out what is said of every task and block; who asked for more than INFO, or less, has it. */
    static void withoutTasks() {
        for (String name : LINE_A_TASK) {
            if (LogManager.getLogger(name).getLevel() == Level.INFO) {
                Configurator.setLevel(name, Level.WARN);
            }
        }
    }
}
