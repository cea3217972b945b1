package io.microgpt.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.microgpt.data.Manifest.Shard;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ManifestTest {
    private static final Manifest MANIFEST = manifest(16, "tok", "aa");

    @Test
    void comesBackFromJson() {
        Manifest back = Manifest.parse(MANIFEST.toJson(), "dir/manifest.json");
        assertThat(back).isEqualTo(MANIFEST);
        assertThat(back.fingerprint()).isEqualTo(MANIFEST.fingerprint());
        assertThat(back.toJson()).isEqualTo(MANIFEST.toJson());
    }

    @Test
    void sumsOverShards() {
        assertThat(MANIFEST.documents(Part.TRAIN)).isEqualTo(3_000_000_005L);
        assertThat(MANIFEST.positions(Part.TRAIN)).isEqualTo(8_000_000_040L);
        assertThat(MANIFEST.documents(Part.TEST)).isEqualTo(1);
        assertThat(MANIFEST.positions(Part.TEST)).isEqualTo(7);
        assertThat(MANIFEST.shards(Part.TEST)).hasSize(3);
    }

    @Test
    void filesAreNamedByPartAndShard() {
        assertThat(Manifest.file(Part.TRAIN, 0)).isEqualTo("train/shard-00000.parquet");
        assertThat(Manifest.file(Part.TEST, 12_345)).isEqualTo("test/shard-12345.parquet");
    }

    @Test
    void fingerprintIsThatOfWhatTrainingSees() {
        String fingerprint = MANIFEST.fingerprint();
        assertThat(manifest(17, "tok", "aa").fingerprint()).isNotEqualTo(fingerprint);
        assertThat(manifest(16, "kot", "aa").fingerprint()).isNotEqualTo(fingerprint);
        assertThat(manifest(16, "tok", "ab").fingerprint()).isNotEqualTo(fingerprint);
        Manifest elsewhere =
                new Manifest(16, 300, "tok", Map.of("data.path", "other"), Map.of(), MANIFEST.train(), MANIFEST.test());
        assertThat(elsewhere.fingerprint()).isEqualTo(fingerprint);
        Manifest swapped = new Manifest(16, 300, "tok", Map.of(), Map.of(), MANIFEST.test(), MANIFEST.train());
        assertThat(swapped.fingerprint()).isNotEqualTo(fingerprint);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"format\"              | \"farmat\"               | : field format is missing, but must be a text",
                "microgpt-dataset        | macrogpt                 | : format macrogpt version 2 is not microgpt-dataset",
                "\"version\" : 2         | \"version\" : 1          | : format microgpt-dataset version 1 is not",
                "\"version\" : 2         | \"version\" : 0          | : field version is 0, but must be an integer from 1",
                "\"block_size\" : 16     | \"block_size\" : \"16\"  | : field block_size is \"16\", but must be an integer",
                "\"block_size\" : 16     | \"block_size\" : 0       | : field block_size is 0, but must be an integer from 1",
                "\"block_size\" : 16     | \"block_size\" : 16.5    | : field block_size is 16.5, but must be an integer",
                "\"block_size\" : 16     | \"block_size\" : 2147483648 | : field block_size is 2147483648, but must be",
                "\"block_size\" : 16     | \"block_size\" : 17      | : fingerprint ",
                "\"vocabulary_size\" : 300 | \"x\" : 1              | : field vocabulary_size is missing, but must be",
                "\"vocabulary_size\" : 300 | \"vocabulary_size\" : -1 | : field vocabulary_size is -1, but must be",
                "\"vocabulary_size\" : 300 | \"vocabulary_size\" : 1048577 | : field vocabulary_size is 1048577, but must be",
                "\"tok\"                 | null                     | : field tokenizer_sha256 is null, but must be a text",
                "\"tok\"                 | \"kot\"                  | : fingerprint ",
                "\"settings\"            | \"sittings\"             | : field settings is missing, but must be an object",
                "\"statistics\" : {      | \"statistics\" : 5, \"s\" : { | : field statistics is 5, but must be an object",
                "\"train\" :             | \"strain\" :             | : field train is missing, but must be an array",
                "\"test\" : [            | \"test\" : 7, \"t\" : [  | : field test is 7, but must be an array",
                "\"test\" : [            | \"test\" : [], \"t\" : [ | : 3 train shards and 0 test shards; there must be",
                "\"documents\" : 5       | \"documents\" : -5       | , train[0]: field documents is -5, but must be",
                "\"documents\" : 5       | \"documents\" : 2147483648 | , train[0]: field documents is 2147483648, but",
                "\"positions\" : 7       | \"positions\" : []       | , test[1]: field positions is [], but must be",
                "\"positions\" : 7       | \"positions\" : 9223372036854775808 | , test[1]: field positions is 922337",
                "\"aa\"                  | 1                        | , train[0]: field sha256 is 1, but must be a text",
                "\"aa\"                  | \"ab\"                   | : fingerprint ",
                "\"fingerprint\"         | \"fongerprint\"          | : field fingerprint is missing, but must be a text",
                "\"bytes\" : 900         | \"bytes\" : -900         | , train[0]: field bytes is -900, but must be",
                "\"bytes\" : 900         | \"bytes\" : 901          | : does not end with the checksum of its content",
                "\"file_sha256\"         | \"life_sha256\"          | , train[0]: field file_sha256 is missing, but must be",
                "\"data.seed\" : \"1\"   | \"data.seed\" : \"2\"    | : does not end with the checksum of its content",
                "manifest_sha256         | manifest_sha255          | : does not end with the checksum of its content"
            })
    void damageIsNamed(String original, String damaged, String reason) {
        assertThat(MANIFEST.toJson()).contains(original);
        String json = MANIFEST.toJson().replaceFirst(java.util.regex.Pattern.quote(original), damaged);
        assertThatThrownBy(() -> Manifest.parse(json, "dir/manifest.json"))
                .isInstanceOf(DatasetException.class)
                .hasMessageStartingWith("dir/manifest.json" + reason);
    }

    @Test
    void noShardsAtAll() {
        String json = new Manifest(16, 300, "tok", Map.of(), Map.of(), List.of(), List.of()).toJson();
        assertThatThrownBy(() -> Manifest.parse(json, "m"))
                .isInstanceOf(DatasetException.class)
                .hasMessage("m: 0 train shards and 0 test shards; there must be as many of both, at least one");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "null", "[]", "5", "\"text\""})
    void anotherValueThanAnObject(String json) {
        assertThatThrownBy(() -> Manifest.parse(json, "m"))
                .isInstanceOf(DatasetException.class)
                .hasMessageStartingWith("m: field format is missing");
    }

    /** A file cut off anywhere. */
    @Test
    void notJson() {
        String json = MANIFEST.toJson().trim();
        for (int length = 1; length < json.length(); length++) {
            String cut = json.substring(0, length);
            assertThatThrownBy(() -> Manifest.parse(cut, "m"))
                    .isInstanceOf(DatasetException.class)
                    .hasMessageStartingWith("m: is not JSON (")
                    .hasMessageEndingWith("); prepare the dataset again");
        }
    }

    /** The text that the checksum is of; what follows it is fixed. */
    @Test
    void notABitCanChangeUnseen() {
        byte[] json = MANIFEST.toJson().getBytes(StandardCharsets.UTF_8);
        for (int at = 0; at < json.length; at++) {
            byte[] damaged = json.clone();
            damaged[at] ^= (byte) (1 << at % Byte.SIZE);
            String text = new String(damaged, StandardCharsets.UTF_8);
            assertThatThrownBy(() -> Manifest.parse(text, "m"))
                    .as("bit %d of byte %d", at % Byte.SIZE, at)
                    .isExactlyInstanceOf(DatasetException.class)
                    .hasMessageStartingWith("m");
        }
        for (String more : List.of(" ", "\n", "}", "{}")) {
            assertThatThrownBy(() -> Manifest.parse(MANIFEST.toJson() + more, "m"))
                    .isExactlyInstanceOf(DatasetException.class)
                    .hasMessageStartingWith("m: ");
        }
    }

    @Test
    void moreJsonThanAnyManifestHasIsRefusedBeforeItFillsTheMemory() {
        String json = "{\"settings\": [" + "[],".repeat(1_100_000) + "[]]}";
        assertThatThrownBy(() -> Manifest.parse(json, "m"))
                .isInstanceOf(DatasetException.class)
                .hasMessageStartingWith("m: is not JSON (Token count (2097153) exceeds the maximum allowed (2097152");
    }

    private static Manifest manifest(int blockSize, String tokenizer, String sha256) {
        return new Manifest(
                blockSize,
                300,
                tokenizer,
                Map.of("data.path", "a \"name\"", "data.seed", "1"),
                Map.of("rows", 5_000_000_000L, "rejected", 0L),
                List.of(
                        new Shard(5, 40, sha256, 900, "f0"),
                        new Shard(2_000_000_000, 8_000_000_000L, "bb", 20_000_000_000L, "f1"),
                        new Shard(1_000_000_000, 0, "cc", 12, "f2")),
                List.of(
                        new Shard(0, 0, "dd", 12, "f3"),
                        new Shard(1, 7, "ee", 12, "f4"),
                        new Shard(0, 0, "dd", 12, "f3")));
    }
}
