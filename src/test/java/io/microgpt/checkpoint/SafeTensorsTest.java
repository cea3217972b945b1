package io.microgpt.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafeTensorsTest {
    @Test
    void everyBitComesBackFromFilesLongerThanTheBuffer() throws IOException {
        float[] flat = new float[40_000];
        for (int i = 0; i < flat.length; i++) {
            flat[i] = i < 30_000 ? i * 0.37f : Samples.SPECIAL[i % Samples.SPECIAL.length];
        }
        byte[] file = write(new SafeTensors.Matrix("b", flat, 1, 300, 100), matrix("a", flat));
        try (SafeTensorsReader reader = open(file)) {
            assertThat(reader.metadata()).containsExactly(Map.entry("key", "välue"));
            assertThat(reader.tensors()).extracting(TensorInfo::name).containsExactly("b", "a");
            assertThat(reader.tensors().get(0).shape()).containsExactly(300L, 100L);
            float[] rows = reader.readFloats(reader.tensors().get(0));
            assertThat(Samples.bits(rows)).isEqualTo(Samples.bits(Arrays.copyOfRange(flat, 1, 30_001)));
            float[] all = new float[flat.length + 1];
            reader.readFloats(reader.tensors().get(1), all, 1);
            assertThat(Samples.bits(Arrays.copyOfRange(all, 1, all.length))).isEqualTo(Samples.bits(flat));
            reader.finish();
        }
    }

    @Test
    void theDataBeginOnAMultipleOfEightBytes() throws IOException {
        for (String name : List.of("a", "ab", "abc", "abcd", "abcde", "abcdef", "abcdefg", "abcdefgh")) {
            byte[] file = write(matrix(name, new float[1]));
            assertThat(ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong() % 8)
                    .isZero();
        }
    }

    @Test
    void twoTensorsOfOneNameAreRefused() {
        float[] one = new float[1];
        assertThatThrownBy(() -> write(matrix("a", one), matrix("a", one)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("two tensors are called a");
    }

    /** Wide types first, the header in another order than the data, a scalar, an empty tensor, padding. */
    @Test
    void filesOfThePyTorchWorldAreRead(@TempDir Path directory) throws IOException {
        String header = "{\"tokens\":{\"dtype\":\"I32\",\"shape\":[3],\"data_offsets\":[24,36]},"
                + "\"__metadata__\":{\"format\":\"pt\"},"
                + "\"loss\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[0,8]},"
                + "\"none\":{\"dtype\":\"F32\",\"shape\":[0,5],\"data_offsets\":[24,24]},"
                + "\"w\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[8,24]}}   ";
        ByteBuffer data = ByteBuffer.allocate(36).order(ByteOrder.LITTLE_ENDIAN);
        data.putDouble(Math.PI)
                .putFloat(1)
                .putFloat(-0.0f)
                .putFloat(3)
                .putFloat(4)
                .putInt(7)
                .putInt(-8)
                .putInt(9);
        Path path = Files.write(directory.resolve("golden.safetensors"), file(header, data.array()));
        try (SafeTensorsReader reader = SafeTensorsReader.open(path)) {
            List<TensorInfo> tensors = reader.tensors();
            assertThat(tensors).extracting(TensorInfo::name).containsExactly("loss", "w", "none", "tokens");
            assertThat(reader.readDoubles(tensors.get(0))).containsExactly(Math.PI);
            assertThat(Samples.bits(reader.readFloats(tensors.get(1))))
                    .isEqualTo(Samples.bits(new float[] {1, -0.0f, 3, 4}));
            assertThat(reader.readFloats(tensors.get(2))).isEmpty();
            assertThat(reader.readInts(tensors.get(3))).containsExactly(7, -8, 9);
            reader.finish();
        }
        try (SafeTensorsReader reader = SafeTensorsReader.open(path)) {
            assertThat(reader.readInts(reader.tensors().get(3)))
                    .as("the others passed over")
                    .containsExactly(7, -8, 9);
            assertThatThrownBy(() -> reader.readDoubles(reader.tensors().get(0)))
                    .hasMessageEndingWith("read tensors in the order of tensors()");
            assertThatThrownBy(() -> reader.readDoubles(reader.tensors().get(1)))
                    .hasMessageEndingWith("tensor w is F32, F64 was expected");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "[]                                                       | a JSON object was expected",
                "{\"a\":7}                                                | field a is 7, an object was expected",
                "{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}           | has no field a.dtype",
                "{\"a\":{\"dtype\":\"BF16\",\"shape\":[4],\"data_offsets\":[0,8]}} | dtype BF16 cannot be read",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}} | data_offsets has 1 numbers",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}} | a list of lengths was expected",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}} | a list of lengths was expected",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}} | shape [3] of F32 takes 12",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,8]}} | has more",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}} | span -8 bytes",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}} | begins at byte 4",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}} | take 4 bytes, the file has 8 after",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[9],\"data_offsets\":[0,36]}} | take 36 bytes",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,8]}} | lengths",
                "{\"__metadata__\":{\"a\":1}}                             | __metadata__.a is 1, a text",
                "{\"a\":{},\"a\":{}}                                      | is not valid JSON: Duplicate field",
                "{} {}                                                    | is not valid JSON: Trailing token",
                "{\"a\"                                                   | is not valid JSON: Unexpected end-of-input"
            })
    void unsoundHeadersAreRefused(String header, String reason) {
        assertDamaged(file(header, new byte[8]), reason);
    }

    @Test
    void hostileHeadersCostNoMemory() {
        assertDamaged(file("{\"a\":" + "[".repeat(100_000), new byte[8]), "nesting depth");
        assertDamaged(
                file("{\"a\":[" + "{},".repeat(2_000_000) + "{}]}", new byte[8]), "more than 1000000 JSON tokens");
    }

    @ParameterizedTest
    @CsvSource({"0,0", "1,1", "-1,18446744073709551615", "1099511627776,1099511627776", "100000001,100000001"})
    void hostileHeaderLengthsAreRefused(long length, String shown) {
        byte[] file = ByteBuffer.allocate(64)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(length)
                .array();
        assertDamaged(file, "claims a header of " + shown + " bytes, from 2 to 56 are possible in a file of 64");
    }

    @Test
    void aHeaderThatIsNotUtf8IsRefused() {
        byte[] file = file("{\"?\":{}}", new byte[0]);
        file[10] = (byte) 0xC3;
        assertDamaged(file, "is not valid UTF-8");
    }

    @Test
    void everyTruncationIsNoticed() throws IOException {
        float[] flat = {1, 2, 3};
        byte[] whole = write(matrix("a", flat));
        for (int length = 0; length < whole.length; length++) {
            assertDamaged(Arrays.copyOf(whole, length), "model.safetensors: ");
            byte[] cut = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> readAll(cut, whole.length)).isInstanceOf(CheckpointException.class);
        }
        assertThatThrownBy(() -> readAll(Arrays.copyOf(whole, whole.length + 1), whole.length))
                .hasMessage("model.safetensors: goes on after its last tensor");
    }

    private static void assertDamaged(byte[] file, String reason) {
        assertThatThrownBy(() -> open(file))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith("model.safetensors: ")
                .hasMessageContaining(reason);
    }

    private static SafeTensors.Matrix matrix(String name, float[] values) {
        return new SafeTensors.Matrix(name, values, 0, 1, values.length);
    }

    private static byte[] write(SafeTensors.Matrix... matrices) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        SafeTensors.write(out, Map.of("key", "välue"), List.of(matrices));
        return out.toByteArray();
    }

    private static byte[] file(String header, byte[] data) {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(Long.BYTES + json.length + data.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.length)
                .put(json)
                .put(data)
                .array();
    }

    private static SafeTensorsReader open(byte[] file) throws IOException {
        return SafeTensorsReader.open(new ByteArrayInputStream(file), file.length, "model.safetensors");
    }

    private static void readAll(byte[] file, long claimedLength) throws IOException {
        try (SafeTensorsReader reader =
                SafeTensorsReader.open(new ByteArrayInputStream(file), claimedLength, "model.safetensors")) {
            reader.finish();
        }
    }
}
