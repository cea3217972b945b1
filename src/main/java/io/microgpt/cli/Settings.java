package io.microgpt.cli;

import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigSyntax;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The resolved configuration: a valid value for every {@link ConfigKey}, except that {@code data.path} may be unset.
 * {@link Builder#override Overrides} win over {@link Builder#set --set}, which wins over {@link Builder#config
 * configuration files}, which win over the defaults. Immutable; equal when all values are.
 */
public final class Settings {
    private final Map<ConfigKey, Object> values;

    private Settings(Map<ConfigKey, Object> given) {
        values = new EnumMap<>(given);
        for (ConfigKey key : ConfigKey.values()) {
            if (!values.containsKey(key)) {
                key.defaultAmong(values).ifPresent(value -> values.put(key, value));
            }
        }
    }

    /** {@return the defaults alone} */
    public static Settings defaults() {
        return builder().build();
    }

    /** {@return a builder that has only the defaults yet} */
    public static Builder builder() {
        return new Builder();
    }

    /** {@return the value of an integer key} */
    public int integer(ConfigKey key) {
        return (Integer) value(key, ValueRule.Whole.class);
    }

    /** {@return the value of a key of 64 bits, such as a seed} */
    public long longInteger(ConfigKey key) {
        return (Long) value(key, ValueRule.LongInteger.class);
    }

    /** {@return the value of a floating-point key} */
    public double number(ConfigKey key) {
        return (Double) value(key, ValueRule.Real.class);
    }

    /** {@return the value of a key that is true or false} */
    public boolean flag(ConfigKey key) {
        return (Boolean) value(key, ValueRule.Flag.class);
    }

    /** {@return the value of a key that has a few named values} */
    public String choice(ConfigKey key) {
        return (String) value(key, ValueRule.Choice.class);
    }

    /**
     * {@return the value of a text key}
     *
     * @throws ConfigException if it is not set and has no default; the message says how to set it
     */
    public String text(ConfigKey key) {
        return (String) value(key, ValueRule.Text.class);
    }

    /** {@return the value of a text key that may be unset} */
    public Optional<String> optionalText(ConfigKey key) {
        return values.containsKey(key) ? Optional.of(text(key)) : Optional.empty();
    }

    /** {@return the value of a key that is a list of texts} */
    @SuppressWarnings("unchecked") // the rule makes nothing else
    public List<String> texts(ConfigKey key) {
        return (List<String>) value(key, ValueRule.Texts.class);
    }

    /** {@return the value of any key as it is written in a configuration file; {@code null} where it is unset} */
    public String shown(ConfigKey key) {
        return literal(key);
    }

    private Object value(ConfigKey key, Class<? extends ValueRule> rule) {
        if (!rule.isInstance(key.rule())) {
            throw new IllegalArgumentException(
                    "`" + key.path() + "` is not read as " + rule.getSimpleName() + ": it is " + key.type());
        }
        Object value = values.get(key);
        if (value == null) {
            throw new ConfigException(List.of("`" + key.path() + "` is not set (" + key.meaning()
                    + "); give it with --set " + key.path() + "=... or in a configuration file"));
        }
        return value;
    }

    /**
     * {@return every key with its value as HOCON, its meaning in a comment before it} A {@link #builder builder} that
     * is given this text builds equal settings.
     */
    public String render() {
        StringBuilder text = new StringBuilder();
        for (String group : ConfigKey.groups()) {
            text.append(text.isEmpty() ? "" : "\n").append(group).append(" {\n");
            for (ConfigKey key : ConfigKey.inGroup(group)) {
                text.append("  # %s (%s)\n".formatted(key.meaning(), key.type()));
                text.append("  %s = %s\n".formatted(key.leaf(), literal(key)));
            }
            text.append("}\n");
        }
        return text.toString();
    }

    /** {@return every key with its value as one line of JSON; {@code null} for a key that is unset} */
    public String renderJson() {
        return ConfigKey.groups().stream()
                .map(group -> ConfigKey.inGroup(group).stream()
                        .map(key -> '"' + key.leaf() + "\":" + literal(key))
                        .collect(Collectors.joining(",", '"' + group + "\":{", "}")))
                .collect(Collectors.joining(",", "{", "}"));
    }

