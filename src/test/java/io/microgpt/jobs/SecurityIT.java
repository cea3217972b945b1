package io.microgpt.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.network.TransportContext;
import org.apache.spark.network.client.TransportClient;
import org.apache.spark.network.client.TransportClientFactory;
import org.apache.spark.network.crypto.AuthClientBootstrap;
import org.apache.spark.network.sasl.SecretKeyHolder;
import org.apache.spark.network.server.NoOpRpcHandler;
import org.apache.spark.network.util.MapConfigProvider;
import org.apache.spark.network.util.TransportConf;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * Jobs with executors in processes of their own that must know a secret and encrypt what they say: to the same weights, and nothing
 * can be read by who listens.
 */
@EnabledOnOs(
        value = OS.LINUX,
        disabledReason = "elsewhere there is no second loopback address to listen on, and no /proc")
class SecurityIT {
    private static final String SECRET = "secret-of-this-test";
    private static final String USER = "sparkSaslUser"; // whom Spark's processes say that they are
    /** What is on the wire of a job that is not encrypted: Spark's messages, and our tasks and broadcasts. */
    private static final List<String> PLAIN = List.of("org.apache.spark.scheduler", "io.microgpt.spark");

    private static final String NAMES = "names.txt";
    private static final String[] SMALL = {
        "--set", "train.steps=20", "--set", "engine.kernels=scalar", "--set", Training.WIDE
    };
    /** These processes end before the better compiler has paid. */
    private static final String BRIEF = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC";

    private static final Map<String, String> AUTHENTICATED =
            Map.of("spark.authenticate", "true", "spark.authenticate.secret", SECRET);

    @TempDir
    static Path directory;

    private static String sha;

    /** Also shows that the wire is where the tap is: without encryption, it can be read. */
    @BeforeAll
    static void trainWithoutSparkAndInTheOpen() throws Exception {
        try (Stream<String> lines = Files.lines(Path.of("data-samples/names.txt"))) {
            Files.write(directory.resolve(NAMES), lines.limit(2000).toList());
        }
        try (WireTap rpc = new WireTap();
                WireTap blocks = new WireTap()) {
            sha = train("open", properties("open", rpc, blocks, Map.of()))
                    .await()
                    .sha256();
            assertThat(PLAIN).allMatch(rpc::saw);
            assertThat(blocks.saw("io.microgpt.spark")).isTrue();
        }
        String[] alone = {"--no-spark", "--data", "open/dataset", "--out", "alone"};
        assertThat(Job.run(directory, "jobs/train.sh", with(alone, SMALL)).sha256())
                .isEqualTo(sha);
    }

    @Test
    void authenticatedAndEncryptedRpcGivesTheSameWeights() throws Exception {
        Map<String, String> conf = new LinkedHashMap<>(AUTHENTICATED);
        conf.put("spark.network.crypto.enabled", "true");
        conf.put("spark.network.crypto.saslFallback", "false");
        try (WireTap rpc = new WireTap();
                WireTap blocks = new WireTap()) {
            Job job = train("crypto", properties("crypto", rpc, blocks, conf));
            assertThat(rpc.awaitConnection(job)).as(job.err()).isTrue();
            assertThat(commandLines(job)).anyMatch(line -> line.contains("CoarseGrainedExecutorBackend"));
            assertThat(commandLines(job)).noneMatch(line -> line.contains(SECRET));
            connect(rpc.port(), conf, SECRET);
            assertThatThrownBy(() -> connect(rpc.port(), conf, SECRET + "?")).isInstanceOf(RuntimeException.class);
            assertSameWeights(job, rpc, blocks);
        }
    }

