package io.microgpt.spark;

import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.apache.spark.Success$;
import org.apache.spark.scheduler.AccumulableInfo;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorMetricsUpdate;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.apache.spark.scheduler.SparkListenerStageCompleted;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.util.LongAccumulator;
import scala.jdk.javaapi.CollectionConverters;

/** How far a job is, from what Spark tells of its tasks: those that ended, and by their heartbeats those that run. */
final class PartProgress extends SparkListener {
    private final String group;
    private final LongAccumulator rows;
    private final BitSet before;
    private final int parts;
    private final GenerateJob.Progress progress;
    private final Set<Integer> stages = new HashSet<>();
    private final BitSet ended = new BitSet();
    private final Map<Long, Long> running = new HashMap<>(); // rows so far, by task
    private boolean closed;

    /**
     * @param group Spark's, of the job
     * @param rows that tasks took
     * @param before partitions that were finished before the job
     * @param parts that it has to do
     */
    PartProgress(String group, LongAccumulator rows, BitSet before, int parts, GenerateJob.Progress progress) {
        this.group = group;
        this.rows = rows;
        this.before = before;
        this.parts = parts;
        this.progress = progress;
    }

    @Override
    public synchronized void onJobStart(SparkListenerJobStart start) {
        if (start.properties() != null && group.equals(start.properties().getProperty("spark.jobGroup.id"))) {
            CollectionConverters.asJava(start.stageIds()).forEach(id -> stages.add((Integer) id));
        }
    }

    @Override
    public synchronized void onTaskEnd(SparkListenerTaskEnd end) {
        if (stages.contains(end.stageId())) {
            running.remove(end.taskInfo().taskId());
            int partition = end.taskInfo().partitionId();
            if (end.reason() == Success$.MODULE$ && !before.get(partition)) {
                ended.set(partition);
            }
            tell();
        }
    }

    @Override
    public synchronized void onExecutorMetricsUpdate(SparkListenerExecutorMetricsUpdate update) {
        for (var task : CollectionConverters.asJava(update.accumUpdates())) {
            if (stages.contains((Integer) task._2())) {
                for (AccumulableInfo info : CollectionConverters.asJava(task._4())) {
                    if (info.id() == rows.id() && info.update().isDefined()) {
                        running.put((Long) task._1(), (Long) info.update().get());
                    }
                }
            }
        }
        if (!running.isEmpty()) {
            tell();
        }
    }

    @Override
    public synchronized void onStageCompleted(SparkListenerStageCompleted completed) {
        running.clear(); // were an event ever lost, it would not matter for long
    }

    /** Tells a last time, that all is done; nothing after it. */
    synchronized void finish() {
        closed = true;
        progress.at(rows.value(), parts, parts);
    }

    private void tell() {
        if (closed || ended.cardinality() == parts) { // of the end, finish tells
            return;
        }
        long underWay = running.values().stream().mapToLong(Long::longValue).sum();
        progress.at(rows.value() + underWay, ended.cardinality(), parts);
    }
}