    /** The same for HOCON and JSON. */
    private String literal(ConfigKey key) {
        Object value = values.get(key);
        if (value == null) {
            return "null";
        }
        return value instanceof String text ? ConfigUtil.quoteString(text) : ConfigKey.plain(value);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Settings settings && values.equals(settings.values);
    }

    @Override
    public int hashCode() {
        return values.hashCode();
    }

    @Override
    public String toString() {
        return renderJson();
    }

    /** Collects where values come from; {@link #build} reads them all and reports every problem at once. */
    public static final class Builder {
        /** What the parser advises on top of its reasons, and what would not work here. */
        private static final String RENAME_ADVICE =
                ", or you may be able to rename the file .properties rather than .conf";

        private final List<ConfigText> configs = new ArrayList<>();
        private final List<String> assignments = new ArrayList<>();
        private final List<Forced> overrides = new ArrayList<>();
        private final Map<ConfigKey, Object> values = new EnumMap<>(ConfigKey.class);
        private final List<String> problems = new ArrayList<>();

        private record ConfigText(String text, String name) {}

        private record Forced(ConfigKey key, Object value, String origin) {}

        private record Found(String path, ConfigValue value) {
            int line() {
                return value.origin().lineNumber();
            }
        }

        private Builder() {}

        /**
         * Adds a configuration file. Its values win over those of files added before; {@code null} brings a default
         * back.
         *
         * @param text HOCON; {@code ${...}} may name keys of this text and environment variables; {@code include} is
         *     refused
         * @param name of the file, for messages
         */
        public Builder config(String text, String name) {
            configs.add(new ConfigText(text, name));
            return this;
        }

        /**
         * Adds an assignment of the command line, {@code key=value}; the last of a key wins. The value of a text key is
         * all that follows the first {@code =}, as it is. Other values may stand in double quotes; {@code null} brings
         * a default back.
         */
        public Builder set(String assignment) {
            assignments.add(assignment);
            return this;
        }

        /** Adds assignments in their order, as {@link #set(String)} does. */
        public Builder set(List<String> assignments) {
            this.assignments.addAll(assignments);
            return this;
        }

        /**
         * Sets a key past all files and assignments.
         *
         * @param value as text or as itself
         * @param origin who says so, for messages: the command-line option {@code --data}
         */
        public Builder override(ConfigKey key, Object value, String origin) {
            overrides.add(new Forced(key, Objects.requireNonNull(value, key.path()), origin));
            return this;
        }

        /**
         * {@return the settings}
         *
         * @throws ConfigException with every key that does not exist and every value that is not allowed, also where
         *     another value wins over it
         */
        public Settings build() {
            values.clear();
            problems.clear();
            configs.forEach(this::read);
            assignments.forEach(this::read);
            overrides.forEach(override -> put(override.key, String.valueOf(override.value), override.origin));
            if (!problems.isEmpty()) {
                throw new ConfigException(problems);
            }
            return new Settings(values);
        }

        private void read(ConfigText config) {
            ConfigParseOptions options = ConfigParseOptions.defaults()
                    .setSyntax(ConfigSyntax.CONF)
                    .setOriginDescription(config.name)
                    .setIncluder(new IncludeRefusal(config.text, config.name, problems));
            ConfigObject root;
            try {
                root = ConfigFactory.parseString(config.text, options).resolve().root();
            } catch (com.typesafe.config.ConfigException e) {
                problems.add(malformed(e, config.name));
                return;
            } catch (StackOverflowError e) { // the parser calls itself for each level, and knows no limit
                problems.add("malformed configuration in " + config.name + ": it is nested too deeply");
                return;
            }
            List<Found> all = new ArrayList<>();
            flatten("", root, all);
            all.sort(Comparator.comparingInt(Found::line).thenComparing(Found::path));
            all.forEach(found -> check(found, place(config.name, found.line())));
        }

