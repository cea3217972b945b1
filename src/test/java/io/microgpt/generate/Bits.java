package io.microgpt.generate;

import io.microgpt.generate.Completion.Finish;
import java.util.Arrays;
import java.util.List;

/** A completion as values that are equal only if all bits are. */
record Bits(List<Integer> tokens, List<Integer> ending, long meanLogProbability, Finish finish, String error) {
    static Bits of(Completion completion) {
        return new Bits(
                Arrays.stream(completion.tokens()).boxed().toList(),
                Arrays.stream(completion.ending()).boxed().toList(),
                Double.doubleToLongBits(completion.meanLogProbability()),
                completion.finish(),
                completion.error());
    }

    static List<Bits> of(List<Completion> samples) {
        return samples.stream().map(Bits::of).toList();
    }

    static List<List<Bits>> ofAll(List<List<Completion>> prompts) {
        return prompts.stream().map(Bits::of).toList();
    }
}
