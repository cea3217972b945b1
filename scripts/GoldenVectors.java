import java.io.IOException;
import java.nio.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import java.util.function.IntUnaryOperator;
import java.util.regex.*;
import java.util.stream.IntStream;

/**
 * Makes golden vectors for the tests, {@code OUT_DIR [name:V:E:H:L:B:M:seed:length,length,...]...}, or recomputes
 * existing files and prints how far off they are, {@code --check FILE...}.
 *
 * <p>The model is written a second time here, in float64, number by number on an automatic differentiation tape. It
 * shares no code, no order of summation and no gradient derived by hand with the engine, so that an error would have to
 * be made twice to go unseen. StrictMath makes the files the same on every machine.
 */
public final class GoldenVectors {
    private static final List<String> DEFAULT_CASES = List.of(
            "tiny:5:6:2:1:7:10:6:7,1,4", // less of everything than a vector holds
            "odd:11:9:3:3:9:17:1:9,2,5,1", // odd head size, three layers
            "ragged:13:20:4:1:19:33:2:19,1,7,16,2,11"); // rows of 16 lanes and a rest, documents up to the block size

    private static final String META = "META"; // a type of our own, for the numbers in the header of a file

    public static void main(String[] args) throws IOException {
        require(args.length > 1 || args.length == 1 && !args[0].startsWith("-"), "OUT_DIR [CASE...] | --check FILE...");
        for (String item : args.length == 1 ? DEFAULT_CASES : List.of(args).subList(1, args.length)) {
            if (args[0].equals("--check")) {
                check(Path.of(item));
            } else {
                make(item, Files.createDirectories(Path.of(args[0])));
            }
        }
    }

    private static void make(String spec, Path directory) throws IOException {
        String[] part = spec.split(":");
        Map<String, Tensor> golden = new LinkedHashMap<>();
        for (String name : Shape.NAMES) {
            put(golden, name, META, Integer.parseInt(part[1 + golden.size()]));
        }
        Shape shape = Shape.of(golden);
        require(shape.v > 1 && shape.b > 1 && shape.e % shape.h == 0, spec + ": V and B from 2, E a multiple of H");
        Random random = new Random(Long.parseLong(part[7]));
        double[] weights = new double[shape.e * (2 * shape.v + shape.b + shape.l * (4 * shape.e + 2 * shape.m))];
        // Rounded, so that a float32 program starts from exactly these numbers.
        Arrays.setAll(weights, i -> (float) (random.nextGaussian() * 0.08));
        putParameters(golden, "weights.", "F32", shape, weights);
        double[] lengths = numbers(part[8]);
        for (int i = 0; i < lengths.length; i++) {
            require(lengths[i] >= 1 && lengths[i] <= shape.b, spec + ": lengths from 1 to B");
            double[] tokens = new double[(int) lengths[i] + 1];
            Arrays.setAll(tokens, t -> random.nextInt(shape.v));
            put(golden, "doc." + i, "I32", tokens);
        }
        compute(golden);
        // Of two tokens that are as good as equal a float32 engine may rightly choose the other.
        double margin = golden.get("greedy.smallest_margin").values[0];
        require(margin > 1e-3, spec + ": greedy margin of only " + margin + ", choose another seed");
        Path file = directory.resolve(part[0] + ".safetensors");
        write(golden, file);
        System.out.printf("%s: %d bytes, greedy margin %.4f%n", file, Files.size(file), margin);
    }

