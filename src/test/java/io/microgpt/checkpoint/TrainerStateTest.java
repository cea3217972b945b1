package io.microgpt.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrainerStateTest {
    private static final TrainerState EMPTY = new TrainerState(
            0,
            0,
            0,
            Long.MIN_VALUE,
            "",
            Optional.empty(),
            "a\"b\n\u2028",
            Double.NaN,
            OptionalDouble.empty(),
            OptionalLong.empty(),
            OptionalDouble.empty(),
            new TreeMap<>());

    @Test
    void comesBackFromJson() {
        assertThat(roundTrip(EMPTY)).isEqualTo(EMPTY);
        TrainerState full = Samples.state(1000, -5);
        assertThat(roundTrip(full)).isEqualTo(full);
    }

    @Test
    void doublesComeBackToTheLastBit() {
        Random random = new Random(1);
        List<Double> values = new ArrayList<>(List.of(0.0, -0.0, Double.MIN_VALUE, Double.MAX_VALUE, 2e-3, 2.0E-3));
        for (int i = 0; i < 10_000; i++) {
            double value = Double.longBitsToDouble(random.nextLong());
            values.add(Double.isNaN(value) ? Double.NaN : value);
        }
        TreeMap<String, List<Double>> memory = new TreeMap<>();
        memory.put("values", values);
        TrainerState state = new TrainerState(
                1,
                2,
                3,
                4,
                "d",
                Optional.empty(),
                "t",
                0,
                OptionalDouble.empty(),
                OptionalLong.empty(),
                OptionalDouble.empty(),
                memory);
        assertThat(roundTrip(state).memory().get("values")).isEqualTo(values);
    }

    @Test
    void nonsenseIsRefused() {
        assertThatThrownBy(() -> new TrainerState(
                        -1,
                        0,
                        0,
                        0,
                        "d",
                        Optional.empty(),
                        "t",
                        0,
                        OptionalDouble.empty(),
                        OptionalLong.empty(),
                        OptionalDouble.empty(),
                        new TreeMap<>()))
                .hasMessage("step = -1 must not be negative");
        assertThatThrownBy(() -> new TrainerState(
                        1,
                        0,
                        0,
                        0,
                        "d",
                        Optional.empty(),
                        "t",
                        0,
                        OptionalDouble.empty(),
                        OptionalLong.of(1),
                        OptionalDouble.empty(),
                        new TreeMap<>()))
                .hasMessageContaining("must be present together or not at all");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"step\" : 0    | \"step\" : -1     | field step is -1, an integer from 0 to",
                "\"step\" : 0    | \"step\" : 0.5    | field step is 0.5, an integer from 0 to",
                "\"step\" : 0    | \"step\" : \"x\"  | field step is \"x\", an integer from 0 to",
                "\"seed\"        | \"sead\"          | has no field seed",
                "\"NaN\"         | \"nan\"           | field train_loss is \"nan\", a number, NaN,",
                "\"memory\" : { }| \"memory\" : 5    | field memory is 5, an object was expected",
                "\"memory\" : { }| \"memory\" : {\"a\":[null]} | field memory.a is null, a number",
                "\"memory\" : { }| \"memory\" : {\"early_stop\":[]} | memory.early_stop has 0 numbers, but must have 2",
                "\"memory\" : { }| \"memory\" : {\"replay.documents\":[]} | memory.replay.documents has 0 numbers, but must have 1",
                "\"memory\" : { }| \"memory\" : {\"guard.good_step\":[1,2]} | memory.guard.good_step has 2 numbers, but must have 1",
                "\"memory\"      | \"best_step\" : 5, \"memory\" | must be present together"
            })
    void damageIsNamed(String original, String damaged, String reason) {
        String json = new String(TrainerStateJson.render(EMPTY), StandardCharsets.UTF_8);
        assertThat(json).contains(original);
        byte[] broken = json.replace(original, damaged).getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> TrainerStateJson.parse(broken, "dir/trainer_state.json"))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith("dir/trainer_state.json: ")
                .hasMessageContaining(reason);
    }

    private static TrainerState roundTrip(TrainerState state) {
        return TrainerStateJson.parse(TrainerStateJson.render(state), "trainer_state.json");
    }
}
