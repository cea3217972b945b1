package io.microgpt.data;

/** Which of the datasets that a training reads. */
public enum Corpus {
    /** The one that it is for. */
    OWN,
    /** The older one, of which a share of every batch is drawn so that it is not forgotten. */
    REPLAYED
}
