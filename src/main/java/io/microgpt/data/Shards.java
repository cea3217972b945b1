package io.microgpt.data;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * Where the shards of one or more datasets are, numbered through; what an executor needs to read them.
 *
 * @param directories of the datasets
 * @param manifests of each, as JSON
 */
public record Shards(List<String> directories, List<String> manifests) implements Serializable {
    /** Reads shards {@code [first, end)} of a part and checks them. */
    public List<TokenShard> read(Configuration hadoop, Part part, int first, int end) {
        List<TokenShard> shards = new ArrayList<>();
        int before = 0;
        for (int d = 0; d < directories.size(); d++) {
            Manifest manifest = Manifest.parse(manifests.get(d), directories.get(d));
            int count = manifest.shards(part).size();
            for (int s = Math.max(first, before); s < Math.min(end, before + count); s++) {
                shards.add(Dataset.shard(hadoop, new Path(directories.get(d)), manifest, part, s - before));
            }
            before += count;
        }
        return shards;
    }
}
