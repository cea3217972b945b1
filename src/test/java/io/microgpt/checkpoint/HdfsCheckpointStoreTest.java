package io.microgpt.checkpoint;

import io.microgpt.checkpoint.FaultyFileSystem.Counted;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** A real name node and two data nodes, over RPC. */
class HdfsCheckpointStoreTest extends CheckpointStoreContract {
    @TempDir
    private static Path disks;

    private static MiniDFSCluster cluster;

    @BeforeAll
    static void startCluster() throws IOException {
        Configuration hadoop = new Configuration();
        // How long a client waits before it asks again whether a file that it closed is on enough data nodes.
        hadoop.setInt("dfs.client.block.write.locateFollowingBlock.initial.delay.ms", 5);
        cluster = new MiniDFSCluster.Builder(hadoop, disks.toFile())
                .numDataNodes(2)
                .build();
        cluster.waitActive();
    }

    @AfterAll
    static void stopCluster() {
        cluster.shutdown();
    }

    @Override
    Configuration hadoop() {
        return new Configuration(cluster.getConfiguration(0));
    }

    @Override
    URI base() {
        return URI.create(cluster.getURI() + "/runs");
    }

    @Override
    Counted fatalOperations() {
        return Counted.CHANGES;
    }

    /** All renames and deletions, and one of those alike before them that write files: local disks die in every one. */
    @Override
    boolean isWorthDying(int operation) {
        return operation <= 2 || operation == 20 || operation > 24;
    }
}
