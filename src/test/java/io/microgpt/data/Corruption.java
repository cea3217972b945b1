package io.microgpt.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Damage done to the files of a directory, a function of a seed.
 *
 * @param what was done, for a failing test to say
 * @param files all of them, those that were not touched the same arrays as before
 */
public record Corruption(String what, SortedMap<String, byte[]> files) {
    private static final int KINDS = 7;
    private static final int PAGE_BYTES = 4096;

    /**
     * {@return damage as disks, networks and people do it, without anybody who makes checksums to match}
     *
     * @param files by their names
     * @param another directory of the same kind, with files of the same names
     */
    public static Corruption of(long seed, SortedMap<String, byte[]> files, Map<String, byte[]> another) {
        Random random = new Random(seed);
        SortedMap<String, byte[]> damaged = new TreeMap<>(files);
        List<String> names = new ArrayList<>(files.keySet());
        String name = names.get(random.nextInt(names.size()));
        byte[] content = files.get(name).clone();
        int at = random.nextInt(content.length);
        String done = name;
        switch (random.nextInt(KINDS)) {
            case 0 -> {
                int bit = random.nextInt(Byte.SIZE);
                content[at] ^= (byte) (1 << bit);
                done += ": bit " + bit + " of byte " + at;
            }
            case 1 -> {
                int end = Math.min(content.length, at + 1 + random.nextInt(Long.BYTES));
                for (int i = at; i < end; i++) {
                    content[i] ^= (byte) (1 + random.nextInt(255));
                }
                done += ": bytes " + at + " to " + end;
            }
            case 2 -> {
                // What a disk leaves of a write that it lost.
                Arrays.fill(content, at, Math.min(content.length, at + PAGE_BYTES), (byte) 0);
                content[at] = (byte) (files.get(name)[at] == 0 ? 1 : 0);
                done += ": zeros from " + at;
            }
            case 3 -> {
                content = Arrays.copyOf(content, at);
                done += ": cut to " + at;
            }
            case 4 -> {
                content = Arrays.copyOf(content, content.length + 1 + random.nextInt(PAGE_BYTES));
                done += ": appended to";
            }
            case 5 -> {
                byte[] own = content;
                List<String> different = names.stream()
                        .filter(other -> !Arrays.equals(own, files.get(other)))
                        .toList();
                String other = different.get(random.nextInt(different.size()));
                content = files.get(other);
                damaged.put(other, files.get(name));
                done += ": swapped with " + other;
            }
            default -> {
                boolean replaced = random.nextBoolean() && !Arrays.equals(content, another.get(name));
                content = replaced ? another.get(name) : null;
                done += replaced ? ": that of another" : ": missing";
            }
        }
        damaged.put(name, content);
        damaged.values().removeIf(value -> value == null);
        return new Corruption(done, damaged);
    }

    /** {@return a length, an offset or a count as nobody writes one who means well} */
    public static long hostileNumber(Random random) {
        long[] borders = {0, 1L << 31, 1L << 32, 1L << 62, Long.MIN_VALUE};
        return random.nextBoolean()
                ? borders[random.nextInt(borders.length)] - 1 + random.nextInt(3)
                : random.nextLong() >>> random.nextInt(Long.SIZE);
    }
}
