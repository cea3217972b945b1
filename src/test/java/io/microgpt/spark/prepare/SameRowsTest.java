package io.microgpt.spark.prepare;

import static org.assertj.core.api.Assertions.assertThat;

import io.microgpt.data.Manifest;
import io.microgpt.spark.LocalSpark;
import io.microgpt.spark.Texts;
import io.microgpt.spark.input.InputFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Preparing is order-free: where the rows stand and in which format makes no difference to a byte of the dataset. */
class SameRowsTest {
    private static final List<String> DOCUMENTS = Texts.documents(400, 11);

    @TempDir
    private static Path shared;

    private static Map<String, String> content;
    private static Manifest manifest;

    @TempDir
    private Path directory;

    /** Ways to put the same documents into files. */
    private enum Arrangement {
        OTHER_ORDER(InputFormat.LINES) {
            @Override
            void write(Path to, List<String> documents) {
                List<String> shuffled = new ArrayList<>(documents);
                Collections.shuffle(shuffled, new Random(5));
                Texts.write(to.resolve("a.txt"), Texts.lines(shuffled));
            }
        },
        SEVEN_FILES(InputFormat.LINES) {
            @Override
            void write(Path to, List<String> documents) {
                deal(to, documents, 7, "%d.txt", Texts::lines);
            }
        },
        OTHER_NAMES_AND_DIRECTORIES(InputFormat.LINES) {
            @Override
            void write(Path to, List<String> documents) {
                deal(to, documents, 3, "z%d/deeper/x.log", Texts::lines);
                Texts.write(to.resolve("_SUCCESS"), "not data");
                Texts.write(to.resolve(".hidden"), "not data");
                Texts.write(to.resolve("_temporary/0/part"), "not data");
                Texts.write(to.resolve("empty"), "");
            }
        },
        WINDOWS_LINES(InputFormat.LINES) {
            @Override
            void write(Path to, List<String> documents) {
                deal(to, documents, 2, "%d.txt", part -> Texts.lines(part).replace("\n", "\r\n"));
            }
        },
        PACKED(InputFormat.LINES) {
            @Override
            void write(Path to, List<String> documents) {
                deal(to, documents, 3, "%d.txt.gz", Texts::lines);
            }
        },
        BLOCKS(InputFormat.BLOCKS) {
            @Override
            void write(Path to, List<String> documents) {
                deal(to, documents, 2, "%d.txt", part -> Texts.lines(part).replace("\n", "\n\n"));
            }
        },
        JSON_LINES(InputFormat.JSONL) {
            @Override
            void write(Path to, List<String> documents) {
                deal(to, documents, 2, "%d.jsonl", Texts::jsonLines);
            }
        },
        CSV(InputFormat.CSV) {
            @Override
            void write(Path to, List<String> documents) {
                deal(to, documents, 2, "%d.csv", Texts::csv);
            }
        },
        PARQUET(InputFormat.PARQUET) {
            @Override
            void write(Path to, List<String> documents) {
                parquet(to, documents, "string");
            }
        },
        PARQUET_OF_BYTES(InputFormat.PARQUET) {
            @Override
            void write(Path to, List<String> documents) {
                parquet(to, documents, "binary");
            }
        };

        private final InputFormat format;

        Arrangement(InputFormat format) {
            this.format = format;
        }

        abstract void write(Path to, List<String> documents);

        private interface Layout {
            String of(List<String> documents);
        }

        private static void deal(Path to, List<String> documents, int files, String name, Layout layout) {
            List<List<String>> dealt = Texts.dealt(documents, files);
            for (int i = 0; i < files; i++) {
                Texts.write(to.resolve(String.format(name, i)), layout.of(dealt.get(i)));
            }
        }

        private static void parquet(Path to, List<String> documents, String type) {
            var rows = LocalSpark.session()
                    .createDataset(documents, Encoders.STRING())
                    .toDF("text");
            rows.select(functions.lit(1).as("id"), rows.col("text").cast(type))
                    .repartition(3)
                    .write()
                    .parquet(to.toString());
        }
    }

    @BeforeAll
    static void prepareTheReference() {
        Path file = Texts.write(shared.resolve("plain.txt"), Texts.lines(DOCUMENTS));
        Prepared prepared = Preparing.of(file, InputFormat.LINES).into(shared.resolve("reference"));
        content = prepared.content();
        manifest = prepared.manifest();
    }

    @Test
    void referenceHasWhatTheOthersAreHeldAgainst() {
        assertThat(content.keySet())
                .containsExactly(
                        "test/shard-00000.parquet",
                        "test/shard-00001.parquet",
                        "test/shard-00002.parquet",
                        "tokenizer.json",
                        "train/shard-00000.parquet",
                        "train/shard-00001.parquet",
                        "train/shard-00002.parquet");
        assertThat(manifest.train())
                .allSatisfy(shard -> assertThat(shard.documents()).isGreaterThan(50));
        assertThat(manifest.test())
                .allSatisfy(shard -> assertThat(shard.documents()).isGreaterThan(10));
    }

