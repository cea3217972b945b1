package io.microgpt.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.microgpt.checkpoint.CheckpointException;
import io.microgpt.checkpoint.CheckpointStore;
import io.microgpt.checkpoint.ForgedCheckpoint;
import io.microgpt.data.DamagedDirectory;
import io.microgpt.data.Dataset;
import io.microgpt.data.TrainingData;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checkpoints whose state was changed by somebody who made a manifest to match, and trainings that are to go on from them. */
class HostileStateTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String STATE = "trainer_state.json";
    private static final long STEP = 2;

    @TempDir
    private Path directory;

    private TrainingData data;
    private Path checkpoint;
    private DamagedDirectory damaged;
    private ObjectNode state;

    @BeforeEach
    void trainALittle() throws IOException {
        Dataset first = TinyDataset.write(directory.resolve("first"), 60, 1, 1);
        Dataset second =
                TinyDataset.write(directory.resolve("second"), TinyDataset.names(60, 2), 1, Optional.of(first));
        data = new TrainingData(second, Optional.of(first));
        TrainingRun run = run("run");
        run.steps = STEP;
        run.train();
        checkpoint = directory.resolve("run/step-0000000" + STEP);
        damaged = new DamagedDirectory(checkpoint);
        state = (ObjectNode) JSON.readTree(damaged.pristine().get(STATE));
    }

    private TrainingRun run(String name) {
        TrainingRun run = new TrainingRun(data, directory.resolve(name), TinyDataset.HADOOP);
        run.steps = STEP + 1;
        run.replayFraction = 0.3;
        run.evalEvery = 1;
        run.checkpointEvery = STEP;
        return run;
    }

    private void resume(String name) {
        run(name).train(Optional.of(CheckpointStore.loadDirectory(TinyDataset.HADOOP, checkpoint.toString())));
    }

    /** Whatever it remembers, no number of them is taken for another, and every number that is missing is named. */
    @Test
    void whatHasAnotherNumberOfValuesIsNamed() throws IOException {
        List<String> names = new ArrayList<>();
        state.get("memory").fieldNames().forEachRemaining(names::add);
        assertThat(names).contains("early_stop", "replay.documents", "replay.fraction", "guard.good_step");
        for (String name : names) {
            if (name.equals("guard.losses") || name.equals("guard.log_norms")) { // of any number
                continue;
            }
            for (int numbers : new int[] {0, 3}) {
                ObjectNode changed = state.deepCopy();
                ArrayNode values = ((ObjectNode) changed.get("memory")).putArray(name);
                for (int i = 0; i < numbers; i++) {
                    values.add(i);
                }
                put(changed);
                assertThatThrownBy(() -> resume("resumed"))
                        .isInstanceOf(CheckpointException.class)
                        .hasMessageContaining(
                                "/" + STATE + ": memory." + name + " has " + numbers + " numbers, but must");
            }
        }
    }

    /** A training that begins with it goes on, or ends with an error that says why. */
    @Test
    void noStateEndsInAnotherException() throws IOException {
        for (int seed = 0; seed < 60; seed++) {
            Random random = new Random(seed);
            ObjectNode changed = state.deepCopy();
            ObjectNode memory = (ObjectNode) changed.get("memory");
            List<String> names = new ArrayList<>();
            memory.fieldNames().forEachRemaining(names::add);
            for (int i = 0; i <= random.nextInt(3); i++) {
                String name = names.get(random.nextInt(names.size()));
                int numbers = random.nextBoolean() && memory.has(name)
                        ? memory.get(name).size()
                        : random.nextInt(4);
                ArrayNode values = memory.putArray(name);
                for (int n = 0; n < numbers; n++) {
                    hostile(values, random);
                }
                if (random.nextInt(5) == 0) {
                    memory.remove(name);
                }
            }
            put(changed);
            try {
                resume("resumed-" + seed);
            } catch (CheckpointException | IllegalArgumentException | DivergenceException e) {
                assertThat(e).as("seed %d: %s", seed, memory).hasMessageNotContaining("Index");
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed + ": " + memory, e);
            }
        }
    }

    private static void hostile(ArrayNode values, Random random) {
        switch (random.nextInt(5)) {
            case 0 -> values.add("NaN");
            case 1 -> values.add(random.nextBoolean() ? "Infinity" : "-Infinity");
            case 2 -> values.add(-1);
            case 3 -> values.add(1e300);
            default -> values.add(random.nextGaussian());
        }
    }

    private void put(ObjectNode changed) throws IOException {
        SortedMap<String, byte[]> files = new TreeMap<>(damaged.pristine());
        files.put(STATE, JSON.writeValueAsBytes(changed));
        ForgedCheckpoint.sign(files, STEP);
        damaged.put(files);
    }
}
