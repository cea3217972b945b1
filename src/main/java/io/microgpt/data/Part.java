package io.microgpt.data;

/** The two sides of a dataset. */
public enum Part {
    TRAIN("train"),
    TEST("test");

    private final String key;

    Part(String key) {
        this.key = key;
    }

    /** {@return the name in paths, in the manifest and in output} */
    public String key() {
        return key;
    }
}
