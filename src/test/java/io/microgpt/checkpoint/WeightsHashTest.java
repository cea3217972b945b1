package io.microgpt.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.microgpt.data.Sha256;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WeightsHashTest {
    @Test
    void nothingHashesToTheHashOfNothing() {
        assertThat(WeightsHash.sha256Hex(new float[0]))
                .isEqualTo("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 13, 16_383, 16_384, 16_385, 50_000})
    void isTheHashOfLittleEndianBytesWhateverTheSizeOfTheBuffer(int count) {
        ByteBuffer bytes = ByteBuffer.allocate(count * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        float[] values = new float[count];
        Random random = new Random(count);
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
            bytes.putInt(Float.floatToRawIntBits(values[i]));
        }
        assertThat(WeightsHash.sha256Hex(values)).isEqualTo(Sha256.of(bytes.array()));
    }

    @Test
    void zeroAndMinusZeroDiffer() {
        assertThat(WeightsHash.sha256Hex(new float[] {0.0f})).isNotEqualTo(WeightsHash.sha256Hex(new float[] {-0.0f}));
    }
}
