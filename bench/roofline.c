// What one core of this machine can do at best, in cache: additions, and the traffic of a neuron's state.
//
// `roofline BYTES` prints float additions a second, to[k] += from[k], with both arrays in the first and in the
// second level of cache, and the bytes a second that a state update moves (V, I and drive read, V and I written)
// when the arrays are BYTES large together. Each number is the best of many short repetitions: what other
// processes take is no limit.

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { REPETITIONS = 200, L1 = 16 << 10, L2 = 256 << 10 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

__attribute__((noinline)) static void add(float *restrict to, const float *restrict from, size_t n)
{
    for (size_t k = 0; k < n; k++)
        to[k] += from[k];
}

__attribute__((noinline)) static void update(float *restrict V, float *restrict I,
                                             const float *restrict drive, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        V[k] = 0.95f * V[k] + drive[k] + 0.05f * I[k];
        I[k] *= 0.8f;
    }
}

static float *array(size_t n)
{
    float *values = aligned_alloc(64, (n * sizeof(float) + 63) / 64 * 64);
    if (!values)
        exit(1);
    for (size_t k = 0; k < n; k++)
        values[k] = 1.0f;
    return values;
}

// Elements a second of the better of many repetitions, each of about a million elements.
static double rate(int state_update, size_t n)
{
    float *a = array(n), *b = array(n), *c = array(n);
    const size_t passes = (1 << 20) / n + 1;
    double best = 1e30;
    for (int repetition = 0; repetition < REPETITIONS; repetition++) {
        const double begun = now();
        for (size_t pass = 0; pass < passes; pass++) {
            if (state_update)
                update(a, b, c, n);
            else
                add(a, b, n);
        }
        const double seconds = now() - begun;
        best = seconds < best ? seconds : best;
        for (size_t k = 0; k < n; k++)
            a[k] = b[k] = 1.0f;
    }
    free(a), free(b), free(c);
    return (double) (n * passes) / best;
}

int main(int argc, char **argv)
{
    const size_t bytes = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
    if (bytes < 3 * sizeof(float)) {
        fprintf(stderr, "usage: roofline BYTES\n");
        return 1;
    }
    const double l1 = rate(0, L1 / (2 * sizeof(float))), l2 = rate(0, L2 / (2 * sizeof(float)));
    printf("%.6g %.6g %.6g\n", l1, l2, 5 * sizeof(float) * rate(1, bytes / (3 * sizeof(float))));
}
