package io.microgpt.train;

import io.microgpt.data.Corpus;
import io.microgpt.data.Part;
import java.util.List;

/** Passes every call on; for sources that change one of them. */
class ForwardingSource implements GradientSource {
    private final GradientSource source;

    ForwardingSource(GradientSource source) {
        this.source = source;
    }

    @Override
    public StepGradient at(long step, float[] weights) {
        return source.at(step, weights);
    }

    @Override
    public LossSum loss(Corpus corpus, Part part, double share, float[] weights) {
        return source.loss(corpus, part, share, weights);
    }

    @Override
    public List<StepDocument> documents(long step, float[] weights) {
        return source.documents(step, weights);
    }

    @Override
    public String description() {
        return source.description();
    }

    @Override
    public void close() {
        source.close();
    }
}
