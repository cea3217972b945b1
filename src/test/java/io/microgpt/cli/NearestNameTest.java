package io.microgpt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NearestNameTest {
    private static final List<String> KNOWN = List.of("weight-decay", "beta1", "beta2", "steps", "n-embd");

    @ParameterizedTest
    @CsvSource({
        "steps, steps", // itself
        "step, steps", // a letter is missing
        "stepps, steps", // one too many
        "stebs, steps", // another
        "setps, steps", // two swapped
        "weight_decay, weight-decay",
        "weightDecay, weight-decay",
        "WEIGHT-DECAY, weight-decay",
        "weightdecya, weight-decay",
        "nEmbd, n-embd",
        "n-embed, n-embd",
        "beta3, beta1" // two are as near: the first
    })
    void findsWhatWasMeant(String name, String meant) {
        assertThat(NearestName.of(name, KNOWN)).contains(meant);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "lr", "foo", "stubs-p", "momentum"})
    void guessesNothingFarAway(String name) {
        assertThat(NearestName.of(name, KNOWN)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            model.n-embed     | ; did you mean `model.n-embd`?
            modle.n_embd      | ; did you mean `model.n-embd`?
            train.base-lr     | ; did you mean `schedule.base-lr`?
            trainer.batchSize | ; did you mean `train.batch-size`?
            weight-decay      | ; did you mean `optimizer.weight-decay`?
            seed              | ; did you mean `data.seed` or `train.seed` or `generate.seed`?
            engine.threads    | ; the keys of `engine` are `kernels`, `tasks`, `gather`, `patience`
            """)
    void hintsAtKeysOfTheGroupThenOfOthersThenAtAll(String path, String hint) {
        assertThat(NearestName.keyHint(path)).isEqualTo(hint);
    }

    @Test
    void listsTheGroupsWhereNothingIsNear() {
        String groups =
                "; the groups of keys are `data`, `model`, `optimizer`, `schedule`, `train`, `guard`, `engine`, `generate`";

        assertThat(NearestName.keyHint("spark.executors")).isEqualTo(groups);
        assertThat(NearestName.groupHint("spark")).isEqualTo(groups);
        assertThat(NearestName.groupHint("optimiser")).isEqualTo("; did you mean `optimizer`?");
    }
}