    /** Prints the deviations of what a file says from what follows from its weights and documents. */
    private static void check(Path file) throws IOException {
        Map<String, Tensor> stored = read(file);
        Map<String, Tensor> computed = new LinkedHashMap<>(stored);
        computed.keySet().removeIf(name -> !Shape.NAMES.contains(name) && !name.matches("(weights|doc)\\..*"));
        compute(computed);
        require(stored.keySet().equals(computed.keySet()), file + ": tensors are missing or unknown");
        Map<String, Double> deviations = new LinkedHashMap<>(); // the largest, of all parameters together
        computed.forEach((name, b) -> {
            Tensor a = stored.get(name);
            require((a.type + a.shape).equals(b.type + b.shape), file + ": " + name + " has another type or shape");
            String group = name.replaceFirst("\\.(layers\\.\\d+\\.)?(w[qkvo]|fc[12]|w[tp]e|lm_head)$", ".*");
            for (int i = 0; a != b && i < a.values.length; i++) { // the same object is given, not computed
                deviations.merge(group, Math.abs(a.values[i] - b.values[i]), Math::max);
            }
        });
        deviations.forEach((name, d) -> System.out.printf("%s %-25s %.1e%n", file.getFileName(), name, d));
        // Rounding is far less; a NaN, which abs and max hand on, fails.
        require(deviations.values().stream().allMatch(d -> d < 1e-9), file + " differs");
    }

    /** Adds to sizes, weights and documents all else that a golden file holds, named as in torch_reference.py. */
    private static void compute(Map<String, Tensor> out) {
        Shape shape = Shape.of(out);
        double[] weights = shape.tensors().keySet().stream()
                .flatMapToDouble(name -> Arrays.stream(out.get("weights." + name).values))
                .toArray();
        List<double[]> docs = new ArrayList<>();
        while (out.containsKey("doc." + docs.size())) {
            docs.add(out.get("doc." + docs.size()).values);
        }
        for (String tag : List.of("", ".smooth0.1")) {
            Model model = new Model(shape, weights);
            put(out, "loss" + tag, META, model.loss(docs, tag.isEmpty() ? 0.0 : 0.1));
            put(out, "grad_norm" + tag, META, model.gradientNorm);
            putParameters(out, "grad" + tag + ".", "F64", shape, model.gradient);
        }
        double[] input = Arrays.copyOf(docs.get(0), docs.get(0).length - 1);
        double[] logits = new Model(shape, weights).logitValues(input);
        out.put("logits.doc.0", new Tensor("F64", input.length + "," + shape.v, logits));
        for (String tag : List.of("adam", "adam_uncorrected")) {
            double[] trained = weights.clone();
            put(out, tag + ".losses", META, adam(shape, trained, docs, tag.equals("adam")));
            putParameters(out, tag + ".", "F64", shape, trained);
        }
        putGreedy(out, shape, weights, Arrays.copyOf(input, Math.max(1, input.length / 2)));
    }

    /** Ten steps on the same documents in place: warm-up 4, peak rate 0.01, norm up to 1. {@return the losses} */
    private static double[] adam(Shape shape, double[] w, List<double[]> docs, boolean corrected) {
        double[] m = new double[w.length];
        double[] v = new double[w.length];
        double[] losses = new double[10];
        for (int step = 0; step < losses.length; step++) {
            double rate = step < 4 ? 0.01 * step / 4 : 0.005 * (1 + StrictMath.cos(Math.PI * (step - 4) / 6));
            Model model = new Model(shape, w);
            losses[step] = model.loss(docs, 0.0);
            double clip = Math.min(1.0, 1.0 / model.gradientNorm);
            double mShare = corrected ? 1 - StrictMath.pow(0.85, step + 1) : 1.0;
            double vShare = corrected ? 1 - StrictMath.pow(0.99, step + 1) : 1.0;
            for (int i = 0; i < w.length; i++) {
                double g = model.gradient[i] * clip;
                m[i] = 0.85 * m[i] + 0.15 * g;
                v[i] = 0.99 * v[i] + 0.01 * g * g;
                w[i] -= rate * (m[i] / mShare) / (Math.sqrt(v[i] / vShare) + 1e-8);
            }
        }
        return losses;
    }

    /** Continues the prompt up to the block size, every token from the whole sequence anew. */
    private static void putGreedy(Map<String, Tensor> out, Shape shape, double[] weights, double[] prompt) {
        double[] tokens = Arrays.copyOf(prompt, shape.b);
        double smallest = Double.POSITIVE_INFINITY;
        for (int t = prompt.length; t < shape.b; t++) {
            double[] logits = new Model(shape, weights).logitValues(Arrays.copyOf(tokens, t));
            double[] last = Arrays.copyOfRange(logits, logits.length - shape.v, logits.length);
            tokens[t] = IntStream.range(0, shape.v).reduce(0, (i, j) -> last[j] > last[i] ? j : i);
            Arrays.sort(last);
            smallest = Math.min(smallest, last[shape.v - 1] - last[shape.v - 2]);
        }
        put(out, "greedy", "I32", tokens);
        put(out, "greedy.prompt_length", META, prompt.length);
        put(out, "greedy.smallest_margin", META, smallest);
    }

