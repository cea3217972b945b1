package io.microgpt.cli;

import java.util.List;

/** The configuration cannot be used. Its message lists every problem, one a line, so that one run finds them all. */
public final class ConfigException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String[] problems;

    /** One or more problems, each a sentence that names the key, where it was set, and what to do. */
    public ConfigException(List<String> problems) {
        super(message(problems));
        this.problems = problems.toArray(String[]::new);
    }

    /** {@return every problem, in the order in which they were met} */
    public List<String> problems() {
        return List.of(problems);
    }

    private static String message(List<String> problems) {
        return problems.size() == 1
                ? problems.get(0)
                : problems.size() + " configuration problems:\n  - " + String.join("\n  - ", problems);
    }
}
