package io.microgpt.spark.prepare;

import io.microgpt.data.Manifest;

/**
 * What preparing found.
 *
 * @param rows of input, good and bad; pieces of text for continuous input
 * @param rejected rows that went to the side table
 * @param tokens of all good rows, the boundaries around documents included
 * @param unknownTokens how many of them stand for text outside the vocabulary
 * @param leftOut words of the text that were too rare or too long to take part in making the vocabulary
 * @param chunked documents over the block size that were cut into several
 * @param truncated documents over the block size that lost their end
 */
public record PreparedStatistics(
        long rows,
        long rejected,
        long tokens,
        long unknownTokens,
        long leftOut,
        long chunked,
        long truncated,
        Manifest manifest) {}
