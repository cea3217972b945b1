package io.microgpt.checkpoint;

import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The name of a directory of a store.
 *
 * @param step the step that it is for
 * @param kind what it is
 */
record StepName(long step, Kind kind) {
    /** What a directory of a store is. */
    enum Kind {
        /** {@code step-00001000}: a checkpoint. */
        CHECKPOINT,
        /**
         * {@code .step-00001000.<random>.old}: what was the checkpoint until another of the same step was to take its
         * place. It still is the checkpoint while there is no other: its writer died between two renames.
         */
        REPLACED,
        /** {@code .step-00001000.<random>.tmp}: being written or being deleted; nobody ever reads it. */
        TEMPORARY
    }

    /** The last step that has a name. */
    static final long MAX_STEP = 999_999_999_999_999_999L;

    private static final Pattern CHECKPOINT = Pattern.compile("step-(\\d{8,18})");
    private static final Pattern HIDDEN = Pattern.compile("\\.step-(\\d{8,18})\\.[0-9a-f-]{36}\\.(old|tmp)");

    static String checkpoint(long step) {
        return String.format(Locale.ROOT, "step-%08d", step);
    }

    static String replaced(long step) {
        return "." + checkpoint(step) + "." + UUID.randomUUID() + ".old";
    }

    static String temporary(long step) {
        return "." + checkpoint(step) + "." + UUID.randomUUID() + ".tmp";
    }

    /** {@return what a directory entry is, or nothing where it is none of ours} */
    static Optional<StepName> parse(String name) {
        Matcher visible = CHECKPOINT.matcher(name);
        if (visible.matches()) {
            long step = Long.parseLong(visible.group(1));
            // step-000000001 would be a second name of step 1: only the one that is written counts.
            return name.equals(checkpoint(step)) ? Optional.of(new StepName(step, Kind.CHECKPOINT)) : Optional.empty();
        }
        Matcher hidden = HIDDEN.matcher(name);
        if (hidden.matches()) {
            Kind kind = hidden.group(2).equals("old") ? Kind.REPLACED : Kind.TEMPORARY;
            return Optional.of(new StepName(Long.parseLong(hidden.group(1)), kind));
        }
        return Optional.empty();
    }
}
