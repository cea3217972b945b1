package io.microgpt.generate;

import io.microgpt.generate.Generator.Prompt;
import java.util.Arrays;
import java.util.List;

/** A prompt and those of its completions that have ended. */
final class Request {
    private final Prompt prompt;
    private final Completion[] completions;
    private int ended;

    Request(Prompt prompt) {
        this.prompt = prompt;
        this.completions = new Completion[prompt.samples()];
    }

    /** {@return what cannot even begin} */
    static Request failed(String error) {
        Request request = new Request(new Prompt(new int[0], 0, 1));
        request.end(0, Completion.failed(error));
        return request;
    }

    Prompt prompt() {
        return prompt;
    }

    void end(int sample, Completion completion) {
        completions[sample] = completion;
        ended++;
    }

    boolean done() {
        return ended == completions.length;
    }

    /** {@return the completions, in the order of their samples; all of them once it is {@link #done}} */
    List<Completion> completions() {
        return Arrays.asList(completions);
    }
}
