// The practical limit: what a C program written by hand for one kind of network reaches on one core.
//
// It simulates what bioscnn makes of a CNN, and nothing else: populations of LIF or IF neurons with refractory
// periods and exponential synaptic currents, joined by convolutions (a dense layer is one whose kernel is as
// large as the image). In every step all populations are integrated and fire; then the spikes are delivered,
// and act in the next step. Nothing spikes in the last step of a trial, and every trial begins at rest.
//
//     limit FOLDER
//
// reads the files network.txt, weights and stimulus in a folder, and writes counts, spikes and potentials there.
// It says on standard output how many seconds the loop over the trials took, the peak memory in kB, and, with
// -DPROFILE, the seconds for the input currents, the neurons and the synapses. -DREAL=double computes in double
// precision. bench/limit.py compiles the program, and writes and reads the files.
//
// What makes it fast: neurons are numbered row by row, channels last, so that what a spike adds to a row of its
// targets is one contiguous run; a block of neurons is updated in one vectorised loop without a condition, and
// its threshold is tested for all of it at once; a neuron that is refractory waits at minus infinity.

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef __AVX__
#include <immintrin.h>
#endif

#ifndef REAL
#define REAL float
#endif

enum { BLOCK = 64 };  // neurons whose threshold is tested at once, one bit each

typedef struct {
    int channels, height, width, size;
    int refractory, exact;                  // steps of being held after a spike; whether the reset is `exact`
    int has_synapses;                       // otherwise I stays zero, and is left alone
    REAL decay_m, decay_s, gain;            // V <- decay_m V + gain I + drive, then I <- decay_s I
    REAL drive_gain, threshold, R_m;        // drive of a constant current, V/A; V; ohm
    REAL *V, *I, *drive, *bias;             // bias: the drive without stimulus
    int *spikes, *begin;                    // all spikes of the trial, and where those of each step begin
    REAL *kept;                             // potential after the reset, one a spike
} Population;

typedef struct {
    int target, weight, length;             // where a run begins among the targets and in a patch
} Run;

typedef struct {
    int pre, post, patch;                   // weights in a patch: what a spike of one channel can reach
    REAL *weights;                          // a patch a presynaptic channel
    Run *runs;                              // of all presynaptic pixels, one after the other
    int *begin;                             // first run of each pixel
} Projection;

static void require(int condition, const char *problem)
{
    if (!condition) {
        fprintf(stderr, "%s\n", problem);
        exit(1);
    }
}

static FILE *open_in(const char *folder, const char *name, const char *mode)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, mode);
    require(file != NULL, path);
    return file;
}

// Zeros, aligned, with room for a last block that is not full. Memory that is never touched costs nothing.
static void *array(size_t n, size_t item)
{
    const size_t alignment = 64;
    char *memory = calloc(n + BLOCK + alignment, item);
    require(memory != NULL, "out of memory");
    return memory + (alignment - (uintptr_t) memory % alignment);
}

