// The processor's fused multiply-add rate on one thread, in GFLOP/s: what no training step can pass.
//   gcc -O2 -march=native scripts/peak.c -o peak && ./peak
#include <stdio.h>
#include <time.h>

#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX2__)
#define BYTES 32
#else
#define BYTES 16
#endif

enum { CHAINS = 10, ROUNDS = 6 }; // two units with a latency of four or five keep ten chains busy
typedef float vector __attribute__((vector_size(BYTES)));

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

int main(void) {
    const long turns = 100000000L * 8 / (BYTES / 4);
    vector sum[CHAINS], x, y;
    for (int i = 0; i < BYTES / 4; i++) {
        x[i] = 0.999f;
        y[i] = 0.0001f;
    }
    for (int c = 0; c < CHAINS; c++) {
        sum[c] = y * (float) c;
    }
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double start = seconds();
        for (long turn = 0; turn < turns; turn++) {
#pragma GCC unroll 10
            for (int c = 0; c < CHAINS; c++) {
                sum[c] = sum[c] * x + y; // contracted to one instruction
            }
        }
        double rate = 2.0 * turns * CHAINS * (BYTES / 4) / (seconds() - start) * 1e-9;
        best = rate > best ? rate : best;
    }
    float used = 0; // so that the loop is not left away
    for (int c = 0; c < CHAINS; c++) {
        used += sum[c][0];
    }
    printf("gflops=%.1f sum=%f\n", best, used);
    return 0;
}
