package io.microgpt.cli;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;

/**
 * Asks whether a master of a standalone cluster is there. Spark itself tries for a minute, and then stops underneath whoever
 * uses it.
 */
final class StandaloneMasters {
    private static final String SCHEME = "spark://";
    private static final int PATIENCE_MILLIS = 10_000;

    private StandaloneMasters() {}

    /**
     * @param master as spark-submit takes it: {@code spark://host:port,host:port}, or another kind, which is not looked at
     * @throws IllegalStateException if none of them answers
     */
    static void require(String master) {
        if (!master.startsWith(SCHEME)) {
            return;
        }
        List<String> causes = new ArrayList<>();
        for (String address : master.substring(SCHEME.length()).split(",")) {
            int colon = address.lastIndexOf(':');
            try (Socket socket = new Socket()) {
                int port = Integer.parseInt(address.substring(colon + 1));
                socket.connect(new InetSocketAddress(address.substring(0, Math.max(0, colon)), port), PATIENCE_MILLIS);
                return;
            } catch (IOException | IllegalArgumentException e) {
                causes.add(address + ": " + e.getMessage());
            }
        }
        throw new IllegalStateException(
                "no Spark master answers at " + master + " (" + String.join("; ", causes) + ")");
    }
}
