package io.microgpt.data;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.format.Util;

/** A shard's file of one group of rows taken apart by Parquet's own classes, to be changed and put together again. */
final class ForgedShard {
    private static final byte[] MAGIC = "PAR1".getBytes(StandardCharsets.US_ASCII);

    final FileMetaData meta;
    final List<Page> pages = new ArrayList<>();

    record Page(PageHeader header, byte[] content) {
        /** {@return the page with another content, and a size to match} */
        Page with(byte[] other) {
            PageHeader changed = header.deepCopy();
            changed.setCompressed_page_size(other.length);
            changed.setUncompressed_page_size(other.length);
            return new Page(changed, other);
        }
    }

    ForgedShard(byte[] file) throws IOException {
        int end = file.length - Integer.BYTES - MAGIC.length;
        int footer = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getInt(end);
        meta = Util.readFileMetaData(new ByteArrayInputStream(file, end - footer, footer));
        int begin = (int) column().getDictionary_page_offset();
        ByteArrayInputStream in = new ByteArrayInputStream(file, begin, (int) column().getTotal_compressed_size());
        while (in.available() > 0) {
            PageHeader header = Util.readPageHeader(in);
            pages.add(new Page(header, in.readNBytes(header.getCompressed_page_size())));
        }
    }

    ColumnMetaData column() {
        return meta.getRow_groups().get(0).getColumns().get(0).getMeta_data();
    }

    /** {@return the file, with the column where its pages are} */
    byte[] bytes() throws IOException {
        column().setDictionary_page_offset(MAGIC.length);
        column().setData_page_offset(MAGIC.length);
        column().setTotal_compressed_size(column().getTotal_compressed_size());
        byte[] body = body();
        column().setTotal_compressed_size(body.length);
        return bytesAsClaimed();
    }

    /** {@return the file, with whatever was said of the column} */
    byte[] bytesAsClaimed() throws IOException {
        return bytesWithFooter(footer());
    }

    byte[] bytesWithFooter(byte[] footer) throws IOException {
        return file(footer, footer.length);
    }

    /** {@return a file of these bytes in place of pages, with whatever was said of the column} */
    byte[] bytesOf(byte[] body) throws IOException {
        byte[] footer = footer();
        return file(body, footer, footer.length);
    }

    byte[] bytesWithFooterOf(int length) throws IOException {
        bytes();
        return file(footer(), length);
    }

    byte[] footer() throws IOException {
        ByteArrayOutputStream footer = new ByteArrayOutputStream();
        Util.writeFileMetaData(meta, footer);
        return footer.toByteArray();
    }

    private byte[] body() throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (Page page : pages) {
            Util.writePageHeader(page.header(), body);
            body.write(page.content());
        }
        return body.toByteArray();
    }

    private byte[] file(byte[] footer, int footerLength) throws IOException {
        return file(body(), footer, footerLength);
    }

    private static byte[] file(byte[] body, byte[] footer, int footerLength) throws IOException {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        file.write(MAGIC);
        file.write(body);
        file.write(footer);
        file.write(ByteBuffer.allocate(Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(footerLength)
                .array());
        file.write(MAGIC);
        return file.toByteArray();
    }

    static byte[] hex(String bytes) {
        return HexFormat.ofDelimiter(" ").parseHex(bytes);
    }
}
