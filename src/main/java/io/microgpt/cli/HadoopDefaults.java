package io.microgpt.cli;

import java.util.Arrays;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;

/** What this program wants of Hadoop's clients where no file of the cluster and no {@code spark.hadoop.*} says otherwise. */
final class HadoopDefaults {
    private static final Map<String, String> VALUES = Map.of(
            // A file goes on to be written where a DataNode dies and there is no other to take its place, as on small
            // clusters.
            "dfs.client.block.write.replace-datanode-on-failure.best-effort",
            "true",
            // A NameNode that does not answer is given up after 100 seconds, not after 15 minutes.
            "ipc.client.connect.max.retries.on.timeouts",
            "5");

    private HadoopDefaults() {}

    /** {@return the same object} */
    static Configuration addTo(Configuration hadoop) {
        VALUES.forEach((key, value) -> {
            String[] sources = hadoop.getPropertySources(key);
            boolean own =
                    sources != null && Arrays.stream(sources).anyMatch(source -> !source.endsWith("-default.xml"));
            if (!own) {
                hadoop.set(key, value, "microgpt-default.xml");
            }
        });
        return hadoop;
    }
}
