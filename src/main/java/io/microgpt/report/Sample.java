package io.microgpt.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/** What the model wrote after a step: a line of {@code samples.jsonl}. */
public record Sample(long step, List<String> texts) {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** In characters; a page is no place to read more, and a line of the file has its limit. */
    private static final int LONGEST = 1000;

    public Sample {
        texts = texts.stream().map(Sample::cut).toList();
    }

    private static String cut(String text) {
        return text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "\u2026";
    }

    String line() {
        ObjectNode line = JSON.createObjectNode();
        line.put("step", step);
        texts.forEach(line.putArray("samples")::add);
        return line.toString();
    }

    static Sample of(JsonNode line) {
        List<String> texts = new ArrayList<>();
        line.path("samples").forEach(text -> texts.add(text.asText()));
        return new Sample(line.path("step").asLong(), texts);
    }
}
