package io.microgpt.generate;

/** Says where a completion ends beside the boundary and the limit. Of one completion alone: it does not see the others. */
@FunctionalInterface
public interface StopRule {
    /** The answer of a rule that lets the completion go on. */
    int GO_ON = -1;

    StopRule NEVER = (tokens, count) -> GO_ON;

    /**
     * Asked after each new token.
     *
     * @param tokens of which the first {@code count} were generated so far; left as they are
     * @return how many of them are the completion, the others having ended it; or {@link #GO_ON}
     */
    int kept(int[] tokens, int count);
}