static void read_values(FILE *file, REAL *to, size_t n)
{
    require(fread(to, sizeof(REAL), n, file) == n, "a file is shorter than network.txt says");
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

enum { INPUT, NEURONS, SYNAPSES, PARTS };
static double spent[PARTS], mark;
#ifdef PROFILE
#define CHARGE(part) (spent[part] += now() - mark, mark = now())
#else
#define CHARGE(part) (void) 0
#endif

static Population read_population(FILE *header, FILE *weights, int n_steps)
{
    Population p = {0};
    double decay_m, decay_s, gain, drive_gain, threshold, R_m;
    require(fscanf(header, " population %d %d %d %d %d %lf %lf %lf %lf %lf %lf", &p.channels, &p.height, &p.width,
                   &p.refractory, &p.exact, &decay_m, &decay_s, &gain, &drive_gain, &threshold, &R_m) == 11,
            "network.txt: a population is incomplete");
    p.decay_m = decay_m, p.decay_s = decay_s, p.gain = gain;
    p.drive_gain = drive_gain, p.threshold = threshold, p.R_m = R_m;
    p.size = p.channels * p.height * p.width;
    p.V = array(p.size, sizeof(REAL));
    p.I = array(p.size, sizeof(REAL));
    p.drive = array(p.size, sizeof(REAL));
    p.bias = array(p.size, sizeof(REAL));
    p.spikes = array((size_t) n_steps * p.size, sizeof(int));
    p.kept = array((size_t) n_steps * p.size, sizeof(REAL));
    p.begin = array(n_steps + 1, sizeof(int));
    read_values(weights, p.bias, p.size);
    for (int n = 0; n < p.size; n++)
        p.drive[n] = p.bias[n] *= p.drive_gain;
    return p;
}

// A spike in column x reaches the columns (x + left - k) / right of its targets, for the taps k where that is a
// whole number. Taps of one residue modulo the stride are stored in descending order: they reach neighbours.
static Projection read_projection(FILE *header, FILE *file, Population *populations)
{
    Projection c;
    int rows, columns, down, right, top, left;
    require(fscanf(header, " projection %d %d %d %d %d %d %d %d", &c.pre, &c.post, &rows, &columns, &down, &right,
                   &top, &left) == 8, "network.txt: a projection is incomplete");
    Population *pre = &populations[c.pre], *post = &populations[c.post];
    post->has_synapses |= c.pre > 0;
    c.patch = rows * columns * post->channels;
    c.weights = array((size_t) pre->channels * c.patch, sizeof(REAL));
    c.runs = array((size_t) pre->height * pre->width * rows, sizeof(Run));
    c.begin = array((size_t) pre->height * pre->width + 1, sizeof(int));

    int place[columns];
    for (int residue = 0, next = 0; residue < right; residue++)
        for (int k = columns - 1; k >= 0; k--)
            if (k % right == residue)
                place[k] = next++;
    for (int row = 0; row < pre->channels * rows; row++)
        for (int k = 0; k < columns; k++)
            read_values(file, c.weights + (row * columns + place[k]) * post->channels, post->channels);

    int n_runs = 0;
    for (int pixel = 0; pixel < pre->height * pre->width; pixel++) {
        c.begin[pixel] = n_runs;
        for (int y = 0; y < post->height; y++) {
            const int tap_y = pixel / pre->width + top - y * down;
            Run run = {0};
            for (int x = 0; x < post->width && 0 <= tap_y && tap_y < rows; x++) {
                const int tap_x = pixel % pre->width + left - x * right;
                if (tap_x < 0 || tap_x >= columns)
                    continue;
                if (run.length == 0) {
                    run.target = (y * post->width + x) * post->channels;
                    run.weight = (tap_y * columns + place[tap_x]) * post->channels;
                }
                run.length += post->channels;
            }
            if (run.length > 0)
                c.runs[n_runs++] = run;
        }
    }
    c.begin[pre->height * pre->width] = n_runs;
    return c;
}

static inline void add_patch(const Projection *c, REAL *targets, int pixel, int channel, REAL factor)
{
    const REAL *patch = c->weights + (size_t) channel * c->patch;
    for (const Run *run = c->runs + c->begin[pixel]; run < c->runs + c->begin[pixel + 1]; run++) {
        REAL *restrict to = targets + run->target;
        const REAL *restrict from = patch + run->weight;
        for (int k = 0; k < run->length; k++)
            to[k] += factor * from[k];
    }
}

// The currents of a trial: its pixels, as far as they are not black, through the kernel of the first layer.
static void inject(const Projection *c, const Population *source, const REAL *stimulus, Population *post)
{
    memcpy(post->drive, post->bias, post->size * sizeof(REAL));
    for (int n = 0; n < source->size; n++)
        if (stimulus[n] != 0)
            add_patch(c, post->drive, n / source->channels, n % source->channels, post->drive_gain * stimulus[n]);
}

static void deliver(const Projection *c, const Population *pre, Population *post, int step)
{
    // Multiplying by 2^32/channels, rounded up, divides exactly as long as size times channels is below 2^32.
    const uint64_t reciprocal = ((UINT64_C(1) << 32) + pre->channels - 1) / pre->channels;
    for (int s = pre->begin[step]; s < pre->begin[step + 1]; s++) {
        const int n = pre->spikes[s], pixel = (int) (n * reciprocal >> 32);
        add_patch(c, post->I, pixel, n - pixel * pre->channels, 1);
    }
}

// Bit k says whether V[k] is above the threshold: no compiler makes a movemask out of the loop below.
static inline uint64_t above(const REAL *V, REAL threshold)
{
    uint64_t bits = 0;
#ifdef __AVX__
    if (sizeof(REAL) == sizeof(float)) {
        for (int k = 0; k < BLOCK; k += 8) {
            const __m256 eight = _mm256_load_ps((const float *) V + k), limit = _mm256_set1_ps(threshold);
            bits |= (uint64_t) _mm256_movemask_ps(_mm256_cmp_ps(eight, limit, _CMP_GT_OQ)) << k;
        }
        return bits;
    }
#endif
    for (int k = 0; k < BLOCK; k++)
        bits |= (uint64_t) (V[k] > threshold) << k;
    return bits;
}

// With the current constant over the step, the crossing was a time s ago with (V - V_th)/(R I - V_th) = 1 -
// exp(-s/tau_m), at most a step; the exact reset returns V_th times that, which is what leaked in the meantime.
static inline void fire(Population *p, int n, int has_synapses, int n_spikes)
{
    REAL V = p->V[n] - p->threshold;
    if (p->exact) {
        const REAL longest = 1 - p->decay_m;
        const REAL beyond = p->drive[n] / longest + (has_synapses ? p->R_m * p->I[n] : 0) - p->threshold;
        V += p->threshold * (beyond * longest > V ? V / beyond : longest);
    }
    p->V[n] = -INFINITY;
    p->kept[n_spikes] = V;
    p->spikes[n_spikes] = n;
}

static inline void advance_as(Population *p, int step, REAL threshold, int has_synapses)
{
    const REAL decay_m = p->decay_m, decay_s = p->decay_s, gain = p->gain;
    int n_spikes = p->begin[step];
    if (step > p->refractory)
        for (int s = p->begin[step - p->refractory - 1]; s < p->begin[step - p->refractory]; s++)
            p->V[p->spikes[s]] = p->kept[s];
    for (int first = 0; first < p->size; first += BLOCK) {
        REAL *restrict V = p->V + first, *restrict I = p->I + first;
        const REAL *restrict drive = p->drive + first;
#pragma GCC ivdep
        for (int k = 0; k < BLOCK; k++) {
            V[k] = decay_m * V[k] + drive[k] + (has_synapses ? gain * I[k] : 0);
            if (has_synapses)
                I[k] *= decay_s;
        }
        for (uint64_t left = above(V, threshold); left; left &= left - 1)
            fire(p, first + __builtin_ctzll(left), has_synapses, n_spikes++);
    }
    p->begin[step + 1] = n_spikes;
}

static void advance(Population *p, int step, REAL threshold)
{
    p->has_synapses ? advance_as(p, step, threshold, 1) : advance_as(p, step, threshold, 0);
}

static long peak_memory(void)
{
    char line[256];
    long kilobytes = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        sscanf(line, "VmHWM: %ld", &kilobytes);
    return kilobytes;
}

int main(int argc, char **argv)
{
    require(argc == 2, "usage: limit FOLDER");
    FILE *header = open_in(argv[1], "network.txt", "r"), *weights = open_in(argv[1], "weights", "rb");
    int n_trials, n_steps, n_populations, n_projections;
    require(fscanf(header, "%d %d %d %d", &n_trials, &n_steps, &n_populations, &n_projections) == 4,
            "network.txt: no sizes");
    Population populations[n_populations];
    Projection projections[n_projections];
    for (int k = 0; k < n_populations; k++)
        populations[k] = read_population(header, weights, n_steps);
    for (int k = 0; k < n_projections; k++)
        projections[k] = read_projection(header, weights, populations);
    const Population *source = populations, *readout = populations + n_populations - 1, *output = readout - 1;
    REAL *pixels = array(source->size, sizeof(REAL));
    FILE *stimulus = open_in(argv[1], "stimulus", "rb"), *counts = open_in(argv[1], "counts", "wb");
    FILE *spikes = open_in(argv[1], "spikes", "wb"), *potentials = open_in(argv[1], "potentials", "wb");

    const double begun = mark = now();
    for (int trial = 0; trial < n_trials; trial++) {
        read_values(stimulus, pixels, source->size);
        for (Population *p = populations + 1; p <= readout; p++) {
            memset(p->V, 0, p->size * sizeof(REAL));
            memset(p->I, 0, p->size * sizeof(REAL));
        }
        for (const Projection *c = projections; c < projections + n_projections; c++)
            if (c->pre == 0)
                inject(c, source, pixels, populations + c->post);
        CHARGE(INPUT);
        for (int step = 0; step < n_steps; step++) {
            for (Population *p = populations + 1; p <= readout; p++)
                advance(p, step, step == n_steps - 1 ? INFINITY : p->threshold);
            CHARGE(NEURONS);
            for (const Projection *c = projections; c < projections + n_projections; c++)
                if (c->pre > 0)
                    deliver(c, populations + c->pre, populations + c->post, step);
            CHARGE(SYNAPSES);
            for (int s = output->begin[step]; s < output->begin[step + 1]; s++)
                fwrite((int[]){step, output->spikes[s]}, sizeof(int), 2, spikes);
            fwrite(readout->V, sizeof(REAL), readout->size, potentials);
        }
        for (const Population *p = populations + 1; p <= readout; p++)
            fwrite(&p->begin[n_steps], sizeof(int), 1, counts);
    }
    const double seconds = now() - begun;
    require(!fclose(counts) && !fclose(spikes) && !fclose(potentials), "cannot write the results");
    printf("%.9f %ld %.9f %.9f %.9f\n", seconds, peak_memory(), spent[INPUT], spent[NEURONS], spent[SYNAPSES]);
}
