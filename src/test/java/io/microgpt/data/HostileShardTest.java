package io.microgpt.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.sun.management.ThreadMXBean;
import io.microgpt.data.ForgedShard.Page;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.CompressionCodec;
import org.apache.parquet.format.Encoding;
import org.apache.parquet.format.FieldRepetitionType;
import org.apache.parquet.format.PageType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Shard files made to do harm, under a manifest that fits them: each claim beyond what is there ends in a {@link DatasetException},
 * and before anything is allocated for it.
 */
class HostileShardTest {
    private static final Configuration HADOOP = new Configuration(false);
    private static final int VOCABULARY = 300;
    private static final int BLOCK = 20;
    private static final int DOCUMENTS = 50;
    /** Far more than these few kilobytes need, with the classes that are loaded for it, and far less than is claimed. */
    private static final long MOST_ALLOCATED = 32 << 20;

    @TempDir
    private Path directory;

    private Path file;
    private Manifest.Shard honest;
    private ForgedShard forged;

    @BeforeEach
    void writeOne() throws IOException {
        file = directory.resolve("a.parquet");
        Random random = new Random(1);
        try (ShardFile.Writer writer = new ShardFile.Writer(HADOOP, hadoop())) {
            for (int d = 0; d < DOCUMENTS; d++) {
                writer.add(random.ints(2 + random.nextInt(BLOCK - 1), 0, VOCABULARY)
                        .toArray());
            }
            honest = writer.description();
        }
        // The checksum that the local file system keeps would find the damage first.
        Files.delete(directory.resolve(".a.parquet.crc"));
        forged = new ForgedShard(Files.readAllBytes(file));
    }

    @Test
    void takenApartAndPutTogetherItIsTheSame() throws IOException {
        byte[] again = forged.bytes();
        assertThat(read(again, matching(again)).sha256()).isEqualTo(honest.sha256());
        assertThat(forged.pages)
                .extracting(page -> page.header().type)
                .containsExactly(PageType.DICTIONARY_PAGE, PageType.DATA_PAGE);
    }

    @ParameterizedTest
    @ValueSource(ints = {Integer.MAX_VALUE, -1, Integer.MIN_VALUE, 1 << 20, 100_000})
    void footerLongerThanTheFile(int length) throws IOException {
        refused(
                forged.bytesWithFooterOf(length),
                "it claims a footer of " + Integer.toUnsignedLong(length) + " bytes, at most ");
    }

