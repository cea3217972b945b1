package io.microgpt.checkpoint;

import io.microgpt.data.Sha256;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.security.DigestOutputStream;
import java.security.MessageDigest;

/** The fingerprint that a run prints, so that anyone can check that two runs have the same weights to the last bit. */
public final class WeightsHash {
    private WeightsHash() {}

    /**
     * {@return the SHA-256 of the raw bits of the parameters, as little-endian bytes in the order of the flat array: 64
     * lower-case hexadecimal digits} The array is streamed, not copied.
     */
    public static String sha256Hex(float[] parameters) {
        MessageDigest digest = Sha256.digest();
        try (OutputStream out = new DigestOutputStream(OutputStream.nullOutputStream(), digest)) {
            new LittleEndian().write(parameters, 0, parameters.length, out);
        } catch (IOException e) {
            throw new UncheckedIOException("a stream to nowhere failed", e);
        }
        return Sha256.hex(digest);
    }
}
