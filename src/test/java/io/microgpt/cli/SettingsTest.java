package io.microgpt.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsTest {
    @Test
    void hasTheDefaultsOfTheSpecification() {
        Settings settings = Settings.defaults();

        assertThat(settings.number(ConfigKey.OPTIMIZER_BETA1)).isEqualTo(0.85);
        assertThat(settings.number(ConfigKey.OPTIMIZER_BETA2)).isEqualTo(0.99);
        assertThat(settings.number(ConfigKey.OPTIMIZER_EPSILON)).isEqualTo(1e-8);
        assertThat(settings.flag(ConfigKey.OPTIMIZER_BIAS_CORRECTION)).isTrue();
        assertThat(settings.integer(ConfigKey.TRAIN_STEPS)).isEqualTo(1000);
        assertThat(settings.longInteger(ConfigKey.TRAIN_SEED)).isEqualTo(1);
        assertThat(settings.choice(ConfigKey.ENGINE_KERNELS)).isEqualTo("auto");
        assertThat(settings.text(ConfigKey.DATA_COLUMN)).isEqualTo("text");
        assertThat(settings.optionalText(ConfigKey.DATA_COLUMN)).contains("text");
        assertThat(settings.optionalText(ConfigKey.DATA_PATH)).isEmpty();
    }

    @Test
    void overridesWinOverSetsOverFilesOverDefaults() {
        Settings settings = Settings.builder()
                .override(ConfigKey.MODEL_N_LAYER, 5, "--layers")
                .set("model.n-head = 4")
                .set(List.of("model.n-head=40", "model.n-layer=4"))
                .config("model { block-size = 2, n-head = 2, n-layer = 2 }", "a.conf")
                .config("model.n-head = 3, model.n-layer = 3", "b.conf")
                .build();

        assertThat(settings.integer(ConfigKey.MODEL_N_EMBD)).isEqualTo(16);
        assertThat(settings.integer(ConfigKey.MODEL_BLOCK_SIZE)).isEqualTo(2);
        assertThat(settings.integer(ConfigKey.MODEL_N_HEAD)).isEqualTo(40);
        assertThat(settings.integer(ConfigKey.MODEL_N_LAYER)).isEqualTo(5);
    }

    @Test
    void mlpDimFollowsTheEmbeddingUnlessItIsSet() {
        assertThat(Settings.defaults().integer(ConfigKey.MODEL_MLP_DIM)).isEqualTo(64);
        assertThat(set("model.n-embd=65536").integer(ConfigKey.MODEL_MLP_DIM)).isEqualTo(262_144);
        assertThat(set("model.mlp-dim=7", "model.n-embd=8").integer(ConfigKey.MODEL_MLP_DIM))
                .isEqualTo(7);
    }

    @Test
    void nullBringsTheDefaultBack() {
        assertThat(set("model.mlp-dim=7", "model.mlp-dim=null")).isEqualTo(Settings.defaults());
        assertThat(config("data.path = null\ntrain.steps = null")).isEqualTo(Settings.defaults());
        assertThat(Settings.builder()
                        .config("train.steps = 5", "a.conf")
                        .config("train.steps = null", "b.conf")
                        .build())
                .isEqualTo(Settings.defaults());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "hdfs://namenode:8020/user/a b/part-*.gz",
                "s3a://bucket/#1,2/{x,y}",
                "C:\\data\\names.txt",
                "\"quoted\" = and 'more'",
                " spaces kept ",
                "${HOME}",
                "null",
                "Zürich/数据/🙂"
            })
    void setTakesTextAsItIs(String path) {
        assertThat(set("data.path=" + path).text(ConfigKey.DATA_PATH)).isEqualTo(path);
    }

    @Test
    void readsNumbersAsTheyAreWritten() {
        assertThat(set("train.steps=1e3").integer(ConfigKey.TRAIN_STEPS)).isEqualTo(1000);
        assertThat(config("train.steps = 2.5e3").integer(ConfigKey.TRAIN_STEPS)).isEqualTo(2500);
        assertThat(config("train.steps = 20.0").integer(ConfigKey.TRAIN_STEPS)).isEqualTo(20);
        assertThat(set("train.seed=-9223372036854775808").longInteger(ConfigKey.TRAIN_SEED))
                .isEqualTo(Long.MIN_VALUE);
        assertThat(config("train.seed = 9223372036854775807").longInteger(ConfigKey.TRAIN_SEED))
                .isEqualTo(Long.MAX_VALUE);
        assertThat(config("optimizer.clip-norm = 2").number(ConfigKey.OPTIMIZER_CLIP_NORM))
                .isEqualTo(2.0);
        assertThat(set("schedule.base-lr=3E-4").number(ConfigKey.SCHEDULE_BASE_LR))
                .isEqualTo(3e-4);
    }

    @Test
    void endsOfRangesAreAllowedWhereTheyAreIncluded() {
        Settings settings = set("data.test-fraction=0", "generate.top-p=1", "data.shards=65536", "train.eval-every=0");

        assertThat(settings.number(ConfigKey.DATA_TEST_FRACTION)).isZero();
        assertThat(settings.number(ConfigKey.GENERATE_TOP_P)).isEqualTo(1);
        assertThat(settings.integer(ConfigKey.DATA_SHARDS)).isEqualTo(65_536);
        assertThat(settings.integer(ConfigKey.TRAIN_EVAL_EVERY)).isZero();
    }

    @Test
    void readsFlagsAndQuotedValuesAsHoconDoes() {
        assertThat(config("optimizer.bias-correction = off").flag(ConfigKey.OPTIMIZER_BIAS_CORRECTION))
                .isFalse();
        assertThat(set("optimizer.bias-correction=no").flag(ConfigKey.OPTIMIZER_BIAS_CORRECTION))
                .isFalse();
        assertThat(set(" data.format = \"csv\" ").choice(ConfigKey.DATA_FORMAT)).isEqualTo("csv");
        assertThat(config("data.column = 5").text(ConfigKey.DATA_COLUMN)).isEqualTo("5");
    }

    @Test
    void readsListsOfTexts() {
        assertThat(Settings.defaults().texts(ConfigKey.GENERATE_STOP)).isEmpty();
        assertThat(config("generate.stop = [\"\\n\\n\", END, 5]").texts(ConfigKey.GENERATE_STOP))
                .containsExactly("\n\n", "END", "5");
        assertThat(config("generate.stop = \"[\"").texts(ConfigKey.GENERATE_STOP))
                .containsExactly("[");
        assertThat(set("generate.stop=[\"\\n\", \"a,b\"]").texts(ConfigKey.GENERATE_STOP))
                .containsExactly("\n", "a,b");
        assertThat(set("generate.stop= as it \"is\"").texts(ConfigKey.GENERATE_STOP))
                .containsExactly(" as it \"is\"");
        assertThat(set("generate.stop=\n").texts(ConfigKey.GENERATE_STOP)).containsExactly("\n");
        assertThat(set("generate.stop=x", "generate.stop=null")).isEqualTo(Settings.defaults());
        assertThat(set("generate.stop=x", "generate.stop=[]")).isEqualTo(Settings.defaults());
    }

    @Test
    void substitutesKeysOfTheTextAndTheEnvironment() {
        Settings settings = config("train.steps = 70\nschedule.warmup-steps = ${train.steps}\ndata.path = ${PATH}");

        assertThat(settings.integer(ConfigKey.SCHEDULE_WARMUP_STEPS)).isEqualTo(70);
        assertThat(settings.text(ConfigKey.DATA_PATH)).isEqualTo(System.getenv("PATH"));
    }

    @Test
    void renderedSettingsAreReadBackEqual() {
        Settings settings = set(
                "data.path=hdfs://a:1/\"b\"\\#,\t${c}",
                "data.format=csv",
                "optimizer.epsilon=1.2345678901234567e-9",
                "optimizer.bias-correction=false",
                "train.seed=-9223372036854775808",
                "generate.stop=[\"\\n\", \"\\\"\\\\[\", \"\\u0001é🙂\"]",
                "model.n-embd=32");

        assertThat(config(settings.render())).isEqualTo(settings).hasSameHashCodeAs(settings);
        assertThat(config(settings.renderJson())).isEqualTo(settings);
        assertThat(config(Settings.defaults().render())).isEqualTo(Settings.defaults());
        assertThat(settings).isNotEqualTo(Settings.defaults());
    }

    @Test
    void renderExplainsEveryKey() {
        String text = Settings.defaults().render();

        assertThat(text)
                .startsWith("data {\n  # file, directory or glob of the input")
                .contains("\n\noptimizer {\n")
                .contains("  # what Adam adds to the denominator (number > 0)\n  epsilon = 1e-8\n")
                .contains("  # width of the MLP's hidden layer (integer >= 1)\n  mlp-dim = 64\n");
        for (ConfigKey key : ConfigKey.values()) {
            assertThat(text).contains("# " + key.meaning() + " (" + key.type() + ")\n  " + key.leaf() + " = ");
        }
    }

    @Test
    void renderJsonIsOneLineWithEveryKey() {
        String json = Settings.defaults().renderJson();

        assertThat(json)
                .startsWith("{\"data\":{\"path\":null,\"format\":\"lines\",")
                .doesNotContain("\n", " ");
        for (ConfigKey key : ConfigKey.values()) {
            assertThat(ConfigFactory.parseString(json).hasPathOrNull(key.path()))
                    .isTrue();
        }
        assertThat(Settings.defaults()).hasToString(json);
    }

    @Test
    void textThatIsNeededButNotSetSaysHowToSetIt() {
        assertThatThrownBy(() -> Settings.defaults().text(ConfigKey.DATA_PATH))
                .isInstanceOf(ConfigException.class)
                .hasMessage("`data.path` is not set (file, directory or glob of the input, on any Hadoop file system);"
                        + " give it with --set data.path=... or in a configuration file");
    }

    @Test
    void keyReadAsAnotherTypeIsAMistakeOfTheProgram() {
        assertThatThrownBy(() -> Settings.defaults().integer(ConfigKey.TRAIN_SEED))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("`train.seed` is not read as Whole: it is integer of 64 bits");
    }

    private static Settings config(String text) {
        return Settings.builder().config(text, "test.conf").build();
    }

    private static Settings set(String... assignments) {
        return Settings.builder().set(List.of(assignments)).build();
    }
}
