package io.microgpt.spark.complete;

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
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.apache.spark.util.LongAccumulator;
import scala.jdk.javaapi.CollectionConverters;

/**
 * How far a job is, from what Spark tells of its tasks: those that ended, and by their heartbeats those that run. Counted from the events
 * alone: the accumulator's own value is ahead of them, and a task that just ended would count twice.
 */
final class PartProgress extends SparkListener {
    private final String group;
    private final LongAccumulator rows;
    private final BitSet before;
    private final int parts;
    private final GenerateJob.Progress progress;
    private final Set<Integer> stages = new HashSet<>();
    private final BitSet ended = new BitSet();
    private final Map<Long, Long> running = new HashMap<>(); // rows so far, by task
    private long taken; // by tasks that ended
    private boolean closed;

    /**
     * @param group Spark's, of the job
     * @param rows that tasks took; named, or Spark does not tell of it
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
    public synchronized void onTaskStart(SparkListenerTaskStart start) {
        if (stages.contains(start.stageId())) {
            running.put(start.taskInfo().taskId(), 0L);
        }
    }

    @Override
    public synchronized void onTaskEnd(SparkListenerTaskEnd end) {
        if (stages.contains(end.stageId())) {
            running.remove(end.taskInfo().taskId());
            int partition = end.taskInfo().partitionId();
            if (end.reason() == Success$.MODULE$ && !before.get(partition)) {
                ended.set(partition);
                taken += CollectionConverters.asJava(end.taskInfo().accumulables()).stream()
                        .mapToLong(this::rows)
                        .sum();
            }
            tell();
        }
    }

    @Override
    public synchronized void onExecutorMetricsUpdate(SparkListenerExecutorMetricsUpdate update) {
        for (var task : CollectionConverters.asJava(update.accumUpdates())) {
            if (stages.contains((Integer) task._2())) {
                long soFar = CollectionConverters.asJava(task._4()).stream()
                        .mapToLong(this::rows)
                        .sum();
                running.replace((Long) task._1(), soFar); // if it has not ended since
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

    /** {@return what a task took, if this is where it says so} */
    private long rows(AccumulableInfo info) {
        return info.id() == rows.id() && info.update().isDefined()
                ? (Long) info.update().get()
                : 0;
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
        progress.at(taken + underWay, ended.cardinality(), parts);
    }
}
