package io.microgpt.cli;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** Finds what was probably meant by a name that does not exist. */
final class NearestName {
    private NearestName() {}

    /**
     * {@return the known name with the fewest typing errors to {@code name}, if a third of its letters or fewer (and
     * always one) are wrong} Case, {@code snake_case} and {@code camelCase} are not errors. The first of equals wins.
     */
    static Optional<String> of(String name, Collection<String> known) {
        String wanted = kebab(name);
        int fewest = Math.max(1, wanted.length() / 3) + 1;
        String nearest = null;
        for (String candidate : known) {
            int distance = distance(wanted, kebab(candidate));
            if (distance < fewest) {
                fewest = distance;
                nearest = candidate;
            }
        }
        return Optional.ofNullable(nearest);
    }

    /** {@return the end of a message about the unknown key {@code path}: keys that may be meant, or all there are} */
    static String keyHint(String path) {
        int dot = path.lastIndexOf('.');
        String name = path.substring(dot + 1);
        Optional<String> group = of(path.substring(0, Math.max(0, dot)), ConfigKey.groups());

        Optional<String> inGroup = group.flatMap(g -> of(name, names(ConfigKey.inGroup(g))));
        if (inGroup.isPresent()) {
            return didYouMean(List.of(group.get() + "." + inGroup.get()));
        }
        Optional<String> anywhere = of(name, names(List.of(ConfigKey.values())));
        if (anywhere.isPresent()) {
            return didYouMean(Arrays.stream(ConfigKey.values())
                    .filter(key -> key.leaf().equals(anywhere.get()))
                    .map(ConfigKey::path)
                    .toList());
        }
        return group.map(g -> "; the keys of `" + g + "` are " + quoted(names(ConfigKey.inGroup(g)), ", "))
                .orElseGet(NearestName::allGroups);
    }

    /** {@return the end of a message about the unknown group {@code name}} */
    static String groupHint(String name) {
        return of(name, ConfigKey.groups())
                .map(group -> didYouMean(List.of(group)))
                .orElseGet(NearestName::allGroups);
    }

    /** {@return {@code ; did you mean `a` or `b`?}} */
    static String didYouMean(List<String> names) {
        return "; did you mean " + quoted(names, " or ") + "?";
    }

    private static String allGroups() {
        return "; the groups of keys are " + quoted(ConfigKey.groups(), ", ");
    }

    private static List<String> names(List<ConfigKey> keys) {
        return keys.stream().map(ConfigKey::leaf).toList();
    }

    private static String quoted(Collection<String> names, String separator) {
        return names.stream().map(name -> "`" + name + "`").collect(Collectors.joining(separator));
    }

    private static String kebab(String name) {
        return name.replaceAll("([a-z0-9])([A-Z])", "$1-$2").replace('_', '-').toLowerCase(Locale.ROOT);
    }

    /** Insertions, deletions, substitutions and swaps of neighbours that turn {@code a} into {@code b}. */
    private static int distance(String a, String b) {
        int[][] d = new int[a.length() + 1][b.length() + 1]; // d[i][j]: from the first i of a to the first j of b
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    d[i][j] = i + j;
                    continue;
                }
                int substitution = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                d[i][j] = Math.min(Math.min(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + substitution);
                boolean swapped =
                        i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
                if (swapped) {
                    d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
                }
            }
        }
        return d[a.length()][b.length()];
    }
}