    @Test
    void footerOfAnotherPlace() throws IOException {
        byte[] whole = forged.bytes();
        for (int length = 0; length < whole.length - 12; length += 7) {
            if (length != forged.footer().length) {
                refused(forged.bytesWithFooterOf(length), "");
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "29 FC FF FF FF FF 07, a list of 2147483647 elements",
        "49 FC FF FF FF FF 07, a list of 2147483647 elements",
        "29 F5 FF FF FF FF FF FF FF FF FF 01, a list of -1 elements",
        "18 FF FF FF FF 07, a text of 2147483647 bytes",
        "18 FF FF FF FF FF FF FF FF FF 01, a text of -1 bytes",
        "16 FF FF FF FF FF FF FF FF FF FF, a number of more than 64 bits",
        "1B FF FF FF FF 07 88, a value of type 11",
        "15, a part of it ends too early",
        "'1C 1C 1C 1C 1C 1C 1C 1C 1C 1C 1C 1C 1C 1C 1C 1C 1C 1C 1C 1C', structs or lists are nested more than 16 deep",
        "'29 1C 1C 1C 1C 1C 1C 1C 1C 1C 1C 1C 1C 1C 1C 1C 1C 1C 1C 1C', structs or lists are nested more than 16 deep",
        "'19 19 19 19 19 19 19 19 19 19 19 19 19 19 19 19 19 19 19 19', structs or lists are nested more than 16 deep",
        "00, schema is missing",
        "25 04 00, 'schema is 2, but must be a list of structs'",
        "29 15 04 00, 'schema is a ArrayList, but must be a list of structs'",
        "29 0C 00, its schema is []"
    })
    void footerThatClaimsMoreThanItHas(String hex, String reason) throws IOException {
        refused(forged.bytesWithFooter(ForgedShard.hex(hex)), reason);
    }

    /** Each is a byte of the file, and would be a hundred of memory. */
    @Test
    void footerOfManyEmptyStructs() throws IOException {
        refused(forged.bytesWithFooter(emptyStructs((1 << 20) - 100)), "fields and elements are more than 65536");
    }

    @Test
    void pageHeaderOfManyEmptyStructs() throws IOException {
        byte[] page = emptyStructs(8 << 20);
        forged.pages.clear();
        forged.column().setData_page_offset(4);
        forged.column().unsetDictionary_page_offset();
        forged.column().setTotal_compressed_size(page.length);
        refused(forged.bytesOf(page), "a list of " + (8 << 20) + " elements, where 655");
    }

    @Test
    void pageHeaderThatDoesNotEnd() throws IOException {
        byte[] page = new byte[1 << 20];
        Arrays.fill(page, (byte) 0x11); // the next field, which is true
        forged.pages.clear();
        forged.column().setData_page_offset(4);
        forged.column().unsetDictionary_page_offset();
        forged.column().setTotal_compressed_size(page.length);
        refused(forged.bytesOf(page), "a part of it ends too early");
    }

    /** {@return a list of so many, as field 1 of a struct} */
    private static byte[] emptyStructs(int count) {
        byte[] struct = new byte[count + 7]; // an empty struct is a zero, as is the end of one
        struct[0] = 0x19;
        struct[1] = (byte) 0xFC;
        for (int i = 0; i < 4; i++) {
            struct[2 + i] = (byte) (count >>> 7 * i & 0x7F | (i < 3 ? 0x80 : 0));
        }
        return struct;
    }

    @ParameterizedTest
    @ValueSource(longs = {Long.MAX_VALUE, 1L << 40, Integer.MAX_VALUE, 100_000, -1, Long.MIN_VALUE})
    void columnBeyondTheFile(long claim) throws IOException {
        ColumnMetaData column = forged.column();
        column.setTotal_compressed_size(claim);
        refused(forged.bytesAsClaimed(), "total_compressed_size is " + claim + ", but must be an integer from 0 to ");
        column.setTotal_compressed_size(10);
        column.setNum_values(claim);
        refused(forged.bytesAsClaimed(), "num_values of a column is " + claim + ", but must be an integer from 0 to ");
        column.setNum_values(10);
        column.setData_page_offset(claim);
        refused(forged.bytesAsClaimed(), "data_page_offset is " + claim + ", but must be an integer from 4 to ");
        column.setData_page_offset(50);
        column.setDictionary_page_offset(claim);
        refused(
                forged.bytesAsClaimed(),
                "dictionary_page_offset is " + claim + ", but must be an integer from 4 to 50");
    }

    @Test
    void anotherKindOfColumn() throws IOException {
        forged.column().setCodec(CompressionCodec.GZIP);
        refused(forged.bytes(), "codec is 2, but must be an integer from 0 to 0");
        forged.column().setCodec(CompressionCodec.UNCOMPRESSED);
        forged.meta.getSchema().get(3).setRepetition_type(FieldRepetitionType.OPTIONAL);
        refused(
                forged.bytes(),
                "its schema is [group document of 1, group tokens of 1, repeated group list of 1, optional int32 element],"
                        + " that of a shard is [group document of 1");
        forged.meta.getSchema().get(3).setName("x".repeat(5000));
        assertThat(refused(forged.bytes(), "its schema is ")).hasSizeLessThan(800);
    }

    @Test
    void tokensThatAreReadTwice() throws IOException {
        forged.meta.addToRow_groups(forged.meta.getRow_groups().get(0));
        refused(forged.bytes(), "num_values of a column is ");
        forged.column().setNum_values(0);
        refused(forged.bytes(), "data_page_offset is ");
    }

    @Test
    void fewerTokensThanTheManifestSays() throws IOException {
        long tokens = honest.positions() + honest.documents();
        forged.column().setNum_values(tokens - 1);
        refused(forged.bytes(), "it has " + (tokens - 1) + " tokens, the manifest says " + tokens);
        forged.column().setNum_values(tokens);
        forged.pages.get(1).header().getData_page_header().setNum_values((int) tokens - 1);
        refused(forged.bytes(), "its pages end 1 tokens too early");
    }

    @ParameterizedTest
    @ValueSource(ints = {Integer.MAX_VALUE, 1 << 30, 100_000, -1, Integer.MIN_VALUE})
    void pageThatClaimsMoreThanItHas(int claim) throws IOException {
        Page dictionary = forged.pages.get(0);
        Page data = forged.pages.get(1);
        dictionary.header().getDictionary_page_header().setNum_values(claim);
        refused(forged.bytes(), "num_values of a dictionary is " + claim + ", but must be an integer from 0 to 2");
        dictionary.header().getDictionary_page_header().setNum_values(0);
        refused(forged.bytes(), "of a dictionary of 0");
        data.header().getData_page_header().setNum_values(claim);
        refused(forged.bytes(), "num_values of a page is " + claim + ", but must be an integer from 0 to ");
        data.header().setCompressed_page_size(claim);
        refused(forged.bytes(), "compressed_page_size is " + claim + ", but must be an integer from 0 to ");
    }

    @Test
    void anotherKindOfPage() throws IOException {
        Page data = forged.pages.get(1);
        data.header().getData_page_header().setEncoding(Encoding.DELTA_BINARY_PACKED);
        refused(forged.bytes(), "encoding 5 of a page is not one of a shard");
        data.header().setType(PageType.DATA_PAGE_V2);
        refused(forged.bytes(), "type of a page is 3, but must be an integer from 0 to 2");
        data.header().setType(PageType.DICTIONARY_PAGE);
        refused(forged.bytes(), "dictionary_page_header is missing");
    }

    /** Behind the levels of repetition and definition, of 4 bytes and a run of 2 each, stand the width of the numbers and their runs. */
    @ParameterizedTest
    @CsvSource({
        "FF FF FF 7F, levels of 2147483647 bytes",
        "FF FF FF FF, levels of -1 bytes",
        "02 00 00 00, 'levels of 2 bytes, where 0 are left'",
        "00 00 00 00 00 00 00 00 00, a part of it ends too early",
        "02 00 00 00 02 00 02 00 00 00 02 00 01 02 00, document 0 is empty",
        "02 00 00 00 02 00 02 00 00 00 02 01 21 02 00, numbers of 33 bits",
        "02 00 00 00 02 00 02 00 00 00 02 01 FF 02 00, numbers of -1 bits",
        "02 00 00 00 02 00 02 00 00 00 02 01 20 FF FF FF FF 0F, 'a run of 2147483647 times 32 packed bytes, where 0 are left'",
        "02 00 00 00 02 00 02 00 00 00 02 01 20 FF FF FF FF 1F, a run with the head 8589934591",
        "02 00 00 00 02 00 02 00 00 00 02 01 20 02 FF FF FF 7F, entry 2147483647 of a dictionary of ",
        "02 00 00 00 02 00 02 00 00 00 02 01 20 02 FF FF FF FF, entry -1 of a dictionary of ",
        "02 00 00 00 02 00 02 00 00 00 02 01 00 00 00 00 00, a part of it ends too early",
        "06 00 00 00 FE FF FF FF 0F 00 06 00 00 00 FE FF FF FF 0F 01 00 FE FF FF FF 0F, document 0 is one token",
        "06 00 00 00 FE FF FF FF 0F 01 06 00 00 00 FE FF FF FF 0F 01 00 FE FF FF FF 0F, document 0 is longer than"
    })
    void pageOfOtherBytes(String hex, String reason) throws IOException {
        forged.pages.set(1, forged.pages.get(1).with(ForgedShard.hex(hex)));
        refused(forged.bytes(), reason);
    }

    @ParameterizedTest
    @ValueSource(longs = {Long.MAX_VALUE, 1L << 40, Integer.MAX_VALUE})
    void manifestThatClaimsMoreThanMemoryHolds(long positions) throws IOException {
        byte[] content = forged.bytes();
        Manifest.Shard claim =
                new Manifest.Shard(honest.documents(), positions, honest.sha256(), content.length, Sha256.of(content));
        assertThatThrownBy(() -> read(content, claim))
                .isExactlyInstanceOf(DatasetException.class)
                .hasMessageStartingWith(file + ": cannot be read as a token shard (its " + positions
                        + " positions in 50 documents fit neither one array nor the "
                        + Runtime.getRuntime().maxMemory() + " bytes of this process's memory");
    }

    @Test
    void moreDocumentsThanTheManifestSays() throws IOException {
        byte[] content = forged.bytes();
        Manifest.Shard claim = new Manifest.Shard(
                DOCUMENTS - 1, honest.positions() + 1, honest.sha256(), content.length, Sha256.of(content));
        assertThatThrownBy(() -> read(content, claim))
                .hasMessageContaining("it holds more than the 49 documents of the manifest");
    }

    /** Whatever bytes: the tokens of the manifest, or a {@link DatasetException}, and never much memory. */
    @Test
    void damageUnderAMatchingManifestNeverCausesAnotherException() throws IOException {
        byte[] whole = forged.bytes();
        int refused = 0;
        for (int seed = 0; seed < 3000; seed++) {
            Random random = new Random(seed);
            byte[] damaged = whole.clone();
            for (int i = random.nextInt(3); i >= 0; i--) {
                int at = random.nextInt(damaged.length);
                damaged[at] = random.nextBoolean() ? (byte) random.nextInt() : (byte) -1;
            }
            long before = allocated();
            try {
                read(damaged, matching(damaged));
            } catch (DatasetException e) {
                refused++;
                assertThat(e).hasMessageStartingWith(file + ": ");
            }
            assertThat(allocated() - before).as("seed %d", seed).isLessThan(MOST_ALLOCATED);
        }
        assertThat(refused).isGreaterThan(1000);
    }

    private String refused(byte[] content, String reason) throws IOException {
        long before = allocated();
        Throwable thrown = catchThrowable(() -> read(content, matching(content)));
        assertThat(allocated() - before).isLessThan(MOST_ALLOCATED);
        assertThat(thrown)
                .isExactlyInstanceOf(DatasetException.class)
                .hasMessageStartingWith(file + ": cannot be read as a token shard (")
                .hasMessageContaining(reason);
        return thrown.getMessage();
    }

    /** {@return what a manifest would say that somebody made to fit these bytes} */
    private Manifest.Shard matching(byte[] content) {
        return new Manifest.Shard(
                honest.documents(), honest.positions(), honest.sha256(), content.length, Sha256.of(content));
    }

    private TokenShard read(byte[] content, Manifest.Shard expected) throws IOException {
        Files.write(file, content);
        return ShardFile.read(HADOOP, hadoop(), expected, VOCABULARY, BLOCK);
    }

    private static long allocated() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        return threads.getThreadAllocatedBytes(Thread.currentThread().getId());
    }

    private org.apache.hadoop.fs.Path hadoop() {
        return new org.apache.hadoop.fs.Path(file.toString());
    }
}