    @ParameterizedTest
    @EnumSource
    void sameRowsGiveTheSameBytes(Arrangement arrangement) {
        Path input = directory.resolve("input");
        arrangement.write(input, DOCUMENTS);

        Prepared prepared = Preparing.of(input, arrangement.format).into(directory.resolve("out"));

        assertThat(prepared.statistics().rows()).isEqualTo(DOCUMENTS.size());
        assertThat(prepared.statistics().rejected()).isZero();
        assertThat(prepared.content()).isEqualTo(content);
        assertThat(prepared.manifest().train()).isEqualTo(manifest.train());
        assertThat(prepared.manifest().test()).isEqualTo(manifest.test());
        assertThat(prepared.manifest().fingerprint()).isEqualTo(manifest.fingerprint());
    }

    @Test
    void globNamesSomeOfTheFiles() {
        Arrangement.SEVEN_FILES.write(directory.resolve("input"), DOCUMENTS);
        Texts.write(directory.resolve("input/other.csv"), "not data");

        Prepared prepared = Preparing.of(directory.resolve("input") + "/*.txt", InputFormat.LINES)
                .into(directory.resolve("out"));

        assertThat(prepared.content()).isEqualTo(content);
    }

    @Test
    void documentsOfSeveralLinesAreTheSameInAllFormatsThatHaveThem() {
        List<String> documents = Texts.dealt(DOCUMENTS.subList(0, 120), 40).stream()
                .map(lines -> String.join("\n", lines))
                .toList();
        Path blocks = Texts.write(
                directory.resolve("blocks.txt"),
                documents.stream().map(block -> block + "\n\n").collect(Collectors.joining()));
        Path json = Texts.write(directory.resolve("in.jsonl"), Texts.jsonLines(documents));
        Path csv = Texts.write(directory.resolve("in.csv"), Texts.csv(documents));
        Path windows = Texts.write(
                directory.resolve("windows.csv"), Texts.csv(documents).replace("\n", "\r\n"));
        Path parquet = directory.resolve("parquet");
        Arrangement.PARQUET.write(parquet, documents);

        Prepared expected = Preparing.of(blocks, InputFormat.BLOCKS).into(directory.resolve("1"));

        assertThat(expected.statistics().rows()).isEqualTo(40);
        assertThat(Map.of(
                        "jsonl",
                                Preparing.of(json, InputFormat.JSONL)
                                        .into(directory.resolve("2"))
                                        .content(),
                        "csv",
                                Preparing.of(csv, InputFormat.CSV)
                                        .into(directory.resolve("3"))
                                        .content(),
                        "windows",
                                Preparing.of(windows, InputFormat.CSV)
                                        .into(directory.resolve("4"))
                                        .content(),
                        "parquet",
                                Preparing.of(parquet, InputFormat.PARQUET)
                                        .into(directory.resolve("5"))
                                        .content()))
                .allSatisfy((format, bytes) -> assertThat(bytes).isEqualTo(expected.content()));
    }

    /** It is what invalid text is shown as, but valid itself. */
    @ParameterizedTest
    @EnumSource(names = {"CSV", "PARQUET"})
    void replacementCharacterIsACharacterLikeAnyOther(Arrangement arrangement) {
        List<String> documents = List.of("a\uFFFDb", "ab", "b\uFFFD", "ba");
        arrangement.write(directory.resolve("input"), documents);

        Prepared prepared =
                Preparing.of(directory.resolve("input"), arrangement.format).into(directory.resolve("out"));

        assertThat(prepared.statistics().rejected()).isZero();
        assertThat(prepared.texts()).containsExactlyInAnyOrderElementsOf(documents);
    }

    /** Excel writes one, and so do many other programs on Windows; Spark's own readers pass it over. */
    @ParameterizedTest
    @EnumSource(names = {"WINDOWS_LINES", "BLOCKS", "JSON_LINES", "CSV"})
    void byteOrderMarkIsNoPartOfTheText(Arrangement arrangement) throws IOException {
        List<String> documents = List.of("ab", "ba", "bb");
        arrangement.write(directory.resolve("input"), documents);
        try (Stream<Path> files = Files.list(directory.resolve("input"))) {
            Path marked = files.sorted().findFirst().orElseThrow();
            Texts.write(marked, "\uFEFF" + Files.readString(marked));
        }

        Prepared prepared =
                Preparing.of(directory.resolve("input"), arrangement.format).into(directory.resolve("out"));

        assertThat(prepared.statistics().rejected()).isZero();
        assertThat(prepared.texts()).containsExactlyInAnyOrderElementsOf(documents);
    }
}
