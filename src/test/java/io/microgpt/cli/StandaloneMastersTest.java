package io.microgpt.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import org.junit.jupiter.api.Test;

/** Of several masters one is enough; if none answers, it is named. */
class StandaloneMastersTest {
    @Test
    void aMasterThatDoesNotAnswerIsNamed() throws IOException {
        String there;
        try (ServerSocket master = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            there = "127.0.0.1:" + master.getLocalPort();
            assertThat(StandaloneMasters.trouble("spark://127.0.0.1:1," + there))
                    .isEmpty();
        }
        assertThat(StandaloneMasters.trouble("spark://" + there))
                .contains("no Spark master answers at spark://" + there + " (" + there + ": Connection refused)");
        assertThatThrownBy(() -> StandaloneMasters.require("spark://" + there))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("no Spark master answers at spark://" + there);
    }

    @Test
    void anotherKindIsNotAsked() {
        assertThat(StandaloneMasters.trouble("local[2]")).isEmpty();
        assertThat(StandaloneMasters.trouble("yarn")).isEmpty();
    }
}
