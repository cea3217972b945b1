package io.microgpt.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Locale;

/** Numbers as people read them. */
final class Numbers {
    private Numbers() {}

    /** {@return a number of about so many significant digits: {@code 12.3k}, {@code 0.00477}, {@code 4.8e-7}; a dash for what is no number} */
    static String of(double value, int digits) {
        if (!Double.isFinite(value)) {
            return "\u2013";
        }
        double size = Math.abs(value);
        if (size >= 1e12 || size > 0 && size < 1e-3) {
            return exponential(value, digits);
        }
        if (size >= 1e9) {
            return plain(value / 1e9, digits) + "G";
        }
        if (size >= 1e6) {
            return plain(value / 1e6, digits) + "M";
        }
        return size >= 1e4 ? plain(value / 1e3, digits) + "k" : plain(value, digits);
    }

    private static String plain(double value, int digits) {
        BigDecimal rounded = new BigDecimal(value).round(new MathContext(digits));
        if (rounded.signum() == 0) {
            return "0";
        }
        // Digits before the point stay as they are: 2345, not 2350.
        BigDecimal shown = rounded.scale() < 0 ? new BigDecimal(Math.round(value)) : rounded;
        return shown.stripTrailingZeros().toPlainString();
    }

    private static String exponential(double value, int digits) {
        return String.format(Locale.ROOT, "%." + (digits - 1) + "e", value)
                .replaceFirst("\\.?0*e", "e")
                .replaceFirst("e([+-])0*(\\d)", "e$1$2")
                .replace("e+", "e");
    }

    /** {@return a number with so many digits after the point, so that a column of them lines up} */
    static String fixed(double value, int digits) {
        return Double.isFinite(value) ? String.format(Locale.ROOT, "%." + digits + "f", value) : "\u2013";
    }

    /** {@return a count with its thousands parted: {@code 12,345}} */
    static String count(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    /** {@return {@code 45 s}, {@code 3 min 20 s} or {@code 2 h 5 min}} */
    static String duration(double seconds) {
        if (!Double.isFinite(seconds)) {
            return "\u2013";
        }
        long s = Math.round(seconds);
        if (s < 60) {
            return s + " s";
        }
        return s < 3600 ? s / 60 + " min " + s % 60 + " s" : count(s / 3600) + " h " + s / 60 % 60 + " min";
    }
}
