package io.microgpt.checkpoint;

import io.microgpt.model.GptConfig;
import java.util.Objects;

/**
 * Everything that training needs to go on, at the end of a step. Arrays are not copied: while a checkpoint is being
 * written, nobody may change them. Two checkpoints are {@code equals} only if they share their arrays.
 *
 * @param model the architecture
 * @param weights all parameters, in the order of {@link io.microgpt.model.ParameterLayout}
 * @param firstMoment Adam's m, one a parameter
 * @param secondMoment Adam's v, one a parameter
 * @param state where the training stands
 * @param tokenizerJson the content of {@code tokenizer.json}, kept to the last character
 * @param configJson the resolved configuration, a JSON object; kept as a value, its white space is not
 */
public record Checkpoint(
        GptConfig model,
        float[] weights,
        float[] firstMoment,
        float[] secondMoment,
        TrainerState state,
        String tokenizerJson,
        String configJson) {
    public Checkpoint {
        Objects.requireNonNull(state, "state");
        Objects.requireNonNull(tokenizerJson, "tokenizerJson");
        Objects.requireNonNull(configJson, "configJson");
        requireLength("weights", weights, model);
        requireLength("firstMoment", firstMoment, model);
        requireLength("secondMoment", secondMoment, model);
    }

    private static void requireLength(String name, float[] values, GptConfig model) {
        if (values.length != model.parameters()) {
            throw new IllegalArgumentException(name + " has " + values.length + " elements, " + model + " has "
                    + model.parameters() + " parameters");
        }
    }
}
