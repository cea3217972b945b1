package io.microgpt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.microgpt.spark.LocalSpark;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The program as a user has it: arguments in, an exit code and two streams out. */
final class Cli {
    private static final Pattern LAST_LINE = Pattern.compile("step (\\d+) loss \\d+\\.\\d{4}"
            + " train perplexity (\\d+\\.\\d{4}) test perplexity (\\d+\\.\\d{4}|none) weights sha256 ([0-9a-f]{64})");

    /** A configuration that trains in a moment; 12 steps are two epochs and a bit. */
    static final String SMALL = """
            data { shards = 8, test-fraction = 0.2 }
            model { n-embd = 8, n-head = 2, n-layer = 1, block-size = 16 }
            schedule { warmup-steps = 4, base-lr = 0.02 }
            train { steps = 12, batch-size = 24, eval-every = 5, checkpoint-every = 5 }
            """;

    /**
     * How a command ended.
     *
     * @param code the exit code
     * @param out what it wrote to standard output
     * @param err what it wrote to standard error, logging included
     */
    record Ended(int code, String out, String err) {
        /** {@return this, after a check that all went well} */
        Ended well() {
            assertThat(code).as("exit code; standard error:%n%s", err).isZero();
            return this;
        }

        /** Checks that the command failed with this message alone, without a stack trace. */
        void failed(String message) {
            assertThat(error()).isEqualTo("error: " + message);
        }

        /** {@return the message of a failure, from "error:" to the end of standard error} */
        String error() {
            assertThat(code).as("exit code; standard error:%n%s", err).isEqualTo(1);
            assertThat(err).doesNotContain("\tat ", "Exception in", "java.lang.");
            assertThat(err).contains("error: ");
            return err.substring(err.indexOf("error: ")).strip();
        }

        String lastLine() {
            List<String> lines = out.lines().toList();
            return lines.get(lines.size() - 1);
        }

        String sha256() {
            return trained().group(4);
        }

        /** {@return the last line of a training: step, train perplexity, test perplexity, SHA-256} */
        Matcher trained() {
            Matcher matcher = LAST_LINE.matcher(lastLine());
            assertThat(matcher.matches()).as(lastLine()).isTrue();
            return matcher;
        }

        JsonNode json() {
            return Cli.json(out);
        }
    }

    private Cli() {}

    static Ended run(Object... arguments) {
        LocalSpark.configure();
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream capturedOut = new ByteArrayOutputStream();
        ByteArrayOutputStream capturedErr = new ByteArrayOutputStream();
        System.setOut(new PrintStream(capturedOut, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(capturedErr, true, StandardCharsets.UTF_8));
        int code;
        try {
            code = Main.run(Arrays.stream(arguments).map(Object::toString).toArray(String[]::new));
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
        return new Ended(
                code, capturedOut.toString(StandardCharsets.UTF_8), capturedErr.toString(StandardCharsets.UTF_8));
    }

    /** {@return so many lines of two or three short words} */
    static String sample(int lines, long seed) {
        Random random = new Random(seed);
        List<String> words = List.of("anna", "ben", "cleo", "dana", "ed", "hal", "ida", "a", "o");
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < lines; i++) {
            text.append(words.get(random.nextInt(words.size())))
                    .append(' ')
                    .append(words.get(random.nextInt(words.size())))
                    .append(random.nextBoolean() ? " " + words.get(random.nextInt(words.size())) : "")
                    .append('\n');
        }
        return text.toString();
    }

    static JsonNode json(String text) {
        try {
            return new ObjectMapper().readTree(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<JsonNode> jsonLines(Path file) {
        return read(file).lines().map(Cli::json).toList();
    }

    /** {@return the text of all part files of a directory, in their order} */
    static List<String> parts(Path directory, String ending) {
        try (Stream<Path> files = Files.list(directory)) {
            List<String> lines = new ArrayList<>();
            files.filter(file -> file.getFileName().toString().matches("part-.*\\." + ending))
                    .sorted()
                    .forEach(file -> lines.addAll(read(file).lines().toList()));
            return lines;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Path write(Path file, String text) {
        try {
            Files.createDirectories(file.getParent());
            return Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
