package io.microgpt.spark.prepare;

import java.io.Serializable;

/**
 * A row of the side table. A bean, because Spark makes columns of beans.
 */
public final class RejectedRow implements Serializable {
    private static final long serialVersionUID = 1L;

    private final String file;
    private final long position;
    private final String reason;
    private final String excerpt;

    RejectedRow(String file, long position, String reason, String excerpt) {
        this.file = file;
        this.position = position;
        this.reason = reason;
        this.excerpt = excerpt;
    }

    public String getFile() {
        return file;
    }

    public long getPosition() {
        return position;
    }

    public String getReason() {
        return reason;
    }

    public String getExcerpt() {
        return excerpt;
    }
}
