package io.microgpt.text;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Byte pair encoding as its definition says it: everything counted anew for every merge, every merge tried anew on every piece. */
final class BpeReference {
    private final Map<String, Integer> ids = new LinkedHashMap<>();
    private final List<List<String>> merges = new ArrayList<>();

    private BpeReference() {
        ByteAlphabet.characters().chars().forEach(c -> ids.put(Character.toString(c), ids.size()));
    }

    static BpeReference train(Map<String, Long> counts, int size) {
        BpeReference reference = new BpeReference();
        while (reference.ids.size() < size) {
            Optional<List<String>> best = reference.mostFrequent(counts);
            if (best.isEmpty()) {
                break;
            }
            reference.merges.add(best.get());
            reference.ids.putIfAbsent(String.join("", best.get()), reference.ids.size());
        }
        return reference;
    }

    private Optional<List<String>> mostFrequent(Map<String, Long> counts) {
        Map<List<String>, Long> pairs = new HashMap<>();
        counts.forEach((piece, count) -> {
            List<String> tokens = tokens(piece);
            for (int i = 1; i < tokens.size(); i++) {
                pairs.merge(List.copyOf(tokens.subList(i - 1, i + 1)), count, Long::sum);
            }
        });
        return pairs.entrySet().stream()
                .filter(pair -> pair.getValue() >= 2)
                .min(Map.Entry.<List<String>, Long>comparingByValue()
                        .reversed()
                        .thenComparing(
                                Map.Entry::getKey,
                                Comparator.comparing((List<String> pair) -> ids.get(pair.get(0)))
                                        .thenComparing(pair -> ids.get(pair.get(1)))))
                .map(Map.Entry::getKey);
    }

    /** {@return the merges as {@code tokenizer.json} lists them} */
    List<String> merges() {
        return merges.stream().map(pair -> String.join(" ", pair)).toList();
    }

    /** {@return the tokens of one piece} */
    List<String> tokens(String piece) {
        List<String> tokens = new ArrayList<>();
        for (byte value : piece.getBytes(StandardCharsets.UTF_8)) {
            tokens.add(ByteAlphabet.characters().substring(ByteAlphabet.id(value), ByteAlphabet.id(value) + 1));
        }
        while (true) {
            int earliest = merges.size();
            for (int i = 1; i < tokens.size(); i++) {
                int rank = merges.indexOf(tokens.subList(i - 1, i + 1));
                earliest = rank < 0 ? earliest : Math.min(earliest, rank);
            }
            if (earliest == merges.size()) {
                return tokens;
            }
            List<String> pair = merges.get(earliest);
            for (int i = 1; i < tokens.size(); i++) {
                if (tokens.subList(i - 1, i + 1).equals(pair)) {
                    tokens.set(i - 1, String.join("", pair));
                    tokens.remove(i);
                }
            }
        }
    }
}
