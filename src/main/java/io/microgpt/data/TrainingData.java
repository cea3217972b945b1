package io.microgpt.data;

import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a training reads: its own dataset and perhaps an older one that is replayed, whose shards are numbered after its own.
 *
 * @param own the dataset that the training is for
 * @param replayed the older one; its token ids mean the same in both
 */
public record TrainingData(Dataset own, Optional<Dataset> replayed) {
    /** {@return one dataset and nothing replayed} */
    public static TrainingData of(Dataset own) {
        return new TrainingData(own, Optional.empty());
    }

    /** {@return the datasets, the own one first} */
    public Stream<Dataset> datasets() {
        return Stream.concat(Stream.of(own), replayed.stream());
    }

    /** {@return how many documents a part of a corpus has; none where there is no such corpus} */
    public long documents(Corpus corpus, Part part) {
        return (corpus == Corpus.OWN ? Optional.of(own) : replayed)
                .map(dataset -> dataset.manifest().documents(part))
                .orElse(0L);
    }

    /** {@return where the shards are, as the numbers of {@link #plan} go} */
    public Shards shards() {
        return new Shards(
                datasets().map(dataset -> dataset.directory().toString()).toList(),
                datasets().map(dataset -> dataset.manifest().toJson()).toList());
    }

    /**
     * {@return which documents a step takes}
     *
     * @param replayFraction share of the documents that is replayed; of no account where nothing is
     */
    public StepPlan plan(long seed, int batchSize, double replayFraction) {
        StepPlan plan = plan(own.manifest(), seed, batchSize);
        return replayed.map(older -> plan.replaying(plan(older.manifest(), seed, batchSize), replayFraction))
                .orElse(plan);
    }

    private static StepPlan plan(Manifest manifest, long seed, int batchSize) {
        int[] sizes =
                manifest.train().stream().mapToInt(Manifest.Shard::documents).toArray();
        StepPlan plan = new StepPlan(seed, sizes, batchSize);
        return manifest.continuous() ? plan.withShiftedBlocks() : plan;
    }

    /** {@return a training shard for a person to find: its file, and the dataset where that is not the own one} */
    public String shardName(int shard) {
        int shards = own.manifest().train().size();
        return shard < shards
                ? Manifest.file(Part.TRAIN, shard)
                : replayed.orElseThrow().directory() + "/" + Manifest.file(Part.TRAIN, shard - shards);
    }

    /** {@return the tokens of one training document} */
    public int[] document(int shard, int document) {
        int shards = own.manifest().train().size();
        return shard < shards
                ? own.shard(Part.TRAIN, shard).document(document)
                : replayed.orElseThrow().shard(Part.TRAIN, shard - shards).document(document);
    }
}
