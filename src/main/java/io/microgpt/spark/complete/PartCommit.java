package io.microgpt.spark.complete;

import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.mapreduce.JobContext;
import org.apache.hadoop.mapreduce.TaskAttemptContext;
import org.apache.spark.internal.io.FileCommitProtocol;
import org.apache.spark.internal.io.FileNameSpec;
import scala.Option;
import scala.collection.immutable.Seq;

/**
 * How Spark's writers put files in their place: a partition's under a name that follows from its number, as soon as it is whole. So a job that
 * dies leaves behind what it had done. An attempt writes beside and renames; the first to be there stays, and since a partition has the
 * same rows in every attempt, it does not matter which.
 */
public final class PartCommit extends FileCommitProtocol implements Serializable {
    private static final long serialVersionUID = 1L;

    private static final String SUCCESS = "_SUCCESS";
    /** What is not whole yet; goes when the job ends. */
    static final String ATTEMPTS = ".attempts";

    private static final Pattern PART = Pattern.compile("part-(\\d{5,9})\\..*");
    /** Spark's count of the files of one task; here there is one. */
    private static final Pattern FILE_COUNT = Pattern.compile("^-c000");

    private final String job;
    private final String out;
    private transient Path attempt; // of this task, where it has a file
    private transient Path target;

    /** For Spark, which finds the class by its name. */
    public PartCommit(String job, String out) {
        this.job = job;
        this.out = out;
    }

    /** {@return the files that are there, by the numbers of their partitions} */
    static SortedMap<Integer, Path> finished(Configuration hadoop, Path out) throws IOException {
        SortedMap<Integer, Path> finished = new TreeMap<>();
        FileSystem fs = out.getFileSystem(hadoop);
        if (!fs.exists(out)) {
            return finished;
        }
        for (FileStatus file : fs.listStatus(out)) {
            Matcher part = PART.matcher(file.getPath().getName());
            if (part.matches()) {
                finished.put(Integer.parseInt(part.group(1)), file.getPath());
            }
        }
        return finished;
    }

    /** {@return whether all partitions are there} */
    static boolean succeeded(Configuration hadoop, Path out) throws IOException {
        return out.getFileSystem(hadoop).exists(new Path(out, SUCCESS));
    }

    @Override
    public void setupJob(JobContext context) {
        // What tasks need, they make.
    }

    @Override
    public void commitJob(JobContext context, Seq<TaskCommitMessage> messages) {
        try {
            FileSystem fs = fileSystem(context.getConfiguration());
            fs.delete(new Path(out, ATTEMPTS), true);
            fs.create(new Path(out, SUCCESS), true).close();
        } catch (IOException e) {
            throw storage(e);
        }
    }

    /** What is finished stays, for the next run to go on from. */
    @Override
    public void abortJob(JobContext context) {
        try {
            fileSystem(context.getConfiguration()).delete(attempts(), true);
        } catch (IOException e) {
            throw storage(e);
        }
    }

    @Override
    public void setupTask(TaskAttemptContext context) {
        attempt = null;
    }

    @Override
    public String newTaskTempFile(TaskAttemptContext context, Option<String> directory, FileNameSpec name) {
        if (attempt != null || directory.isDefined()) {
            throw new IllegalStateException("a partition is written as one file, in no directory of its own");
        }
        String file = "part-%05d%s"
                .formatted(
                        context.getTaskAttemptID().getTaskID().getId(),
                        FILE_COUNT.matcher(name.suffix()).replaceFirst(""));
        target = new Path(out, file);
        // Its own name at the end, because writers tell by it how to compress.
        attempt = new Path(
                new Path(attempts(), Integer.toString(context.getTaskAttemptID().getId())), file);
        return attempt.toString();
    }

    @Override
    public TaskCommitMessage commitTask(TaskAttemptContext context) {
        if (attempt != null) {
            try {
                FileSystem fs = fileSystem(context.getConfiguration());
                if (!fs.exists(target) && !fs.rename(attempt, target) && !fs.exists(target)) {
                    throw new IOException("cannot be renamed to " + target);
                }
                fs.delete(attempt.getParent(), true);
            } catch (IOException e) {
                throw new UncheckedIOException(attempt + ": " + e.getMessage(), e);
            }
        }
        return new TaskCommitMessage(null);
    }

    @Override
    public void abortTask(TaskAttemptContext context) {
        if (attempt != null) {
            try {
                fileSystem(context.getConfiguration()).delete(attempt.getParent(), true);
            } catch (IOException e) {
                throw storage(e);
            }
        }
    }

    private Path attempts() {
        return new Path(new Path(out, ATTEMPTS), job);
    }

    private FileSystem fileSystem(Configuration hadoop) throws IOException {
        return new Path(out).getFileSystem(hadoop);
    }

    private UncheckedIOException storage(IOException e) {
        return new UncheckedIOException(out + ": " + e.getMessage(), e);
    }
}
