package io.microgpt.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsProblemsTest {
    @Test
    void unknownKeyIsNamedWithItsLineAndWhatWasMeant() {
        assertThat(problems("# a\nmodel {\n  n-embed = 3\n}"))
                .containsExactly(
                        "unknown configuration key `model.n-embed` in conf/x.conf:3; did you mean `model.n-embd`?");
        assertThat(problems("", "model.n-embed=3"))
                .containsExactly("unknown configuration key `model.n-embed` in --set model.n-embed=3;"
                        + " did you mean `model.n-embd`?");
        assertThat(problems("\"optimizer.beta1\" = 0.9"))
                .containsExactly("unknown configuration key `\"optimizer.beta1\"` in conf/x.conf:1;"
                        + " did you mean `optimizer.beta1`?");
    }

    @Test
    void unknownGroupIsOneProblem() {
        assertThat(problems("optimiser { beta1 = 0.9, beta2 = 0.9 }\nspark {}"))
                .containsExactly(
                        "unknown configuration group `optimiser` in conf/x.conf:1; did you mean `optimizer`?",
                        "unknown configuration group `spark` in conf/x.conf:2; the groups of keys are `data`, `model`,"
                                + " `optimizer`, `schedule`, `train`, `guard`, `engine`, `generate`");
    }

    @Test
    void groupIsNoKeyAndKeyIsNoGroup() {
        assertThat(problems("model = 5\ntrain.steps { a = 1 }\ntrain.seed = [1]", "data=x"))
                .containsExactly(
                        "`model` in conf/x.conf:1 is a group of keys, not a key;"
                                + " set one of them, such as `model.n-embd`",
                        "`train.steps` in conf/x.conf:2 is an object; give it one value: integer >= 1",
                        "`train.seed` in conf/x.conf:3 is a list; give it one value: integer of 64 bits",
                        "`data` in --set data=x is a group of keys, not a key; set one of them, such as `data.path`");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            train.steps               | abc                 | must be an integer >= 1
            train.steps               | 1.5                 | must be an integer >= 1
            train.steps               | 0                   | must be an integer of at least 1
            train.steps               | 3000000000          | must be an integer of at most 2147483647
            train.steps               | 1e999999999         | must be an integer of at most 2147483647
            train.steps               | 1e99999999999       | must be an integer >= 1
            data.shards               | 65537               | must be an integer of at most 65536
            data.shards               | many                | must be an integer in [1, 65536]
            train.seed                | 9223372036854775808 | must be an integer of 64 bits
            train.seed                | 1e-999999999        | must be an integer of 64 bits
            optimizer.beta1           | 1                   | must be a number in [0, 1)
            optimizer.beta1           | -0.1                | must be a number in [0, 1)
            generate.top-p            | 0                   | must be a number in (0, 1]
            optimizer.epsilon         | 0                   | must be a number > 0
            optimizer.epsilon         | NaN                 | must be a number > 0
            schedule.base-lr          | Infinity            | must be a number > 0
            schedule.base-lr          | 1e400               | is too large; the largest number is 1.7976931348623157E308
            optimizer.bias-correction | maybe               | must be true or false
            data.tokenizer            | Char                | must be one of `char`, `word`, `bpe`; did you mean `char`?
            data.over-length          | cut                 | must be one of `chunk`, `truncate`
            """)
    void valueThatIsNotAllowedIsNamedWithWhatIs(String key, String value, String reason) {
        assertThat(problems("\n" + key + " = " + value))
                .containsExactly("`" + key + "` = " + value + " in conf/x.conf:2 " + reason);
        assertThat(problems("", key + "=" + value))
                .containsExactly("`" + key + "` = " + value + " in --set " + key + "=" + value + " " + reason);
    }

    @ParameterizedTest
    @ValueSource(strings = {"model = {", "model.", "model = [", "model = ${"})
    void nestingWithoutAnEndIsNamed(String level) {
        assertThat(problems(level.repeat(100_000)))
                .singleElement()
                .asString()
                .startsWith("malformed configuration in conf/x.conf");
    }

    @Test
    void listOfTextsThatIsNoneIsNamed() {
        assertThat(problems("generate.stop = [[a]]\ngenerate.stop { a = 1 }", "generate.stop=[a", "generate.stop="))
                .containsExactly(
                        "`generate.stop` in conf/x.conf:2 is an object; give it one value: list of texts",
                        "`generate.stop` = [a in --set generate.stop=[a must be a list of texts such as [\"\\n\", \"END\"]",
                        "`generate.stop` = \"\" in --set generate.stop= has an empty text; leave it out");
        assertThat(problems("generate.stop = [[a]]"))
                .containsExactly(
                        "`generate.stop` = [[\"a\"]] in conf/x.conf:1 must be a list of texts such as [\"\\n\","
                                + " \"END\"]");
        assertThat(problems("", "generate.stop=" + "[".repeat(100_000)))
                .singleElement()
                .asString()
                .endsWith("must be a list of texts such as [\"\\n\", \"END\"]");
    }

    /** Of a million digits, the conversion would take minutes. */
    @Test
    void numberOfAMillionDigitsIsNoNumber() {
        assertThat(problems("train.seed = \"" + "7".repeat(1_000_000) + "\""))
                .singleElement()
                .asString()
                .endsWith("777 in conf/x.conf:1 must be an integer of 64 bits");
    }

    @Test
    void blankTextIsRefused() {
        assertThat(problems("data.path = \"\"", "data.column= ", "train.steps="))
                .containsExactly(
                        "`data.path` = \"\" in conf/x.conf:1 is blank; give it a value or leave the key out",
                        "`data.column` = \" \" in --set data.column=  is blank; give it a value or leave the key out",
                        "`train.steps` = \"\" in --set train.steps= must be an integer >= 1");
    }

    @Test
    void overrideIsCheckedToo() {
        assertThatThrownBy(() -> Settings.builder()
                        .override(ConfigKey.GENERATE_TOP_K, -1, "--top-k")
                        .build())
                .hasMessage("`generate.top-k` = -1 in --top-k must be an integer of at least 0");
    }

    @Test
    void assignmentNeedsAnEqualsSign() {
        assertThat(problems("", "train.steps"))
                .containsExactly("malformed --set train.steps: write it as --set key=value");
        assertThat(problems("", "=3").get(0))
                .startsWith("unknown configuration key `` in --set =3; the groups of keys are");
    }

    @Test
    void malformedTextIsNamedWithItsLine() {
        assertThat(problems("model {\n  n-embd = 3\n", "train.stepz=1"))
                .containsExactly(
                        "malformed configuration in conf/x.conf:3:"
                                + " expecting a close parentheses ')' here, not: end of file",
                        "unknown configuration key `train.stepz` in --set train.stepz=1; did you mean `train.steps`?");
        assertThat(problems("data.path = hdfs://a:1/x").get(0))
                .startsWith("malformed configuration in conf/x.conf:1: ")
                .contains("try enclosing the key or value in double quotes")
                .doesNotContain(".properties");
        assertThat(problems("\ntrain.steps = ${nowhere.at-all}"))
                .containsExactly("malformed configuration in conf/x.conf:2:"
                        + " Could not resolve substitution to a value: ${nowhere.at-all}");
        assertThat(problems("[1, 2]").get(0)).startsWith("malformed configuration in conf/x.conf:1: ");
    }

    @Test
    void includeIsRefusedInAllItsForms() {
        String text = """
                # include "b"
                include "a.conf"
                train { include file("b") }
                include required(classpath("c"))
                include url("http://d/")
                """;

        assertThat(problems(text))
                .containsExactly(
                        "include of `a.conf` in conf/x.conf:2 is not supported; copy what it includes to here",
                        "include of `b` in conf/x.conf:3 is not supported; copy what it includes to here",
                        "include of `c` in conf/x.conf:4 is not supported; copy what it includes to here",
                        "include of `http://d/` in conf/x.conf:5 is not supported; copy what it includes to here");
    }

    @Test
    void allProblemsAreReportedAtOnceEachOnALine() {
        assertThatThrownBy(() -> Settings.builder()
                        .config("train.stepz = 1\nmodel.n-head = 0\ntrain.seeds = 1", "conf/x.conf")
                        .set("data.format=line")
                        .set("train.steps=x")
                        .set("train.steps=5") // does not excuse the one before
                        .override(ConfigKey.GENERATE_SAMPLES, 0, "--samples")
                        .build())
                .isInstanceOf(ConfigException.class)
                .hasMessage("""
                        6 configuration problems:
                          - unknown configuration key `train.stepz` in conf/x.conf:1; did you mean `train.steps`?
                          - `model.n-head` = 0 in conf/x.conf:2 must be an integer of at least 1
                          - unknown configuration key `train.seeds` in conf/x.conf:3; did you mean `train.seed`?
                          - `data.format` = line in --set data.format=line must be one of `lines`, `blocks`, \
                        `continuous`, `jsonl`, `csv`, `parquet`; did you mean `lines`?
                          - `train.steps` = x in --set train.steps=x must be an integer >= 1
                          - `generate.samples` = 0 in --samples must be an integer of at least 1""");
    }

    private static List<String> problems(String config, String... assignments) {
        Settings.Builder builder =
                Settings.builder().config(config, "conf/x.conf").set(List.of(assignments));
        return catchThrowableOfType(ConfigException.class, builder::build).problems();
    }
}
