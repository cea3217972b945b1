package io.microgpt.cli;

import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigSyntax;
import com.typesafe.config.ConfigUtil;
import java.math.BigDecimal;
import java.util.List;
import java.util.stream.Collectors;

/** What the value of a key may be: type and range. Values arrive as text, from files and command lines alike. */
sealed interface ValueRule {
    /** The longest text that is read as a number. */
    int LONGEST_NUMBER = 1000;

    /**
     * {@return the value that {@code text} says}
     *
     * @throws IllegalArgumentException if it is not allowed; the message goes on after "`key` = text in origin "
     */
    Object parse(String text);

    /** {@return type and range in words, such as {@code number in [0, 1)}} */
    String description();

    static Whole integer() {
        return new Whole(Integer.MIN_VALUE, Integer.MAX_VALUE);
    }

    static Real number() {
        return new Real(Double.NEGATIVE_INFINITY, true, Double.POSITIVE_INFINITY, true);
    }

    static Choice choice(String... names) {
        return new Choice(List.of(names));
    }

    /** An {@link Integer} from {@code min} to {@code max}; {@code 1e3} is one too. */
    record Whole(int min, int max) implements ValueRule {
        Whole from(int least) {
            return new Whole(least, max);
        }

        Whole upTo(int most) {
            return new Whole(min, most);
        }

        @Override
        public Integer parse(String text) {
            BigDecimal value = decimal(text, this);
            if (value.compareTo(BigDecimal.valueOf(max)) > 0) {
                throw new IllegalArgumentException("must be an integer of at most " + max);
            }
            if (value.compareTo(BigDecimal.valueOf(min)) < 0) {
                throw new IllegalArgumentException("must be an integer of at least " + min);
            }
            return (int) integral(value, this);
        }

        @Override
        public String description() {
            if (max != Integer.MAX_VALUE) {
                return "integer in [" + min + ", " + max + "]";
            }
            return min == Integer.MIN_VALUE ? "integer" : "integer >= " + min;
        }
    }

    /** Any {@link Long}. */
    record LongInteger() implements ValueRule {
        @Override
        public Long parse(String text) {
            return integral(decimal(text, this), this);
        }

        @Override
        public String description() {
            return "integer of 64 bits";
        }
    }

    /** A finite {@link Double} in an interval, each of whose ends is open (excluded) or closed. */
    record Real(double min, boolean minOpen, double max, boolean maxOpen) implements ValueRule {
        Real from(double least) {
            return new Real(least, false, max, maxOpen);
        }

        Real above(double bound) {
            return new Real(bound, true, max, maxOpen);
        }

        Real upTo(double most) {
            return new Real(min, minOpen, most, false);
        }

        Real below(double bound) {
            return new Real(min, minOpen, bound, true);
        }

        @Override
        public Double parse(String text) {
            double value = decimal(text, this).doubleValue();
            if (Double.isInfinite(value)) {
                throw new IllegalArgumentException("is too large; the largest number is " + Double.MAX_VALUE);
            }
            boolean allowed = (minOpen ? value > min : value >= min) && (maxOpen ? value < max : value <= max);
            if (!allowed) {
                throw mustBe(this);
            }
            return value;
        }

        @Override
        public String description() {
            if (Double.isInfinite(max)) {
                return Double.isInfinite(min) ? "number" : "number " + (minOpen ? "> " : ">= ") + bound(min);
            }
            return "number in " + (minOpen ? "(" : "[") + bound(min) + ", " + bound(max) + (maxOpen ? ")" : "]");
        }

        private static String bound(double value) {
            return BigDecimal.valueOf(value).stripTrailingZeros().toPlainString();
        }
    }

    /** A {@link Boolean}; {@code on}, {@code off}, {@code yes} and {@code no} as HOCON has them. */
    record Flag() implements ValueRule {
        @Override
        public Boolean parse(String text) {
            return switch (text) {
                case "true", "yes", "on" -> true;
                case "false", "no", "off" -> false;
                default -> throw new IllegalArgumentException("must be true or false");
            };
        }

        @Override
        public String description() {
            return "true or false";
        }
    }

    /** Any text that is not blank. */
    record Text() implements ValueRule {
        @Override
        public String parse(String text) {
            if (text.isBlank()) {
                throw new IllegalArgumentException("is blank; give it a value or leave the key out");
            }
            return text;
        }

        @Override
        public String description() {
            return "text";
        }
    }

    /** A list of texts, none of them empty: in brackets as JSON has it, or one text as it is. */
    record Texts() implements ValueRule {
        @Override
        public List<String> parse(String text) {
            List<String> texts = text.stripLeading().startsWith("[") ? list(text) : List.of(text);
            if (texts.contains("")) {
                throw new IllegalArgumentException("has an empty text; leave it out");
            }
            return texts;
        }

        private static List<String> list(String text) {
            try {
                ConfigParseOptions json = ConfigParseOptions.defaults().setSyntax(ConfigSyntax.JSON);
                return List.copyOf(ConfigFactory.parseString("{\"texts\": " + text + "}", json)
                        .getStringList("texts"));
            } catch (com.typesafe.config.ConfigException | StackOverflowError e) { // the parser knows no limit of depth
                throw new IllegalArgumentException("must be a list of texts such as [\"\\n\", \"END\"]", e);
            }
        }

        @Override
        public String description() {
            return "list of texts";
        }

        /** {@return what {@link #parse} reads as these texts, which is HOCON and JSON} */
        static String literal(List<?> texts) {
            return texts.stream()
                    .map(text -> ConfigUtil.quoteString(text.toString()))
                    .collect(Collectors.joining(",", "[", "]"));
        }
    }

    /** One of a few names. */
    record Choice(List<String> names) implements ValueRule {
        @Override
        public String parse(String text) {
            if (names.contains(text)) {
                return text;
            }
            throw new IllegalArgumentException("must be " + description()
                    + NearestName.of(text, names)
                            .map(name -> NearestName.didYouMean(List.of(name)))
                            .orElse(""));
        }

        @Override
        public String description() {
            return names.stream().map(name -> "`" + name + "`").collect(Collectors.joining(", ", "one of ", ""));
        }
    }

    private static BigDecimal decimal(String text, ValueRule rule) {
        if (text.length() > LONGEST_NUMBER) { // of millions of digits, the conversion would take hours
            throw mustBe(rule);
        }
        try {
            return new BigDecimal(text);
        } catch (NumberFormatException e) {
            throw mustBe(rule);
        }
    }

    private static long integral(BigDecimal value, ValueRule rule) {
        try {
            return value.longValueExact();
        } catch (ArithmeticException e) {
            throw mustBe(rule);
        }
    }

    private static IllegalArgumentException mustBe(ValueRule rule) {
        String description = rule.description();
        return new IllegalArgumentException("must be " + (description.startsWith("i") ? "an " : "a ") + description);
    }
}
