package io.microgpt.spark;

import java.io.IOException;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hdfs.DistributedFileSystem;
import org.apache.hadoop.hdfs.MiniDFSCluster;

/** A real name node and two data nodes, over RPC. */
public final class SmallHdfs implements AutoCloseable {
    private final MiniDFSCluster cluster;

    public SmallHdfs(Path disks) throws IOException {
        Configuration hadoop = new Configuration();
        // How long a client waits before it asks again whether a file that it closed is on enough data nodes.
        hadoop.setInt("dfs.client.block.write.locateFollowingBlock.initial.delay.ms", 5);
        cluster = new MiniDFSCluster.Builder(hadoop, disks.toFile())
                .numDataNodes(2)
                .build();
        cluster.waitActive();
    }

    /** {@return {@code path}, which begins with a slash, as a URI} */
    public String uri(String path) {
        return cluster.getURI() + path;
    }

    public DistributedFileSystem files() throws IOException {
        return cluster.getFileSystem();
    }

    @Override
    public void close() {
        cluster.shutdown();
    }
}
