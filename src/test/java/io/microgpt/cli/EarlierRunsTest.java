package io.microgpt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.microgpt.cli.Cli.Ended;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A training that goes on from another one's vocabulary, weights and data. */
class EarlierRunsTest {
    @TempDir
    private static Path shared;

    private static Path config;
    private static Path first;
    private static Path second;

    @TempDir
    private Path directory;

    @BeforeAll
    static void trainTheFirst() throws IOException {
        config = Files.writeString(shared.resolve("small.conf"), Cli.SMALL);
        Path names = Files.write(shared.resolve("a.txt"), words("ant", 1));
        second = Files.write(shared.resolve("b.txt"), words("abo", 2));
        first = shared.resolve("first");
        Cli.run("train", "--no-spark", "--config", config, "--data", names, "--out", first)
                .well();
    }

    /** {@return sixty words of these letters} */
    private static List<String> words(String letters, long seed) {
        Random random = new Random(seed);
        return random.ints(60, 2, 7).boxed().toList().stream()
                .map(length -> random.ints(length, 0, letters.length())
                        .mapToObj(i -> letters.substring(i, i + 1))
                        .collect(Collectors.joining()))
                .toList();
    }

    private Ended train(Path out, Object... more) {
        Object[] all = new Object[more.length + 6];
        Object[] begin = {"train", "--no-spark", "--config", config, "--out", out};
        System.arraycopy(begin, 0, all, 0, begin.length);
        System.arraycopy(more, 0, all, begin.length, more.length);
        return Cli.run(all);
    }

    @Test
    void vocabularyWeightsAndReplay() throws IOException {
        Path run = directory.resolve("second");
        Ended ended = train(
                        run,
                        "--data",
                        second,
                        "--set",
                        "data.vocabulary=" + first,
                        "--set",
                        "data.replay=" + first,
                        "--set",
                        "train.init-from=" + first)
                .well();
        assertThat(ended.out()).containsPattern("replayed data: test loss \\d\\.\\d{4}, perplexity \\d+\\.\\d{4}");
        assertThat(ended.err())
                .contains("25 % of the documents from")
                .contains("beginning with the weights of")
                .contains("step-00000012");
        assertThat(Files.readString(run.resolve("metrics.jsonl"))).contains("\"replay_test_loss\"");

        Cli.run("train", "--no-spark", "--resume", "--out", run).well();
        JsonNode evaluated = Cli.run("evaluate", "--no-spark", "--json", "--model", run)
                .well()
                .json();
        JsonNode older = Cli.run("evaluate", "--no-spark", "--json", "--model", run, "--data", first.resolve("dataset"))
                .well()
                .json();
        assertThat(evaluated.path("replayed").path("test").path("loss").asDouble())
                .isEqualTo(older.path("test").path("loss").asDouble());
        assertThat(Cli.run("evaluate", "--no-spark", "--model", run).well().out())
                .contains("replayed data ");

        Path onSpark = directory.resolve("spark");
        Ended same = Cli.run(
                        "train",
                        "--config",
                        run.resolve("config.conf"),
                        "--data",
                        run.resolve("dataset"),
                        "--out",
                        onSpark)
                .well();
        assertThat(same.sha256()).isEqualTo(ended.sha256());
    }

    /** The other run goes on; what this one began with stays the same, also where {@code --resume} began it. */
    @Test
    void whatItBeganWithIsKept() throws IOException {
        Path run = directory.resolve("run");
        Path data = first.resolve("dataset");
        Path other = directory.resolve("other");
        train(other, "--data", data, "--stop-at", 6).well();
        Object[] command = {"--resume", "--data", data, "--set", "train.init-from=" + other};
        train(run, append(command, "--stop-at", 3)).well();
        train(other, "--data", data, "--resume").well();

        Ended resumed = train(run, command).well();

        assertThat(Files.readString(run.resolve("config.conf"))).contains("other/checkpoints/step-00000006");
        assertThat(resumed.err()).doesNotContain("warning: ");
        assertThat(train(run, "--resume", "--data", data, "--set", "train.init-from=" + first)
                        .error())
                .contains("train.init-from is " + first + ", but " + run + " began with ")
                .contains("other/checkpoints/step-00000006; leave the key away");
        assertThat(train(first, "--resume", "--set", "train.init-from=" + other).error())
                .contains("began with random weights");
        train(run, "--resume", "--data", data).well(); // with another configuration file, which lacks the key
        assertThat(Files.readString(run.resolve("config.conf"))).contains("other/checkpoints/step-00000006");
    }

    private static Object[] append(Object[] arguments, Object... more) {
        return Stream.concat(Arrays.stream(arguments), Arrays.stream(more)).toArray();
    }

    @Test
    void anotherVocabularyIsRefused() {
        Ended replay = train(directory.resolve("x"), "--data", second, "--set", "data.replay=" + first);
        assertThat(replay.error())
                .contains(
                        "cannot be replayed with",
                        "'n' (U+006E), 't' (U+0074) only in the older",
                        "'b' (U+0062), 'o' (U+006F) only in the newer")
                .contains("Prepare the newer data with data.vocabulary = the older dataset");
        Ended weights = train(directory.resolve("y"), "--data", second, "--set", "train.init-from=" + first);
        assertThat(weights.error())
                .contains(
                        "train.init-from has another vocabulary than the dataset",
                        "'n' (U+006E), 't' (U+0074) only in the older");
        Ended words = train(
                directory.resolve("z"),
                "--data",
                second,
                "--set",
                "data.vocabulary=" + first,
                "--set",
                "data.tokenizer=word");
        assertThat(words.error()).contains("which is char; set data.tokenizer=char");
    }

    @Test
    void whatIsNotThereIsNamed() {
        assertThat(train(directory.resolve("x"), "--data", second, "--set", "data.replay=" + directory)
                        .error())
                .contains("data.replay is neither a prepared dataset nor a run with one in it");
        assertThat(train(directory.resolve("y"), "--data", second, "--set", "train.init-from=" + directory)
                        .error())
                .contains(directory.toString());
    }
}
