package io.microgpt.kernel;

/** Training's arithmetic by the Vector API. */
class VectorPanelKernels implements PanelKernels {
    @Override
    public void multiply(
            int m,
            int k,
            float[] a,
            int aOffset,
            int aRow,
            int aColumn,
            float[] b,
            int bOffset,
            float[] c,
            int cOffset,
            int rows,
            boolean accumulate) {
        VectorProducts.multiply(
                m, k, a, aOffset, aRow, aColumn, b, bOffset, c, cOffset, Panels.stride(m), rows, accumulate);
    }

    @Override
    public void weightGradient(
            int m,
            int n,
            float[] a,
            int aOffset,
            float[] b,
            int bOffset,
            int from,
            int to,
            float[] c,
            int cOffset,
            boolean accumulate) {
        VectorProducts.weightGradient(m, n, a, aOffset, Panels.stride(m), b, bOffset, from, to, c, cOffset, accumulate);
    }

    @Override
    public void weightGradient(int m, int n, float[] a, float[] b, LeafTree leaves, float[] c, int cOffset) {
        VectorProducts.weightGradient(m, n, a, 0, Panels.stride(m), b, leaves, c, cOffset);
    }

    @Override
    public void normalise(float[] x, float[] y, float[] r, int rows, int n) {
        VectorColumns.normalise(x, y, r, rows, n);
    }

    @Override
    public void normaliseBackward(float[] y, float[] r, float[] dy, float[] dx, int rows, int n) {
        VectorColumns.normaliseBackward(y, r, dy, dx, rows, n);
    }

    @Override
    public void softmax(float[] x, int rows, int n, float[] largest, float[] sums) {
        VectorColumns.softmax(x, rows, n, largest, sums);
    }

    @Override
    public void sum(float[] x, int rows, int n, float[] sums) {
        VectorColumns.sum(x, rows, n, sums);
    }

    @Override
    public void dropout(float[] x, float[] y, int rows, int n, long[] keys, float rate) {
        VectorColumns.dropout(x, y, rows, n, keys, rate);
    }

    @Override
    public void toRows(float[] x, int rows, int n, float[] y) {
        VectorChunks.toRows(x, 0, rows, n, y, n);
    }

    @Override
    public void attention(
            float[] qkv,
            int e,
            int heads,
            int start,
            int length,
            float scale,
            long[] keys,
            float rate,
            float[] weights,
            int weightsOffset,
            float[] out) {
        if (length <= Panels.ROWS) {
            VectorShortAttention.forward(qkv, e, heads, start, length, scale, keys, rate, weights, weightsOffset, out);
            return;
        }
        for (int head = 0; head < heads; head++) {
            int at = weightsOffset + head * PanelKernels.attentionWeights(length);
            VectorAttention.forward(qkv, e, head, e / heads, start, length, scale, keys, rate, weights, at, out);
        }
    }

    @Override
    public void attentionBackward(
            float[] qkv,
            int e,
            int heads,
            int start,
            int length,
            float scale,
            long[] keys,
            float rate,
            float[] weights,
            int weightsOffset,
            float[] dOut,
            float[] dQkv) {
        if (length <= Panels.ROWS && weights != null) {
            VectorShortAttention.backward(
                    qkv, e, heads, start, length, scale, keys, rate, weights, weightsOffset, dOut, dQkv);
            return;
        }
        for (int head = 0; head < heads; head++) {
            int at = weightsOffset + head * PanelKernels.attentionWeights(length);
            VectorAttention.backward(
                    qkv, e, head, e / heads, start, length, scale, keys, rate, weights, at, dOut, dQkv);
        }
    }
}
