package io.microgpt.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The layout of {@code tokenizer.json} for tokenizers that give every piece one id. Special tokens are in the
 * vocabulary and among the added tokens, as Hugging Face's own trainers leave them. The field {@code unk_token} may not
 * be absent and names {@code <unk>} even if the vocabulary has none: there as here unseen text is then an error.
 */
final class WordLevelJson {
    static final String MODEL = "WordLevel";

    private WordLevelJson() {}

    static ObjectNode tree(TokenizerKind kind, List<String> tokens) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("version", "1.0").putNull("truncation").putNull("padding");
        ArrayNode addedTokens = root.putArray("added_tokens");
        ObjectNode split = root.putNull("normalizer").putObject("pre_tokenizer").put("type", "Split");
        split.putObject("pattern").put("Regex", kind.regex());
        split.put("behavior", "Isolated").put("invert", false);
        root.putNull("post_processor").putObject("decoder").put("type", "Fuse");
        ObjectNode model = root.putObject("model").put("type", MODEL);
        ObjectNode vocab = model.putObject("vocab");
        for (int id = 0; id < tokens.size(); id++) {
            vocab.put(tokens.get(id), id);
            if (SpecialTokens.contain(tokens.get(id))) {
                addedTokens.add(SpecialTokens.added(id, tokens.get(id)));
            }
        }
        model.put("unk_token", SpecialTokens.UNKNOWN);
        return root;
    }

    static Tokenizer read(JsonDocument document) {
        TokenizerKind kind = kind(document);
        List<String> tokens = tokens(document);
        Tokenizer tokenizer;
        try {
            tokenizer = kind == TokenizerKind.CHAR ? new CharTokenizer(tokens) : new WordTokenizer(tokens);
        } catch (IllegalArgumentException e) {
            throw document.defect("model.vocab: " + e.getMessage());
        }
        // The rest must say what this program does: a normalizer that is there but not run would encode differently.
        document.requireAll(tree(kind, tokens));
        return tokenizer;
    }

    private static TokenizerKind kind(JsonDocument document) {
        String regex = document.text("pre_tokenizer.pattern.Regex");
        return Stream.of(TokenizerKind.CHAR, TokenizerKind.WORD)
                .filter(kind -> kind.regex().equals(regex))
                .findFirst()
                .orElseThrow(() -> document.defect("pre_tokenizer.pattern.Regex is " + JsonDocument.shortened(regex)
                        + ", which is not how this program cuts text; use a tokenizer that it has trained"));
    }

    private static List<String> tokens(JsonDocument document) {
        ObjectNode vocab = document.object("model.vocab");
        String[] tokens = new String[vocab.size()];
        for (Map.Entry<String, JsonNode> entry : vocab.properties()) {
            String token = entry.getKey();
            JsonNode id = entry.getValue();
            // Ids below the size, none of them twice: then there are no gaps either.
            if (!id.isInt() || id.intValue() < 0 || id.intValue() >= tokens.length) {
                throw document.defect("model.vocab gives " + CodePoints.describe(token) + " the id "
                        + JsonDocument.shortened(id.toString())
                        + ", but the ids of " + tokens.length + " tokens are the integers 0 to "
                        + (tokens.length - 1) + " without gaps");
            }
            String other = tokens[id.intValue()];
            if (other != null) {
                throw document.defect("model.vocab gives the id " + id + " to both " + CodePoints.describe(other)
                        + " and " + CodePoints.describe(token));
            }
            tokens[id.intValue()] = token;
        }
        return List.of(tokens);
    }
}
