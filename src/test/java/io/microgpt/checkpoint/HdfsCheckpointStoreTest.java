package io.microgpt.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.microgpt.checkpoint.FaultyFileSystem.Counted;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.hadoop.hdfs.MiniDFSCluster.DataNodeProperties;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
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

    @Test
    void checkpointsWhoseDataNodesAreAwayAreNotTakenForBroken() throws Exception {
        Configuration hadoop = hadoop();
        hadoop.setBoolean("fs.hdfs.impl.disable.cache", true); // a client of other settings
        hadoop.setInt("dfs.client.retry.window.base", 1); // ms, between the times that a client asks for a block
        CheckpointStore store = new CheckpointStore(hadoop, base() + "/away");
        store.write(Samples.checkpoint(1));
        store.write(Samples.checkpoint(2));
        List<DataNodeProperties> away = List.of(cluster.stopDataNode(0), cluster.stopDataNode(0));
        try {
            assertThatThrownBy(() -> store.newest(CheckpointStoreContract::noWarning))
                    .isInstanceOfSatisfying(
                            CheckpointException.class,
                            e -> assertThat(e.ofStorage()).isTrue())
                    .hasMessageContaining("/step-00000002: cannot be read: ")
                    .hasMessageContaining("Could not obtain block");
        } finally {
            for (DataNodeProperties node : away) {
                cluster.restartDataNode(node, true);
            }
            cluster.waitActive();
        }
        Samples.assertSame(store.newest(CheckpointStoreContract::noWarning).orElseThrow(), Samples.checkpoint(2));
    }

    /** All renames and deletions, and one of those alike before them that write files: local disks die in every one. */
    @Override
    boolean isWorthDying(int operation) {
        return operation <= 2 || operation == 20 || operation > 24;
    }
}