    private static double[] numbers(String list) {
        return Arrays.stream(list.split(",")).mapToDouble(Double::parseDouble).toArray();
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new IllegalArgumentException(message);
        }
    }

    private static void put(Map<String, Tensor> out, String name, String type, double... values) {
        out.put(name, new Tensor(type, "" + values.length, values));
    }

    private static void putParameters(Map<String, Tensor> out, String prefix, String type, Shape shape, double[] flat) {
        int[] begin = {0};
        shape.tensors().forEach((name, n) -> {
            double[] values = Arrays.copyOfRange(flat, begin[0], begin[0] += n[0] * n[1]);
            out.put(prefix + name, new Tensor(type, n[0] + "," + n[1], values));
        });
    }

    /** Safetensors: length of the header, header padded to eight bytes, values; little-endian throughout. */
    private static void write(Map<String, Tensor> tensors, Path file) throws IOException {
        int most = tensors.values().stream().mapToInt(t -> 8 * t.values.length).sum();
        ByteBuffer data = ByteBuffer.allocate(most).order(ByteOrder.LITTLE_ENDIAN);
        List<String> metadata = new ArrayList<>();
        List<String> entries = new ArrayList<>();
        tensors.forEach((name, t) -> {
            int begin = data.position();
            switch (t.type) {
                case META ->
                    metadata.add("\"%s\":\"%s\""
                            .formatted(name, Arrays.toString(t.values).replaceAll("[\\[\\] ]|\\.0(?=[,\\]])", "")));
                case "F32" -> Arrays.stream(t.values).forEach(x -> data.putFloat((float) x));
                case "I32" -> Arrays.stream(t.values).forEach(x -> data.putInt((int) x));
                default -> Arrays.stream(t.values).forEach(data::putDouble);
            }
            if (!t.type.equals(META)) {
                entries.add("\"%s\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%d,%d]}"
                        .formatted(name, t.type, t.shape, begin, data.position()));
            }
        });
        String json = "{\"__metadata__\":{" + String.join(",", metadata) + "}," + String.join(",", entries) + "}";
        byte[] header = (json + " ".repeat(-json.length() & 7)).getBytes(StandardCharsets.US_ASCII);
        ByteBuffer out = ByteBuffer.allocate(8 + header.length + data.flip().limit());
        out.putLong(Long.reverseBytes(header.length)).put(header).put(data);
        Files.write(file, out.array());
    }

    /** Reads what {@link #write} and torch_reference.py write: tensors in the order of their bytes, nothing between. */
    private static Map<String, Tensor> read(Path file) throws IOException {
        ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        byte[] header = new byte[Math.toIntExact(in.getLong())];
        in.get(header);
        Pattern entry = Pattern.compile( // one number or a list of them in the metadata, or a tensor
                "\"([^\"]+)\":(?:\"([-+.,eE\\d]+)\"|\\{\"dtype\":\"(\\w+)\",\"shape\":\\[([\\d,]+)])");
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (Matcher m = entry.matcher(new String(header, StandardCharsets.US_ASCII)); m.find(); ) {
            if (m.group(2) != null) {
                put(tensors, m.group(1), META, numbers(m.group(2)));
            } else {
                String type = m.group(3);
                double count = Arrays.stream(numbers(m.group(4))).reduce(1, (a, b) -> a * b);
                double[] values = new double[(int) count];
                for (int i = 0; i < values.length; i++) {
                    values[i] = type.equals("F64") ? in.getDouble() : type.equals("F32") ? in.getFloat() : in.getInt();
                }
                tensors.put(m.group(1), new Tensor(type, m.group(4), values));
            }
        }
        require(!in.hasRemaining(), file + ": bytes that belong to no tensor");
        return tensors;
    }

    /** Values of any type as doubles, which hold F32 and I32 exactly; the shape as it stands in the header. */
    private record Tensor(String type, String shape, double[] values) {}

    /** The sizes of SPEC.md, section 1. */
    private record Shape(int v, int e, int h, int l, int b, int m) {
        static final List<String> NAMES = List.of("V", "n_embd", "n_head", "n_layer", "block_size", "mlp_dim");

        static Shape of(Map<String, Tensor> golden) {
            int[] n = new int[6];
            Arrays.setAll(n, i -> (int) golden.get(NAMES.get(i)).values[0]);
            return new Shape(n[0], n[1], n[2], n[3], n[4], n[5]);
        }

        /** Rows and columns of the parameters, in the order in which they lie. */
        Map<String, int[]> tensors() {
            Map<String, int[]> all = new LinkedHashMap<>();
            all.put("wte", new int[] {v, e});
            all.put("wpe", new int[] {b, e});
            all.put("lm_head", new int[] {v, e});
            for (int i = 0; i < l; i++) {
                for (String name : List.of("wq", "wk", "wv", "wo", "fc1", "fc2")) {
                    int[] size = {name.equals("fc1") ? m : e, name.equals("fc2") ? m : e};
                    all.put("layers." + i + "." + name, size);
                }
            }
            return all;
        }
    }

    /** A number, the places on the tape of the numbers that it was computed from, and its slope in each of them. */
    private record Node(double value, int[] from, double... slopes) {}

    /** The model on a tape that begins with the parameters; an {@code int} that is no size is a place there. */
    private static final class Model {
        private final List<Node> tape = new ArrayList<>();
        private final Shape shape;
        private final double[] gradient;
        private double gradientNorm;

        Model(Shape shape, double[] weights) {
            this.shape = shape;
            this.gradient = new double[weights.length];
            Arrays.stream(weights).forEach(weight -> node(weight, new int[0]));
        }

        private int node(double value, int[] from, double... slopes) {
            tape.add(new Node(value, from, slopes));
            return tape.size() - 1;
        }

        private double value(int a) {
            return tape.get(a).value;
        }

        private int power(int a, double factor, double shift, double p) { // (factor * a + shift) ^ p
            double x = factor * value(a) + shift;
            return node(StrictMath.pow(x, p), new int[] {a}, factor * p * StrictMath.pow(x, p - 1.0));
        }

        private int dot(int n, IntUnaryOperator a, IntUnaryOperator b) {
            int[] from = vector(2 * n, i -> i < n ? a.applyAsInt(i) : b.applyAsInt(i - n));
            double[] slopes = new double[2 * n];
            Arrays.setAll(slopes, i -> value(from[(i + n) % (2 * n)])); // the other factor of the product
            IntStream indices = IntStream.range(0, n);
            return node(indices.mapToDouble(i -> slopes[i] * slopes[n + i]).sum(), from, slopes);
        }

        private int sum(int... x) {
            double[] ones = Arrays.stream(x).mapToDouble(i -> 1.0).toArray();
            return node(Arrays.stream(x).mapToDouble(this::value).sum(), x, ones);
        }

        private int[] vector(int n, IntUnaryOperator element) {
            return IntStream.range(0, n).map(element).toArray();
        }

        private int[] add(int[] a, int[] b) {
            return vector(a.length, i -> sum(a[i], b[i]));
        }

        private int[] scale(int[] x, int by) {
            return vector(x.length, i -> dot(1, j -> x[i], j -> by));
        }

        private int[] linear(int w, int rows, int[] x) { // a matrix that begins at w, times x
            return vector(rows, row -> dot(x.length, i -> w + row * x.length + i, i -> x[i]));
        }

        private int[] rms(int[] x) {
            return scale(x, power(dot(x.length, i -> x[i], i -> x[i]), 1.0 / x.length, 1e-5, -0.5));
        }

        private int[] softmax(int[] x) {
            double max = Arrays.stream(x).mapToDouble(this::value).max().orElseThrow(); // against overflow; cancels
            double[] y = new double[x.length];
            Arrays.setAll(y, i -> StrictMath.exp(value(x[i]) - max));
            int[] exps = vector(x.length, i -> node(y[i], new int[] {x[i]}, y[i]));
            return scale(exps, power(sum(exps), 1.0, 0.0, -1.0));
        }

        private int[] attention(int[] q, int[][] k, int[][] v, int seen) { // seen: as many as the causal mask allows
            int size = shape.e / shape.h;
            int[][] weights = new int[shape.h][];
            Arrays.setAll(weights, head -> {
                int[] scores = vector(seen, s -> dot(size, i -> q[head * size + i], i -> k[s][head * size + i]));
                return softmax(vector(seen, s -> power(scores[s], 1.0 / Math.sqrt(size), 0.0, 1.0)));
            });
            return vector(shape.e, i -> dot(seen, s -> weights[i / size][s], s -> v[s][i]));
        }

        private int[] logits(double[] tokens) { // of one token after the other
            int e = shape.e;
            int head = (shape.v + shape.b) * e;
            int[][] x = new int[tokens.length][];
            Arrays.setAll(x, t -> rms(vector(e, i -> sum((int) tokens[t] * e + i, (shape.v + t) * e + i))));
            for (int w = head + shape.v * e; w < gradient.length; w += 4 * e * e + 2 * e * shape.m) { // a layer each
                int[][] k = new int[x.length][];
                int[][] v = new int[x.length][];
                for (int t = 0; t < x.length; t++) {
                    int[] normed = rms(x[t]);
                    k[t] = linear(w + e * e, e, normed);
                    v[t] = linear(w + 2 * e * e, e, normed);
                    int[] attended = attention(linear(w, e, normed), k, v, t + 1);
                    x[t] = add(x[t], linear(w + 3 * e * e, e, attended));
                    int[] hidden = linear(w + 4 * e * e, shape.m, rms(x[t]));
                    int[] relu = vector(shape.m, i -> value(hidden[i]) > 0.0 ? hidden[i] : node(0.0, new int[0]));
                    x[t] = add(x[t], linear(w + 4 * e * e + e * shape.m, e, relu));
                }
            }
            return vector(x.length * shape.v, i -> dot(e, j -> head + i % shape.v * e + j, j -> x[i / shape.v][j]));
        }

        double[] logitValues(double[] tokens) {
            return Arrays.stream(logits(tokens)).mapToDouble(this::value).toArray();
        }

        private int crossEntropy(int[] logits, int position, double target, double smooth) {
            int[] p = softmax(Arrays.copyOfRange(logits, position * shape.v, (position + 1) * shape.v));
            int[] log = vector(shape.v, i -> node(StrictMath.log(value(p[i])), new int[] {p[i]}, 1.0 / value(p[i])));
            return dot(shape.v, i -> log[i], i -> node(-smooth / shape.v - (i == target ? 1 - smooth : 0), new int[0]));
        }

        /** {@return the mean loss over all positions}, its gradient left in {@link #gradient} */
        double loss(List<double[]> docs, double smooth) {
            int positions = docs.stream().mapToInt(doc -> doc.length - 1).sum();
            double total = 0.0;
            for (double[] doc : docs) {
                tape.subList(gradient.length, tape.size()).clear(); // so that one document at a time is in memory
                int[] logits = logits(Arrays.copyOf(doc, doc.length - 1));
                int loss = sum(vector(doc.length - 1, t -> crossEntropy(logits, t, doc[t + 1], smooth)));
                total += value(loss) / positions;
                backward(loss, 1.0 / positions);
            }
            gradientNorm = Math.sqrt(Arrays.stream(gradient).map(g -> g * g).sum());
            return total;
        }

        /** Adds the derivatives of a place, one loop whatever the operations were. */
        private void backward(int root, double weight) {
            double[] slope = new double[root + 1];
            slope[root] = weight;
            for (int i = root; i >= 0; i--) {
                Node node = tape.get(i);
                for (int k = 0; k < node.from.length; k++) {
                    slope[node.from[k]] += node.slopes[k] * slope[i];
                }
            }
            Arrays.setAll(gradient, i -> gradient[i] + slope[i]);
        }
    }
}
