package io.microgpt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ConfigKeyTest {
    @ParameterizedTest
    @EnumSource
    void isNamedAfterItsPath(ConfigKey key) {
        assertThat(key.path()).matches("[a-z]+\\.[a-z0-9]+(-[a-z0-9]+)*").isEqualTo(key.group() + "." + key.leaf());
        assertThat(key.name().toLowerCase(Locale.ROOT).replace('_', '-'))
                .isEqualTo(key.path().replace('.', '-'));
        assertThat(ConfigKey.of(key.path())).contains(key);
    }

    @ParameterizedTest
    @EnumSource
    void hasADefaultThatItsRuleAllows(ConfigKey key) {
        key.defaultAmong(Map.of(ConfigKey.MODEL_N_EMBD, 16))
                .ifPresent(value ->
                        assertThat(key.rule().parse(ConfigKey.plain(value))).isEqualTo(value));
    }

    @ParameterizedTest
    @EnumSource
    void hasOneLineOfMeaningThatATableCanHold(ConfigKey key) {
        assertThat(key.meaning()).isNotBlank().doesNotContain("|", "\n").doesNotEndWith(".");
        assertThat(key.meaning().replaceAll("`[^`]*`", "")).doesNotContain("<");
    }

    @Test
    void keysOfAGroupStandTogether() {
        List<ConfigKey> byGroup = ConfigKey.groups().stream()
                .flatMap(group -> ConfigKey.inGroup(group).stream())
                .toList();

        assertThat(byGroup).containsExactly(ConfigKey.values());
    }

    @Test
    void unknownPathIsNoKey() {
        assertThat(ConfigKey.of("model.n-embed")).isEmpty();
        assertThat(ConfigKey.of("model")).isEmpty();
    }

    @Test
    void tableHasARowForEachKey() {
        List<String> lines = ConfigKey.markdownTable().lines().toList();

        assertThat(lines).hasSize(2 + ConfigKey.values().length).startsWith("| key | type | default | meaning |");
        assertThat(lines)
                .contains(
                        "| `data.path` | text | none"
                                + " | file, directory or glob of the input, on any Hadoop file system |",
                        "| `data.shards` | integer in [1, 65536] | `8`"
                                + " | fixed logical shards; the most tasks that a step can use |",
                        "| `model.mlp-dim` | integer >= 1 | 4 x `model.n-embd` | width of the MLP's hidden layer |",
                        "| `optimizer.epsilon` | number > 0 | `1e-8` | what Adam adds to the denominator |",
                        "| `data.tokenizer` | one of `char`, `word`, `bpe` | `char` | what a token is: a character, a word,"
                                + " or bytes merged by byte pair encoding |");
    }

    @Test
    void describesTypesWithTheirRanges() {
        assertThat(Arrays.stream(ConfigKey.values()).map(ConfigKey::type).distinct())
                .contains(
                        "text",
                        "true or false",
                        "integer of 64 bits",
                        "integer >= 0",
                        "number in [0, 1)",
                        "number in [0, 1]",
                        "number in (0, 1]",
                        "number >= 0");
    }
}
