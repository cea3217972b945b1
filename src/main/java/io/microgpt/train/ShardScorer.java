package io.microgpt.train;

import io.microgpt.data.Dataset;
import io.microgpt.data.Part;
import io.microgpt.data.TokenShard;
import io.microgpt.model.Gpt;
import io.microgpt.model.Pass;
import io.microgpt.model.Weights;
import io.microgpt.text.Tokenizer;
import io.microgpt.text.TokenizerJson;
import java.util.ArrayList;
import java.util.List;

/** Scores whole shards: the arithmetic of an evaluation. It reuses its scratch memory from shard to shard; one thread at a time. */
public final class ShardScorer {
    private final Weights weights;
    private final Pass pass;
    private final Tokenizer tokenizer;

    /** @param tokenizer of the dataset, to count the characters that its tokens spell */
    public ShardScorer(Weights weights, Tokenizer tokenizer) {
        this.weights = weights;
        this.pass = new Pass(new Gpt(weights.config(), weights.kernels()));
        this.tokenizer = tokenizer;
    }

    /** {@return the score of a part, shard after shard in this thread; of no documents, zeros} */
    public static PartScore part(Dataset dataset, Part part, Weights weights) {
        ShardScorer scorer = new ShardScorer(weights, TokenizerJson.parse(dataset.tokenizerJson(), Dataset.TOKENIZER));
        List<PartScore> shards = new ArrayList<>();
        for (int s = 0; s < dataset.manifest().shards(part).size(); s++) {
            shards.add(scorer.score(dataset.shard(part, s)));
        }
        return PartScore.total(shards, weights.kernels());
    }

    /** {@return the sums over all documents of a shard, one after another} */
    public PartScore score(TokenShard shard) {
        double[] loss = new double[1];
        long[] hits = new long[1];
        long characters = 0;
        pass.score(weights, (document, scores) -> {
            loss[0] += scores.lossSum(0);
            hits[0] += scores.hits(0);
        });
        for (int d = 0; d < shard.documents(); d++) {
            int[] tokens = shard.document(d);
            pass.document(tokens, tokens.length);
            characters += tokenizer.characters(tokens, 1, tokens.length);
        }
        pass.end();
        return new PartScore(loss[0], shard.positions(), shard.documents(), hits[0], characters);
    }
}
