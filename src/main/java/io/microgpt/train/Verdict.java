package io.microgpt.train;

import java.util.Locale;

/** What the gap between train and test loss says. The bounds are on the ratio of the two perplexities. */
public enum Verdict {
    GENERALISES("generalises: the test text is as easy as the training text"),
    SLIGHTLY_OVERFITTED("slightly overfitted: the training text is a little easier than the test text"),
    OVERFITTED("overfitted: the model remembers its training text; more data, fewer steps or a smaller model help"),
    UNKNOWN("unknown: there are no test documents");

    /** A perplexity on the test text of so many times that on the training text is slight overfitting. */
    public static final double SLIGHT = 1.05;
    /** And of so many, clear overfitting. */
    public static final double CLEAR = 1.25;

    private final String meaning;

    Verdict(String meaning) {
        this.meaning = meaning;
    }

    public static Verdict of(LossSum train, LossSum test) {
        if (test.positions() == 0 || train.positions() == 0) {
            return UNKNOWN;
        }
        double ratio = ratio(train, test);
        if (ratio > CLEAR) {
            return OVERFITTED;
        }
        return ratio > SLIGHT ? SLIGHTLY_OVERFITTED : GENERALISES;
    }

    /** {@return the test perplexity over the train perplexity, which decides} */
    public static double ratio(LossSum train, LossSum test) {
        return StrictMath.exp(test.mean() - train.mean());
    }

    /** {@return the name in output: {@code slightly-overfitted}} */
    public String key() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    public String meaning() {
        return meaning;
    }
}
