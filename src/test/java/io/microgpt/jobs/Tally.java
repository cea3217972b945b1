package io.microgpt.jobs;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What befell the rounds, and whether they all ended the same. */
final class Tally {
    private final List<Incident> incidents = new ArrayList<>();
    private final List<String> different = new ArrayList<>();
    private int rounds;

    /** @param differences from what was expected; none if the round ended the same */
    void add(String round, List<Incident> ofRound, List<String> differences) {
        rounds++;
        incidents.addAll(ofRound);
        if (!differences.isEmpty()) {
            different.add(round + ": " + String.join("; ", differences));
        }
    }

    /** {@return whether there were rounds, and none differed} */
    boolean allTheSame() {
        return rounds > 0 && different.isEmpty();
    }

    /** {@return a table of the faults, and the verdict} */
    List<String> lines() {
        List<String> lines = new ArrayList<>();
        lines.add("");
        List<Way> ways = Stream.of(Way.values())
                .filter(way -> incidents.stream().anyMatch(one -> one.way() == way))
                .toList();
        lines.add("Times, and seconds to recover, median / most:");
        lines.add("");
        lines.add("| fault | " + ways.stream().map(Way::title).collect(Collectors.joining(" | "))
                + " | all | most steps lost | ended the driver with an error |");
        lines.add("|---".repeat(ways.size() + 4) + "|");
        for (Fault fault : Fault.values()) {
            List<Incident> of =
                    incidents.stream().filter(one -> one.fault() == fault).toList();
            if (!of.isEmpty()) {
                lines.add(line(fault, of, ways));
            }
        }
        lines.add("");
        different.forEach(round -> lines.add("DIFFERS: " + round));
        lines.add(
                different.isEmpty()
                        ? "all " + rounds + " rounds, " + incidents.size()
                                + " faults: weights sha256, documents and positions the same"
                        : different.size() + " of " + rounds + " rounds differ; --seed S --rounds 1 repeats one");
        return lines;
    }

    private static String line(Fault fault, List<Incident> of, List<Way> ways) {
        String byWay = ways.stream()
                .map(way -> cell(of.stream().filter(one -> one.way() == way).toList()))
                .collect(Collectors.joining(" | "));
        return "| " + fault.title() + " | " + byWay + " | " + cell(of) + " | "
                + of.stream().mapToLong(Incident::lost).max().orElse(0) + " | "
                + of.stream().filter(Incident::ended).count() + " |";
    }

    private static String cell(List<Incident> of) {
        double[] seconds = of.stream().mapToDouble(Incident::seconds).sorted().toArray();
        return of.isEmpty()
                ? "0"
                : String.format(
                        Locale.ROOT,
                        "%d: %.1f / %.1f",
                        of.size(),
                        (seconds[seconds.length / 2] + seconds[(seconds.length - 1) / 2]) / 2,
                        seconds[seconds.length - 1]);
    }
}
