package io.microgpt.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GptConfigTest {
    @ParameterizedTest
    @CsvSource({"27, 16, 4, 1, 16, 64, 4192", "65, 48, 4, 2, 32, 192, 63072", "1, 1, 1, 1, 1, 1, 9"})
    void parametersAreCounted(int v, int e, int h, int l, int b, int m, int expected) {
        GptConfig config = new GptConfig(v, e, h, l, b, m);
        assertThat(config.parameters()).isEqualTo(expected);
        assertThat(new ParameterLayout(config).size()).isEqualTo(expected);
        assertThat(config.headSize()).isEqualTo(e / h);
    }

    @Test
    void layoutIsThatOfTheSpecification() {
        assertThat(new ParameterLayout(new GptConfig(7, 6, 2, 2, 5, 9)).matrices())
                .extracting(
                        matrix -> matrix.name() + " " + matrix.offset() + " " + matrix.rows() + "x" + matrix.columns())
                .containsExactly(
                        "wte 0 7x6",
                        "wpe 42 5x6",
                        "lm_head 72 7x6",
                        "layers.0.wq 114 6x6",
                        "layers.0.wk 150 6x6",
                        "layers.0.wv 186 6x6",
                        "layers.0.wo 222 6x6",
                        "layers.0.fc1 258 9x6",
                        "layers.0.fc2 312 6x9",
                        "layers.1.wq 366 6x6",
                        "layers.1.wk 402 6x6",
                        "layers.1.wv 438 6x6",
                        "layers.1.wo 474 6x6",
                        "layers.1.fc1 510 9x6",
                        "layers.1.fc2 564 6x9");
    }

    @Test
    void headsShareTheEmbeddingEqually() {
        assertThatThrownBy(() -> new GptConfig(27, 16, 5, 1, 16, 64))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("model.n-embd = 16 is not divisible by model.n-head = 5: every head takes an equal share of"
                        + " the embedding. Nearest widths that are: 15 and 20");
        assertThatThrownBy(() -> new GptConfig(27, 3, 4, 1, 16, 64)).hasMessageEndingWith("Nearest widths that are: 4");
    }

    @ParameterizedTest
    @CsvSource({
        "0, 16, 4, 1, 16, 64, vocabulary size = 0",
        "27, 0, 4, 1, 16, 64, model.n-embd = 0",
        "27, 16, -4, 1, 16, 64, model.n-head = -4",
        "27, 16, 4, 0, 16, 64, model.n-layer = 0",
        "27, 16, 4, 1, -2147483648, 64, model.block-size = -2147483648",
        "27, 16, 4, 1, 16, 0, model.mlp-dim = 0"
    })
    void dimensionsArePositive(int v, int e, int h, int l, int b, int m, String what) {
        assertThatThrownBy(() -> new GptConfig(v, e, h, l, b, m))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(what + " must be at least 1");
    }

    @ParameterizedTest
    @CsvSource({
        "27, 16384, 16, 2, 16, 16384",
        "1073741824, 1, 1, 1, 1, 1",
        "27, 65536, 1, 2147483647, 16, 65536",
        "2147483647, 1450000000, 1, 1, 2147483647, 1",
        "2147483647, 2147483647, 1, 2147483647, 2147483647, 2147483647"
    })
    void oneArrayHoldsAllParameters(int v, int e, int h, int l, int b, int m) {
        assertThatThrownBy(() -> new GptConfig(v, e, h, l, b, m))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageMatching("a model of \\d+ parameters does not fit one array of at most 2147483583;"
                        + " make model.n-embd, model.n-layer or the vocabulary smaller");
    }
}
