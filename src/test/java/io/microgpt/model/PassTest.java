package io.microgpt.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.KernelProvider.Choice;
import io.microgpt.kernel.Kernels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Neither what is grouped with what nor what a pass did before changes a bit of a gradient or of a loss. */
class PassTest {
    private static final GptConfig SHAPE = new GptConfig(29, 20, 4, 2, 130, 33);
    private static final float SMOOTHING = 0.1f;

    private final Kernels kernels = KernelProvider.choose(Choice.AUTO).kernels();
    private final Gpt gpt = new Gpt(SHAPE, kernels);
    private final Weights weights = new Weights(SHAPE, TinyModels.weights(SHAPE, 12), kernels);

    /** More rows than the 1024 of a group, in documents shorter and longer than a block of rows in attention. */
    private final List<int[]> documents = TinyModels.documents(
            SHAPE, 3, 130, 1, 7, 49, 48, 96, 3, 130, 16, 47, 2, 130, 97, 64, 17, 15, 130, 128, 1, 129, 33, 32, 90);

    @Test
    void aRunIsItsDocumentsOneByOne() {
        assertThat(rows(documents)).isGreaterThan(1024);
        Result together = new Result(gpt, weights, 1);
        together.pass(new Pass(gpt), pass -> {
            pass.gradient(together.gradients[0], false);
            together.add(pass, documents);
        });
        Result alone = new Result(gpt, weights, 1);
        for (int[] document : documents) {
            alone.pass(new Pass(gpt), pass -> {
                pass.gradient(alone.gradients[0], false);
                alone.add(pass, List.of(document));
            });
        }
        together.same(alone);
        assertThat(together.losses).hasSize(documents.size());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void severalRunsAreSeveralPasses(long seed) {
        List<List<int[]>> runs = split(documents, seed);
        Result together = new Result(gpt, weights, runs.size());
        together.pass(new Pass(gpt), pass -> {
            for (int i = 0; i < runs.size(); i++) {
                pass.gradient(together.gradients[i], false);
                together.add(pass, runs.get(i));
            }
        });
        together.same(separate(gpt, weights, runs));
        assertThat(together.losses).hasSize(documents.size());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void aFreshGradientReplacesWhatIsThere(long seed) {
        List<List<int[]>> runs = new ArrayList<>(split(documents, seed));
        runs.removeIf(List::isEmpty);
        runs.add(documents); // more than a group
        Result fresh = new Result(gpt, weights, runs.size());
        fresh.pass(new Pass(gpt), pass -> {
            for (int i = 0; i < runs.size(); i++) {
                Arrays.fill(fresh.gradients[i], Float.NaN);
                pass.gradient(fresh.gradients[i], true);
                fresh.add(pass, runs.get(i));
            }
        });
        fresh.same(separate(gpt, weights, runs));
    }

    /** The group is full just when the run begins, or after its first document, or in the middle of it. */
    @ParameterizedTest
    @ValueSource(ints = {6, 7, 8, 9})
    void aFreshRunWhereAGroupEnds(int before) {
        int[] positions = new int[before];
        Arrays.fill(positions, 128);
        List<List<int[]>> runs = List.of(
                TinyModels.documents(SHAPE, 4, positions),
                TinyModels.documents(SHAPE, 5, 128, 128),
                TinyModels.documents(SHAPE, 6, 3, 100));
        Result fresh = new Result(gpt, weights, runs.size());
        fresh.pass(new Pass(gpt), pass -> {
            for (int i = 0; i < runs.size(); i++) {
                Arrays.fill(fresh.gradients[i], Float.NaN);
                pass.gradient(fresh.gradients[i], true);
                fresh.add(pass, runs.get(i));
            }
        });
        fresh.same(separate(gpt, weights, runs));
    }

    @Test
    void aGradientThatIsNotFreshIsAddedTo() {
        Result twice = new Result(gpt, weights, 1);
        Result once = new Result(gpt, weights, 1);
        twice.pass(new Pass(gpt), pass -> {
            pass.gradient(twice.gradients[0], true);
            twice.add(pass, documents.subList(0, 4));
            pass.gradient(twice.gradients[0], false);
            twice.add(pass, documents.subList(4, 9));
        });
        once.pass(new Pass(gpt), pass -> {
            pass.gradient(once.gradients[0], true);
            once.add(pass, documents.subList(0, 9));
        });
        twice.same(once);
    }

    /** All runs of a group keep their gradient until it is done: with gradients of this size there are two in a group. */
    @Test
    void largeGradients() {
        GptConfig config = new GptConfig(60_000, 14, 2, 1, 60, 5);
        Gpt large = new Gpt(config, kernels);
        Weights of = new Weights(config, TinyModels.weights(config, 12), kernels);
        List<List<int[]>> runs = new ArrayList<>();
        for (int[] document : TinyModels.documents(config, 4, 9, 60, 1, 3, 20)) {
            runs.add(List.of(document));
        }
        Result together = new Result(large, of, runs.size());
        together.pass(new Pass(large), pass -> {
            for (int i = 0; i < runs.size(); i++) {
                pass.gradient(together.gradients[i], i % 2 == 0);
                together.add(pass, runs.get(i));
            }
        });
        together.same(separate(large, of, runs));
    }

    /** Logits are held for so many rows at a time, and runs begin and end anywhere in them. */
    @Test
    void runsAcrossChunksOfLogits() {
        GptConfig config = new GptConfig(60_000, 2, 1, 1, 130, 3);
        List<List<int[]>> runs = List.of(
                TinyModels.documents(config, 4, 130, 20),
                TinyModels.documents(config, 5, 60),
                TinyModels.documents(config, 6, 130, 90),
                TinyModels.documents(config, 7, 130));
        Workspace workspace = new Workspace();
        List<int[]> all = runs.stream().flatMap(List::stream).collect(Collectors.toList());
        workspace.ensure(config, TinyModels.sequences(config, all), true);
        assertThat(workspace.logitsRows).isBetween(1, 429); // otherwise this would prove nothing
        Gpt wide = new Gpt(config, kernels);
        Weights of = new Weights(config, TinyModels.weights(config, 12), kernels);
        Result together = new Result(wide, of, runs.size());
        together.pass(new Pass(wide), pass -> {
            for (int i = 0; i < runs.size(); i++) {
                Arrays.fill(together.gradients[i], i == 0 ? 0.0f : Float.NaN);
                pass.gradient(together.gradients[i], i > 0);
                together.add(pass, runs.get(i));
            }
        });
        together.same(separate(wide, of, runs));
    }

    @Test
    void lossesBetweenGradients() {
        List<int[]> first = documents.subList(0, 5);
        List<int[]> second = documents.subList(5, 9);
        Result mixed = new Result(gpt, weights, 2);
        mixed.pass(new Pass(gpt), pass -> {
            pass.losses();
            mixed.add(pass, first);
            pass.gradient(mixed.gradients[0], false);
            mixed.add(pass, first);
            pass.losses();
            mixed.add(pass, second);
            pass.gradient(mixed.gradients[1], true);
            mixed.add(pass, second);
            pass.losses();
            mixed.add(pass, documents);
        });
        Result expected = separate(gpt, weights, List.of(first, second));
        mixed.sameGradients(expected);
        List<Double> all = separate(gpt, weights, List.of(documents)).losses;
        assertThat(mixed.losses).hasSize(2 * 5 + 2 * 4 + documents.size());
        assertThat(mixed.losses.subList(0, 5)).isEqualTo(all.subList(0, 5));
        assertThat(mixed.losses.subList(5, 10)).isEqualTo(all.subList(0, 5));
        assertThat(mixed.losses.subList(10, 14)).isEqualTo(all.subList(5, 9));
        assertThat(mixed.losses.subList(14, 18)).isEqualTo(all.subList(5, 9));
        assertThat(mixed.losses.subList(18, mixed.losses.size())).isEqualTo(all);
    }

    /** So that the gradient of a run may be handed on with its last loss. */
    @Test
    void aLossIsReportedWhenItsGradientIsInPlace() {
        List<List<int[]>> runs = split(documents, 5);
        runs.removeIf(List::isEmpty);
        float[][] gradients = new float[runs.size()][SHAPE.parameters()];
        float[][] handedOn = new float[runs.size()][];
        int[] last = new int[runs.size()]; // number of each run's last document
        for (int i = 0; i < last.length; i++) {
            last[i] = (i == 0 ? -1 : last[i - 1]) + runs.get(i).size();
        }
        Pass pass = new Pass(gpt);
        pass.begin(weights, SMOOTHING, (document, sum, positions) -> {
            int run = Arrays.binarySearch(last, document);
            if (run >= 0) {
                handedOn[run] = gradients[run].clone();
                Arrays.fill(gradients[run], Float.NaN); // it is not touched again
            }
        });
        for (int i = 0; i < runs.size(); i++) {
            pass.gradient(gradients[i], true);
            runs.get(i).forEach(document -> pass.document(document, document.length));
        }
        pass.end();
        Result expected = separate(gpt, weights, runs);
        for (int i = 0; i < runs.size(); i++) {
            assertThat(bits(handedOn[i])).isEqualTo(bits(expected.gradients[i]));
            assertThat(gradients[i]).containsOnly(Float.NaN);
        }
    }

    @Test
    void aPassRemembersNothing() {
        Pass used = new Pass(gpt);
        Weights others = new Weights(SHAPE, TinyModels.weights(SHAPE, 13), kernels);
        float[] ignored = new float[SHAPE.parameters()];
        List<List<int[]>> batches = List.of(
                documents.subList(1, 2), documents, documents.subList(2, 3), documents.subList(0, 9), documents);
        for (List<int[]> batch : batches) {
            Result reused = new Result(gpt, weights, 1);
            reused.pass(used, pass -> {
                pass.gradient(reused.gradients[0], false);
                reused.add(pass, batch);
            });
            reused.same(separate(gpt, weights, List.of(batch)));
            gpt.loss(others, documents.subList(3, 12), used, (document, sum, positions) -> {});
            gpt.gradient(others, documents.subList(0, 1), 0.5f, ignored, used, (document, sum, positions) -> {});
        }
    }

    /** The message counts from the beginning of the pass, and what was gathered before is forgotten. */
    @Test
    void aDocumentThatDoesNotFit() {
        Pass pass = new Pass(gpt);
        float[] gradient = new float[SHAPE.parameters()];
        List<Integer> reported = new ArrayList<>();
        pass.begin(weights, 0.0f, (document, sum, positions) -> reported.add(document));
        pass.gradient(gradient, false);
        documents.forEach(document -> pass.document(document, document.length));
        int n = documents.size();
        assertThat(reported).isNotEmpty().hasSizeLessThan(n); // one group was done before
        assertThatThrownBy(() -> pass.document(new int[] {1, 29}, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("document " + n + " holds token 29, outside the vocabulary of 29");
        assertThatThrownBy(() -> pass.document(new int[200], 132))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("document " + n + " has 131 positions; a model with block size 130 takes 1 to 130");
        float[] before = gradient.clone();

        Result after = new Result(gpt, weights, 1);
        after.pass(pass, p -> {
            p.gradient(after.gradients[0], false);
            after.add(p, documents.subList(0, 3));
        });
        after.same(separate(gpt, weights, List.of(documents.subList(0, 3))));
        assertThat(bits(gradient)).isEqualTo(bits(before));
    }

    /** {@return what each list of documents gives by a pass of its own} */
    private static Result separate(Gpt gpt, Weights weights, List<List<int[]>> runs) {
        Result result = new Result(gpt, weights, runs.size());
        for (int i = 0; i < runs.size(); i++) {
            float[] gradient = result.gradients[i];
            List<int[]> run = runs.get(i);
            result.pass(new Pass(gpt), pass -> {
                pass.gradient(gradient, false);
                result.add(pass, run);
            });
        }
        return result;
    }

    /** {@return the documents in runs of random length, some of them empty} */
    private static List<List<int[]>> split(List<int[]> documents, long seed) {
        Random random = new Random(seed);
        List<List<int[]>> runs = new ArrayList<>();
        runs.add(List.of());
        for (int from = 0; from < documents.size(); ) {
            int to = Math.min(documents.size(), from + random.nextInt(2 * (int) seed + 1));
            runs.add(documents.subList(from, to));
            from = to;
        }
        runs.add(List.of());
        return runs;
    }

    private static int rows(List<int[]> documents) {
        return documents.stream().mapToInt(document -> document.length - 1).sum();
    }

    private static int[] bits(float[] gradient) {
        int[] bits = new int[gradient.length];
        Arrays.setAll(bits, i -> Float.floatToRawIntBits(gradient[i]));
        return bits;
    }

    /** Gradients and losses of passes, one after another. */
    private static final class Result {
        final Weights weights;
        final float[][] gradients;
        final List<Double> losses = new ArrayList<>();
        private final List<Integer> positions = new ArrayList<>();
        private final int[] buffer;

        Result(Gpt gpt, Weights weights, int runs) {
            this.weights = weights;
            this.gradients = new float[runs][gpt.config().parameters()];
            this.buffer = new int[gpt.config().blockSize() + 9];
        }

        void pass(Pass pass, java.util.function.Consumer<Pass> calls) {
            int before = losses.size();
            pass.begin(weights, SMOOTHING, (document, sum, n) -> {
                assertThat(document).isEqualTo(losses.size() - before);
                assertThat(n).isEqualTo(positions.get(losses.size()));
                losses.add(sum);
            });
            calls.accept(pass);
            pass.end();
            assertThat(losses).hasSameSizeAs(positions);
        }

        /** Through one array for all, longer than they are. */
        void add(Pass pass, List<int[]> documents) {
            for (int[] document : documents) {
                Arrays.fill(buffer, -1);
                System.arraycopy(document, 0, buffer, 0, document.length);
                positions.add(document.length - 1);
                pass.document(buffer, document.length);
            }
            Arrays.fill(buffer, -1);
        }

        void same(Result expected) {
            sameGradients(expected);
            assertThat(losses).isEqualTo(expected.losses).isNotEmpty();
        }

        /** And some are not zero. */
        void sameGradients(Result expected) {
            boolean some = false;
            for (int i = 0; i < gradients.length; i++) {
                assertThat(bits(gradients[i])).as("gradient %d", i).isEqualTo(bits(expected.gradients[i]));
                some |= Arrays.stream(bits(gradients[i])).anyMatch(b -> b << 1 != 0);
            }
            assertThat(some).isTrue();
            assertThat(expected.gradients).hasSameDimensionsAs(gradients);
        }
    }
}
