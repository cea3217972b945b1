package io.microgpt.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A struct of Thrift's compact protocol, in which Parquet says what its files hold: fields by their numbers. Lists grow as their
 * elements are read, so that a length that is not true ends with the buffer and not with the memory; and there are never many.
 */
final class ThriftStruct {
    /** Parquet's own are nested eight deep. */
    private static final int MOST_DEPTH = 16;

    /**
     * In truth, some dozen for every 128 MB of tokens. An empty struct is a byte in a file and a hundred in memory, so that the length of what
     * is read bounds too little.
     */
    private static final int MOST_VALUES = 1 << 16;

    private static final int TRUE = 1;
    private static final int FALSE = 2;
    private static final int BYTE = 3;
    private static final int SHORT = 4;
    private static final int INT = 5;
    private static final int LONG = 6;
    private static final int BINARY = 8;
    private static final int LIST = 9;
    private static final int STRUCT = 12;

    private final Map<Integer, Object> fields = new HashMap<>();

    private ThriftStruct() {}

    /** Reads a struct and leaves the buffer behind it. */
    static ThriftStruct read(ByteBuffer in) throws IOException {
        return new Reading(in).struct(0);
    }

    boolean has(int field) {
        return fields.containsKey(field);
    }

    long number(int field, String name, long least, long most) throws IOException {
        if (!(fields.get(field) instanceof Long number) || number < least || number > most) {
            throw new DamageException(
                    name + " is " + shown(field) + ", but must be an integer from " + least + " to " + most);
        }
        return number;
    }

    String text(int field, String name) throws IOException {
        if (!(fields.get(field) instanceof String text)) {
            throw new DamageException(name + " is " + shown(field) + ", but must be a text");
        }
        return text;
    }

    ThriftStruct struct(int field, String name) throws IOException {
        if (!(fields.get(field) instanceof ThriftStruct struct)) {
            throw new DamageException(name + " is " + shown(field) + ", but must be a struct");
        }
        return struct;
    }

    List<ThriftStruct> structs(int field, String name) throws IOException {
        List<ThriftStruct> structs = new ArrayList<>();
        if (fields.get(field) instanceof List<?> list) {
            for (Object element : list) {
                if (element instanceof ThriftStruct struct) {
                    structs.add(struct);
                }
            }
            if (structs.size() == list.size()) {
                return structs;
            }
        }
        throw new DamageException(name + " is " + shown(field) + ", but must be a list of structs");
    }

    private String shown(int field) {
        Object value = fields.get(field);
        if (value == null) {
            return "missing";
        }
        return value instanceof Long
                ? value.toString()
                : "a " + value.getClass().getSimpleName();
    }

    /** What is read from a buffer, and how much of it there may still be. */
    private static final class Reading {
        private final ByteBuffer in;
        private int left = MOST_VALUES;

        Reading(ByteBuffer in) {
            this.in = in;
        }

        private void count() throws IOException {
            if (--left < 0) {
                throw new DamageException("fields and elements are more than " + MOST_VALUES);
            }
        }

        private ThriftStruct struct(int depth) throws IOException {
            ThriftStruct struct = new ThriftStruct();
            int field = 0;
            for (int head = in.get() & 0xFF; head != 0; head = in.get() & 0xFF) {
                count();
                int step = head >>> 4; // 0: the number itself follows
                field = step == 0 ? (int) signed(varint(in)) : field + step;
                int type = head & 0xF;
                // A field that is true or false has no other value than its type.
                struct.fields.put(
                        field, type == TRUE || type == FALSE ? (Object) (type == TRUE) : value(type, depth + 1));
            }
            return struct;
        }

        private Object value(int type, int depth) throws IOException {
            if (depth > MOST_DEPTH) {
                throw new DamageException("structs or lists are nested more than " + MOST_DEPTH + " deep");
            }
            return switch (type) {
                case TRUE, FALSE -> in.get() == TRUE;
                case BYTE -> (long) in.get();
                case SHORT, INT, LONG -> signed(varint(in));
                case BINARY -> binary();
                case LIST -> list(depth);
                case STRUCT -> struct(depth);
                default -> throw new DamageException("a value of type " + type + ", which Parquet does not use");
            };
        }

        private String binary() throws IOException {
            long length = varint(in);
            if (length < 0 || length > in.remaining()) {
                throw new DamageException("a text of " + length + " bytes, where " + in.remaining() + " are left");
            }
            byte[] bytes = new byte[(int) length];
            in.get(bytes);
            return new String(bytes, StandardCharsets.UTF_8);
        }

        private List<Object> list(int depth) throws IOException {
            int head = in.get() & 0xFF;
            long size = head >>> 4 == 0xF ? varint(in) : head >>> 4;
            // An element takes a byte at least.
            if (size < 0 || size > in.remaining()) {
                throw new DamageException(
                        "a list of " + size + " elements, where " + in.remaining() + " bytes are left");
            }
            List<Object> list = new ArrayList<>();
            for (long i = 0; i < size; i++) {
                count();
                list.add(value(head & 0xF, depth + 1));
            }
            return list;
        }
    }

    /** Reads a number of seven bits a byte, the lowest first. */
    static long varint(ByteBuffer in) throws IOException {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            byte next = in.get();
            value |= (next & 0x7FL) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw new DamageException("a number of more than 64 bits");
    }

    private static long signed(long zigzag) {
        return zigzag >>> 1 ^ -(zigzag & 1);
    }
}
