package io.microgpt.cli;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Asks whether a master of a standalone cluster is there. Spark itself tries for a minute, and then stops underneath whoever
 * uses it.
 */
final class StandaloneMasters {
    private static final String SCHEME = "spark://";
    private static final int PATIENCE_MILLIS = 10_000;
    private static final int MEANWHILE_MILLIS = 2_000;

    private StandaloneMasters() {}

    /**
     * @param master as spark-submit takes it: {@code spark://host:port,host:port}, or another kind, which is not looked at
     * @throws IllegalStateException if none of them answers
     */
    static void require(String master) {
        trouble(master, PATIENCE_MILLIS).ifPresent(trouble -> {
            throw new IllegalStateException(trouble);
        });
    }

    /** {@return what is wrong with the master of a session that waits; empty if it answers, or is of another kind} */
    static Optional<String> trouble(String master) {
        return trouble(master, MEANWHILE_MILLIS);
    }

    private static Optional<String> trouble(String master, int patienceMillis) {
        if (!master.startsWith(SCHEME)) {
            return Optional.empty();
        }
        List<String> causes = new ArrayList<>();
        for (String address : master.substring(SCHEME.length()).split(",")) {
            int colon = address.lastIndexOf(':');
            try (Socket socket = new Socket()) {
                int port = Integer.parseInt(address.substring(colon + 1));
                socket.connect(new InetSocketAddress(address.substring(0, Math.max(0, colon)), port), patienceMillis);
                return Optional.empty();
            } catch (IOException | IllegalArgumentException e) {
                causes.add(address + ": " + e.getMessage());
            }
        }
        return Optional.of("no Spark master answers at " + master + " (" + String.join("; ", causes) + ")");
    }
}
