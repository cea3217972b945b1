package io.microgpt.spark;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;

/** Documents, and the files that hold them. */
public final class Texts {
    /** Of one to four bytes, and some that formats give a meaning of their own. */
    private static final List<String> CHARACTERS = List.of(
            "a", "b", "c", "e", "#", "\"", "'", ",", ";", "\\", "\t", " ", "é", "ß", "–", "漢", "😀", "{", "\u2028");

    private Texts() {}

    /** {@return different documents of a line each, none of them blank} */
    public static List<String> documents(int count, long seed) {
        Random random = new Random(seed);
        Set<String> documents = new LinkedHashSet<>();
        while (documents.size() < count) {
            String text = characters(random, 1 + random.nextInt(12));
            if (!text.isBlank()) {
                documents.add(text);
            }
        }
        return List.copyOf(documents);
    }

    public static String characters(Random random, int count) {
        return random.ints(count, 0, CHARACTERS.size())
                .mapToObj(CHARACTERS::get)
                .collect(Collectors.joining());
    }

    public static String lines(List<String> documents) {
        return documents.stream().map(document -> document + "\n").collect(Collectors.joining());
    }

    public static String jsonLines(List<String> documents) {
        return lines(IntStream.range(0, documents.size())
                .mapToObj(i -> json(Map.of("id", i, "text", documents.get(i))))
                .toList());
    }

    static String json(Object value) {
        try {
            return new ObjectMapper().writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The text as the second of three columns, quoted only where it must be. */
    public static String csv(List<String> documents) {
        StringBuilder csv = new StringBuilder("id,text,more\n");
        for (int i = 0; i < documents.size(); i++) {
            String text = documents.get(i);
            boolean quoted = text.contains("\"") || text.contains(",") || text.contains("\n");
            csv.append(i)
                    .append(',')
                    .append(quoted ? '"' + text.replace("\"", "\"\"") + '"' : text)
                    .append(",x\n");
        }
        return csv.toString();
    }

    /** {@return the documents dealt out to so many lists} */
    public static List<List<String>> dealt(List<String> documents, int hands) {
        List<List<String>> dealt = new ArrayList<>();
        for (int hand = 0; hand < hands; hand++) {
            dealt.add(new ArrayList<>());
        }
        for (int i = 0; i < documents.size(); i++) {
            dealt.get(i % hands).add(documents.get(i));
        }
        return dealt;
    }

    public static Path write(Path file, String text) {
        return write(file, text.getBytes(StandardCharsets.UTF_8));
    }

    /** Packed where the name ends so. */
    public static Path write(Path file, byte[] bytes) {
        try {
            Files.createDirectories(file.getParent());
            try (OutputStream plain = Files.newOutputStream(file);
                    OutputStream out = file.toString().endsWith(".gz") ? new GZIPOutputStream(plain) : plain) {
                out.write(bytes);
            }
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** {@return UTF-8, but the characters U+0080 to U+00FF as one byte, which no valid text has} */
    public static byte[] invalid(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}
