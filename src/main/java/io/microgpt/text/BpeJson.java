package io.microgpt.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.OptionalInt;

/**
 * The layout of {@code tokenizer.json} for byte-level BPE, that of GPT-2 in Hugging Face's {@code tokenizers}. A merge is a
 * text of two tokens with a space between, which all versions of that library read, those of the present also as pairs.
 */
final class BpeJson {
    static final String MODEL = "BPE";

    private BpeJson() {}

    static ObjectNode tree(BpeVocabulary vocabulary, OptionalInt boundary) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("version", "1.0").putNull("truncation").putNull("padding");
        ArrayNode addedTokens = root.putArray("added_tokens");
        root.putNull("normalizer").set("pre_tokenizer", byteLevel());
        root.putNull("post_processor").set("decoder", byteLevel());
        ObjectNode model = root.putObject("model").put("type", MODEL);
        model.putNull("dropout").putNull("unk_token");
        model.putNull("continuing_subword_prefix").putNull("end_of_word_suffix");
        model.put("fuse_unk", false).put("byte_fallback", false).put("ignore_merges", false);
        ObjectNode vocab = model.putObject("vocab");
        for (int id = 0; id < vocabulary.size(); id++) {
            vocab.put(vocabulary.token(id), id);
        }
        boundary.ifPresent(id -> {
            vocab.put(SpecialTokens.BOUNDARY, id);
            addedTokens.add(SpecialTokens.added(id, SpecialTokens.BOUNDARY));
        });
        ArrayNode merges = model.putArray("merges");
        for (BpeVocabulary.Merge merge : vocabulary.merges()) {
            merges.add(vocabulary.token(merge.left()) + " " + vocabulary.token(merge.right()));
        }
        return root;
    }

    private static ObjectNode byteLevel() {
        return JsonNodeFactory.instance
                .objectNode()
                .put("type", "ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", true)
                .put("use_regex", true);
    }

    /** The merges alone make the vocabulary; all else must say the same. */
    static Tokenizer read(JsonDocument document) {
        ObjectNode vocab = document.object("model.vocab");
        ArrayNode merges = document.array("model.merges");
        if (vocab.size() > WordLevelTokenizer.LARGEST_VOCABULARY
                || merges.size() > WordLevelTokenizer.LARGEST_VOCABULARY) {
            throw document.defect("model has " + vocab.size() + " tokens and " + merges.size()
                    + " merges, but may have " + WordLevelTokenizer.LARGEST_VOCABULARY + " of each");
        }
        BpeVocabulary vocabulary = new BpeVocabulary();
        for (int i = 0; i < merges.size(); i++) {
            try {
                add(merges.get(i), vocabulary);
            } catch (IllegalArgumentException e) {
                throw document.defect("model.merges[" + i + "]: " + e.getMessage());
            }
        }
        boolean boundary = vocab.has(SpecialTokens.BOUNDARY);
        OptionalInt id = boundary ? OptionalInt.of(vocabulary.size()) : OptionalInt.empty();
        document.requireAll(tree(vocabulary, id));
        int size = vocabulary.size() + (boundary ? 1 : 0);
        if (vocab.size() != size) {
            throw document.defect("model.vocab has " + vocab.size() + " tokens, but bytes and merges make " + size);
        }
        return new BpeTokenizer(vocabulary, boundary);
    }

    private static void add(JsonNode merge, BpeVocabulary vocabulary) {
        String text = merge.isTextual() ? merge.textValue() : "";
        int space = text.indexOf(' ');
        Integer left = space < 0 ? null : vocabulary.id(text.substring(0, space));
        Integer right = space < 0 ? null : vocabulary.id(text.substring(space + 1));
        if (left == null || right == null) {
            throw new IllegalArgumentException(JsonDocument.shortened(merge.toString())
                    + " must be two tokens of bytes or of merges before it, with a space between");
        }
        vocabulary.merge(left, right);
    }
}