        private static String malformed(com.typesafe.config.ConfigException e, String name) {
            ConfigOrigin origin = e.origin();
            String message = e.getMessage();
            if (origin == null) {
                return "malformed configuration in " + name + ": " + message;
            }
            String prefix = origin.description() + ": ";
            String reason = message.startsWith(prefix) ? message.substring(prefix.length()) : message;
            return "malformed configuration in " + place(name, origin.lineNumber()) + ": "
                    + reason.replace(RENAME_ADVICE, "");
        }

        /** Gathers what stands in {@code object}, down to the depth of keys. */
        private static void flatten(String prefix, ConfigObject object, List<Found> all) {
            object.forEach((name, value) -> {
                String path = prefix + ConfigUtil.joinPath(name); // quotes a name that has a dot in it
                if (value instanceof ConfigObject group && ConfigKey.groups().contains(path)) {
                    flatten(path + ".", group, all);
                } else {
                    all.add(new Found(path, value));
                }
            });
        }

        private void check(Found setting, String place) {
            ConfigValueType type = setting.value.valueType();
            Optional<ConfigKey> key = ConfigKey.of(setting.path);
            if (key.isEmpty()) {
                unknown(setting.path, type == ConfigValueType.OBJECT, place);
            } else if (type == ConfigValueType.NULL) {
                values.remove(key.get());
            } else if (key.get().rule() instanceof ValueRule.Texts && type != ConfigValueType.OBJECT) {
                put(key.get(), texts(setting.value), place);
            } else if (type == ConfigValueType.OBJECT || type == ConfigValueType.LIST) {
                String found = type == ConfigValueType.LIST ? "a list" : "an object";
                problems.add("`" + setting.path + "` in " + place + " is " + found + "; give it one value: "
                        + key.get().type());
            } else {
                // getString is the text as it was written; unwrapped() would round integers beyond 64 bits to a double
                put(key.get(), setting.value.atKey("value").getString("value"), place);
            }
        }

        private static String texts(ConfigValue value) {
            return value.valueType() == ConfigValueType.LIST
                    ? value.render(ConfigRenderOptions.concise())
                    : ValueRule.Texts.literal(List.of(value.unwrapped()));
        }

        private void read(String assignment) {
            String place = "--set " + assignment;
            int equals = assignment.indexOf('=');
            if (equals < 0) {
                problems.add("malformed " + place + ": write it as --set key=value");
                return;
            }
            String path = assignment.substring(0, equals).strip();
            String raw = assignment.substring(equals + 1);
            ConfigKey key = ConfigKey.of(path).orElse(null);
            if (key == null) {
                unknown(path, false, place);
            } else if (key.rule() instanceof ValueRule.Text) {
                put(key, raw, place);
            } else if (raw.strip().equals("null")) {
                values.remove(key);
            } else if (key.rule() instanceof ValueRule.Texts) {
                put(key, raw, place);
            } else {
                put(key, unquoted(raw.strip()), place);
            }
        }

        /** An assignment copied out of a file has the quotes of HOCON. */
        private static String unquoted(String text) {
            boolean quoted = text.length() > 1 && text.startsWith("\"") && text.endsWith("\"");
            return quoted ? text.substring(1, text.length() - 1) : text;
        }

        private void put(ConfigKey key, String text, String place) {
            try {
                values.put(key, key.rule().parse(text));
            } catch (IllegalArgumentException e) {
                String shown = text.isBlank() ? '"' + text + '"' : text;
                problems.add("`" + key.path() + "` = " + shown + " in " + place + " " + e.getMessage());
            }
        }

        private void unknown(String path, boolean object, String place) {
            if (ConfigKey.groups().contains(path)) {
                problems.add("`" + path + "` in " + place + " is a group of keys, not a key; set one of them, such as `"
                        + ConfigKey.inGroup(path).get(0).path() + "`");
            } else if (object && !path.contains(".")) {
                problems.add("unknown configuration group `" + path + "` in " + place + NearestName.groupHint(path));
            } else {
                problems.add("unknown configuration key `" + path + "` in " + place + NearestName.keyHint(path));
            }
        }

        static String place(String name, int line) {
            return line > 0 ? name + ":" + line : name; // no line: the value is of an environment variable
        }
    }
}
