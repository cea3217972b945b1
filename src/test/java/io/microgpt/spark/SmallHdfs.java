package io.microgpt.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.commons.io.FileUtils;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hdfs.DistributedFileSystem;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** A real name node and two data nodes, over RPC. */
public final class SmallHdfs implements AutoCloseable {
    private final Path disks;
    private final MiniDFSCluster cluster;

    private SmallHdfs() {
        try {
            disks = Files.createTempDirectory("hdfs");
            Configuration hadoop = new Configuration();
            // How long a client waits before it asks again whether a file that it closed is on enough data nodes.
            hadoop.setInt("dfs.client.block.write.locateFollowingBlock.initial.delay.ms", 5);
            cluster = new MiniDFSCluster.Builder(hadoop, disks.toFile())
                    .numDataNodes(2)
                    .build();
            cluster.waitActive();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** {@return {@code path}, which begins with a slash, as a URI} */
    public String uri(String path) {
        return cluster.getURI() + path;
    }

    public DistributedFileSystem files() throws IOException {
        return cluster.getFileSystem();
    }

    @Override
    public void close() throws IOException {
        cluster.shutdown();
        FileUtils.deleteDirectory(disks.toFile());
    }

    /** Gives all test classes that ask for it one and the same, which ends with the last of them. */
    public static final class Shared implements ParameterResolver {
        @Override
        public boolean supportsParameter(ParameterContext parameter, ExtensionContext test) {
            return parameter.getParameter().getType() == SmallHdfs.class;
        }

        @Override
        public SmallHdfs resolveParameter(ParameterContext parameter, ExtensionContext test) {
            return test.getRoot()
                    .getStore(Namespace.GLOBAL)
                    .getOrComputeIfAbsent(SmallHdfs.class, type -> new SmallHdfs(), SmallHdfs.class);
        }
    }
}
