package io.microgpt.bench;

/** Something to time, over and over. One caller at a time. */
interface Work extends AutoCloseable {
    /** Does one piece of work. {@return how many tokens it trained on or generated, padding not counted} */
    long run();

    /** {@return how many steps one {@link #run} is: one of a training, or the tokens of a completion} */
    int steps();

    /** {@return how many threads a {@link #run} computes on} */
    int threads();

    /** {@return floating-point operations that a token needs, on the mean} */
    double flopsPerToken();

    @Override
    void close();
}
