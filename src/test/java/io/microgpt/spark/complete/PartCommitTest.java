package io.microgpt.spark.complete;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.mapred.JobConf;
import org.apache.hadoop.mapreduce.JobID;
import org.apache.hadoop.mapreduce.TaskAttemptContext;
import org.apache.hadoop.mapreduce.TaskAttemptID;
import org.apache.hadoop.mapreduce.TaskID;
import org.apache.hadoop.mapreduce.TaskType;
import org.apache.hadoop.mapreduce.task.JobContextImpl;
import org.apache.hadoop.mapreduce.task.TaskAttemptContextImpl;
import org.apache.spark.internal.io.FileCommitProtocol.TaskCommitMessage;
import org.apache.spark.internal.io.FileNameSpec;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import scala.Option;
import scala.jdk.javaapi.CollectionConverters;

/** Attempts of one task that overlap: retries, speculative copies, and tasks of a driver that died. */
class PartCommitTest {
    private static final FileNameSpec NAME = new FileNameSpec("", "-c000.json");

    @TempDir
    private Path directory;

    private Path out;

    @BeforeEach
    void nameOutput() {
        out = directory.resolve("out");
    }

    @Test
    void firstAttemptThatIsWholeStays() throws Exception {
        Attempt slow = new Attempt("job", 17, 1);
        Attempt fast = new Attempt("job", 17, 2);
        slow.write("slow");
        fast.write("fast");
        assertThat(out.resolve("part-00017.json")).doesNotExist();

        fast.commit();
        slow.commit();

        assertThat(out.resolve("part-00017.json")).hasContent("fast");
        assertThat(PartCommit.finished(new Configuration(), hadoop(out))).containsOnlyKeys(17);
    }

    @Test
    void attemptThatFailsLeavesNothing() throws Exception {
        Attempt attempt = new Attempt("job", 3, 1);
        attempt.write("half");

        attempt.commit.abortTask(attempt.context);
        attempt.commit.abortJob(attempt.context);

        assertThat(PartCommit.finished(new Configuration(), hadoop(out))).isEmpty();
        assertThat(out.resolve(".attempts")).isEmptyDirectory();
    }

    @Test
    void jobThatFailsKeepsItsPartsAndOneThatEndsClearsUp() throws Exception {
        Attempt first = new Attempt("died", 0, 1);
        first.write("zero");
        first.commit();
        new Attempt("died", 1, 2).write("half");
        Attempt second = new Attempt("next", 1, 1);
        second.write("one");
        second.commit();
        assertThat(PartCommit.succeeded(new Configuration(), hadoop(out))).isFalse();

        second.commit.commitJob(
                new JobContextImpl(new JobConf(), new JobID("next", 0)),
                CollectionConverters.asScala(List.<TaskCommitMessage>of()).toSeq());

        assertThat(PartCommit.succeeded(new Configuration(), hadoop(out))).isTrue();
        assertThat(out.resolve("part-00000.json")).hasContent("zero");
        assertThat(out.resolve("part-00001.json")).hasContent("one");
        assertThat(out.resolve(".attempts")).doesNotExist();
    }

    private static org.apache.hadoop.fs.Path hadoop(Path path) {
        return new org.apache.hadoop.fs.Path(path.toString());
    }

    /** One attempt at a partition, as Spark's writers make it. */
    private final class Attempt {
        private final PartCommit commit;
        private final TaskAttemptContext context;

        Attempt(String job, int partition, int number) {
            commit = new PartCommit(job, out.toString());
            context = new TaskAttemptContextImpl(
                    new JobConf(), new TaskAttemptID(new TaskID(new JobID(job, 0), TaskType.MAP, partition), number));
            commit.setupTask(context);
        }

        void write(String text) throws Exception {
            Path file = Path.of(commit.newTaskTempFile(context, Option.empty(), NAME));
            Files.createDirectories(file.getParent());
            Files.writeString(file, text);
        }

        void commit() {
            commit.commitTask(context);
        }
    }
}
