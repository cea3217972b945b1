package io.microgpt.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.KernelProvider.Choice;
import io.microgpt.kernel.Kernels;
import io.microgpt.kernel.LeafTree;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whether the hidden units that relu makes zero are passed over changes no bit of a loss or a gradient, with either kernels. */
class PassingZerosOverTest {
    private static final GptConfig SHAPE = new GptConfig(29, 20, 4, 2, 130, 133);
    private static final double NEVER = 0.0;
    private static final double ALWAYS = 1.1;

    private static final List<int[]> DOCUMENTS = TinyModels.documents(SHAPE, 5, 3, 130, 40, 1, 17, 64, 5);

    /** {@return the gradient of a run that is added to, that of leaves, and the losses} */
    private static List<float[]> run(Choice choice, double mostActive, float dropout) {
        Kernels kernels = KernelProvider.choose(choice).kernels();
        Gpt gpt = new Gpt(SHAPE, kernels, mostActive);
        Weights weights = new Weights(SHAPE, TinyModels.weights(SHAPE, 12), kernels);
        Pass pass = new Pass(gpt);
        List<Float> losses = new ArrayList<>();
        pass.begin(weights, 0.1f, dropout, (document, sum, positions) -> losses.add((float) sum));
        float[] added = TinyModels.weights(SHAPE, 3);
        pass.gradient(added, false);
        DOCUMENTS.forEach(document -> pass.document(document, document.length, document[0]));
        float[] leaves = new float[added.length];
        pass.gradient(leaves, new LeafTree(new int[] {0, 1, -1}), 107);
        for (int leaf = 0; leaf < 2; leaf++) {
            pass.leaf();
            int[] document = DOCUMENTS.get(leaf == 0 ? 2 : 5);
            pass.document(document, document.length, leaf);
            int[] last = DOCUMENTS.get(0);
            pass.document(Arrays.copyOf(last, leaf == 0 ? 3 : 2), leaf == 0 ? 3 : 2, 7);
        }
        pass.losses();
        DOCUMENTS.forEach(document -> pass.document(document, document.length));
        pass.end();
        float[] all = new float[losses.size()];
        for (int i = 0; i < all.length; i++) {
            all[i] = losses.get(i);
        }
        return List.of(added, leaves, all);
    }

    @ParameterizedTest
    @EnumSource(Choice.class)
    void noBitChanges(Choice choice) {
        for (float dropout : new float[] {0.0f, 0.2f}) {
            List<float[]> expected = run(Choice.SCALAR, NEVER, dropout);
            List<float[]> actual = run(choice, ALWAYS, dropout);
            for (int i = 0; i < expected.size(); i++) {
                assertThat(actual.get(i)).containsExactly(expected.get(i));
            }
        }
    }
}