    @Test
    void saslAndEncryptedDisksGiveTheSameWeights() throws Exception {
        Map<String, String> conf = new LinkedHashMap<>(AUTHENTICATED);
        conf.put("spark.network.crypto.enabled", "false");
        conf.put("spark.authenticate.enableSaslEncryption", "true");
        conf.put("spark.network.sasl.serverAlwaysEncrypt", "true");
        conf.put("spark.io.encryption.enabled", "true");
        try (WireTap rpc = new WireTap();
                WireTap blocks = new WireTap()) {
            assertSameWeights(train("sasl", properties("sasl", rpc, blocks, conf)), rpc, blocks);
        }
    }

    private static void assertSameWeights(Job job, WireTap rpc, WireTap blocks) throws Exception {
        assertThat(job.await().sha256()).isEqualTo(sha);
        assertThat(job.err()).contains("2 executors");
        assertThat(rpc.bytes()).isPositive();
        assertThat(blocks.bytes()).isPositive();
        assertThat(PLAIN).noneMatch(rpc::saw).noneMatch(blocks::saw);
    }

    /** Prepares too, so that executors shuffle among themselves. */
    private static Job train(String run, Path properties) throws IOException {
        String[] what = {"--properties-file", properties.toString(), "--data", NAMES, "--out", run};
        return Job.start(directory, Map.of(), "jobs/train.sh", List.of(with(what, SMALL)));
    }

    private static String[] with(String[] arguments, String... more) {
        return Stream.of(arguments, more).flatMap(Stream::of).toArray(String[]::new);
    }

    /** {@return a file with the settings of two executors that find the driver where the taps are; it is the user's alone} */
    private static Path properties(String name, WireTap rpc, WireTap blocks, Map<String, String> more)
            throws IOException {
        Map<String, String> conf = new LinkedHashMap<>(more);
        conf.put("spark.master", "local-cluster[2,1,1024]");
        conf.put("spark.driver.memory", "1g");
        conf.put("spark.driver.extraJavaOptions", BRIEF);
        conf.put("spark.executor.extraJavaOptions", BRIEF);
        conf.put("spark.ui.enabled", "false");
        conf.put("spark.driver.bindAddress", "127.0.0.1");
        conf.put("spark.driver.host", WireTap.ADDRESS);
        conf.put("spark.driver.port", String.valueOf(rpc.port()));
        conf.put("spark.driver.blockManager.port", String.valueOf(blocks.port()));
        conf.put("spark.port.maxRetries", "0");
        String text = conf.entrySet().stream()
                .map(entry -> entry.getKey() + " " + entry.getValue() + "\n")
                .collect(Collectors.joining());
        Path file = directory.resolve(name + ".properties");
        Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        return Files.writeString(file, text);
    }

    /** Says to the driver, as an executor would, that it knows the secret. */
    private static void connect(int port, Map<String, String> settings, String secret) throws Exception {
        TransportConf conf = new TransportConf("rpc", new MapConfigProvider(settings));
        SecretKeyHolder known = new SecretKeyHolder() {
            @Override
            public String getSaslUser(String application) {
                return USER;
            }

            @Override
            public String getSecretKey(String application) {
                return secret;
            }
        };
        try (TransportContext context = new TransportContext(conf, new NoOpRpcHandler());
                TransportClientFactory clients =
                        context.createClientFactory(List.of(new AuthClientBootstrap(conf, USER, known)));
                TransportClient client = clients.createUnmanagedClient("127.0.0.1", port)) {
            assertThat(client.isActive()).isTrue();
        }
    }

    /** {@return what everybody on this machine can see of a job: the arguments of its processes} */
    private static List<String> commandLines(Job job) throws IOException {
        List<String> lines = new ArrayList<>();
        Stream<ProcessHandle> processes =
                Stream.concat(Stream.of(job.process().toHandle()), job.process().descendants());
        for (ProcessHandle process : processes.toList()) {
            try {
                lines.add(Files.readString(Path.of("/proc", String.valueOf(process.pid()), "cmdline")));
            } catch (NoSuchFileException e) {
                continue; // it has ended since
            }
        }
        return lines;
    }
}
