// The practical limit: what a C program written by hand for one kind of network reaches on one core.
//
// It simulates what bioscnn makes of a CNN, and no more: populations of LIF or IF neurons with refractory
// periods and exponential synaptic currents, joined by convolutions (a dense layer is one whose kernel is as
// large as its image). In every step all populations are integrated and fire; then the spikes are delivered,
// and act in the next step. Nothing spikes in the last step of a trial, and every trial begins at rest.
//
// It reads network.txt, weights and stimulus in the current folder, writes counts, spikes and potentials, and
// prints the seconds of the loop over the trials, the peak memory in kB and, with -DPROFILE, the seconds for
// input currents, neurons and synapses. -DREAL=double computes in double precision. See limit.py.
//
// What makes it fast: neurons are numbered row by row, channels last, so that what a spike adds to a row of
// targets is one contiguous run. State is updated in a vectorised loop without a condition, because a neuron
// that is refractory waits at minus infinity. The threshold is tested for 64 neurons at once, and the few
// blocks that fire are noted without a branch, which would be mispredicted.

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

enum { BLOCK = 64 };  // neurons whose threshold is tested at once

typedef struct {
    int channels, height, width, size;
    int refractory, exact;                  // steps of being held after a spike; whether the reset is `exact`
    int has_synapses;                       // otherwise I stays zero, and is left alone
    double decay_m, decay_s, gain;          // V <- decay_m V + gain I + drive, then I <- decay_s I
    double drive_gain, threshold, R_m;      // drive of a constant current, V/A; V; ohm
    REAL *V, *I, *drive, *bias;             // bias: drive without stimulus; drive of the source: its currents
    int *spikes, *begin;                    // all spikes of the trial, and where those of each step begin
    REAL *kept;                             // potential after the reset, one a spike
    struct { int first; uint64_t bits; } *firing;  // blocks that fire in this step, a bit a neuron
} Population;

typedef struct { int target, weight, length; } Run;  // where it begins among the targets and in a patch

typedef struct {
    int pre, post, patch;                   // weights in a patch: what a spike of one channel can reach
    REAL *weights;                          // a patch a presynaptic channel
    Run *runs;                              // of all presynaptic pixels, one after the other
    int *begin;                             // first run of each pixel
} Projection;

static void require(int condition, const char *problem)
{
    if (condition)
        return;
    fprintf(stderr, "%s\n", problem);
    exit(1);
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

static double seconds_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

// Parts are too short for a clock of processor time, which asks the kernel.
static double now(void)
{
    return seconds_of(CLOCK_MONOTONIC);
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
    require(fscanf(header, " population %d %d %d %d %d %lf %lf %lf %lf %lf %lf", &p.channels, &p.height,
                   &p.width, &p.refractory, &p.exact, &p.decay_m, &p.decay_s, &p.gain, &p.drive_gain,
                   &p.threshold, &p.R_m) == 11, "network.txt: a population is incomplete");
    p.size = p.channels * p.height * p.width;
    p.V = array(p.size, sizeof(REAL)), p.I = array(p.size, sizeof(REAL));
    p.drive = array(p.size, sizeof(REAL)), p.bias = array(p.size, sizeof(REAL));
    p.spikes = array((size_t) n_steps * p.size, sizeof(int));
    p.kept = array((size_t) n_steps * p.size, sizeof(REAL));
    p.begin = array(n_steps + 1, sizeof(int));
    p.firing = array(p.size / BLOCK + 2, sizeof *p.firing);
    read_values(weights, p.bias, p.size);
    for (int n = 0; n < p.size; n++)
        p.drive[n] = p.bias[n] *= p.drive_gain;
    return p;
}

// A spike in column x reaches the columns (x + left - k) / right of its targets, for the taps k where that is
// a whole number. Taps of one residue modulo the stride are stored in descending order: they reach neighbours.
static Projection read_projection(FILE *header, FILE *file, Population *populations)
{
    Projection c;
    int rows, columns, down, right, top, left, n_runs = 0;
    require(fscanf(header, " projection %d %d %d %d %d %d %d %d", &c.pre, &c.post, &rows, &columns, &down,
                   &right, &top, &left) == 8, "network.txt: a projection is incomplete");
    Population *pre = &populations[c.pre], *post = &populations[c.post];
    const int n_pixels = pre->height * pre->width, n = post->channels;
    post->has_synapses |= c.pre > 0;
    c.patch = rows * columns * n;
    c.weights = array((size_t) pre->channels * c.patch, sizeof(REAL));
    c.runs = array((size_t) n_pixels * rows, sizeof(Run));
    c.begin = array(n_pixels + 1, sizeof(int));
    int place[columns];
    for (int residue = 0, next = 0; residue < right; residue++)
        for (int k = columns - 1; k >= 0; k--)
            if (k % right == residue)
                place[k] = next++;
    for (int row = 0; row < pre->channels * rows; row++)
        for (int k = 0; k < columns; k++)
            read_values(file, c.weights + (row * columns + place[k]) * n, n);
    for (int pixel = 0; pixel < n_pixels; pixel++) {
        const int x = pixel % pre->width + left, reached = x / right + 1;
        const int first = x < columns ? 0 : (x - columns) / right + 1;
        const int end = reached < post->width ? reached : post->width;
        c.begin[pixel] = n_runs;
        for (int row = 0; row < post->height; row++) {
            const int tap = pixel / pre->width + top - row * down;
            if (0 <= tap && tap < rows && first < end)
                c.runs[n_runs++] = (Run){(row * post->width + first) * n,
                                         (tap * columns + place[x - first * right]) * n, (end - first) * n};
        }
    }
    c.begin[n_pixels] = n_runs;
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

// The currents of a trial: what of the image is not black, through the kernel of the first layer.
static void inject(const Projection *c, const Population *source, Population *post)
{
    memcpy(post->drive, post->bias, post->size * sizeof(REAL));
    for (int n = 0; n < source->size; n++)
        if (source->drive[n] != 0)
            add_patch(c, post->drive, n / source->channels, n % source->channels,
                      post->drive_gain * source->drive[n]);
}

static void deliver(const Projection *c, const Population *pre, Population *post, int step)
{
    // A product with 2^32/channels, rounded up, is an exact division while size times channels is below 2^32.
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

// With a constant current the crossing was a time s ago with (V - V_th)/(R I - V_th) = 1 - exp(-s/tau_m), at
// most a step; the exact reset gives back V_th times that, which is what leaked in the meantime.
static inline void fire(Population *p, int n, int has_synapses, int n_spikes)
{
    const REAL threshold = p->threshold, longest = 1 - p->decay_m, R_m = p->R_m;
    REAL V = p->V[n] - threshold;
    if (p->exact) {
        const REAL beyond = p->drive[n] / longest + (has_synapses ? R_m * p->I[n] : 0) - threshold;
        V += threshold * (beyond * longest > V ? V / beyond : longest);
    }
    p->V[n] = -INFINITY;
    p->kept[n_spikes] = V;
    p->spikes[n_spikes] = n;
}

static inline void advance(Population *p, int step, int silent, int has_synapses)
{
    const REAL decay_m = p->decay_m, decay_s = p->decay_s, gain = p->gain;
    const REAL threshold = silent ? INFINITY : p->threshold;
    int n_spikes = p->begin[step], n_firing = 0;
    if (step > p->refractory)
        for (int s = p->begin[step - p->refractory - 1]; s < p->begin[step - p->refractory]; s++)
            p->V[p->spikes[s]] = p->kept[s];
    for (int first = 0; first < p->size; first += BLOCK) {
        REAL *restrict V = p->V + first, *restrict I = p->I + first;
        const REAL *restrict drive = p->drive + first;
#pragma GCC ivdep
        for (int k = 0; k < BLOCK; k++) {
            V[k] = decay_m * V[k] + drive[k];
            if (has_synapses) {
                V[k] += gain * I[k];
                I[k] *= decay_s;
            }
        }
        const uint64_t bits = p->firing[n_firing].bits = above(V, threshold);
        p->firing[n_firing].first = first;
        n_firing += bits != 0;
    }
    for (int f = 0; f < n_firing; f++)
        for (uint64_t left = p->firing[f].bits; left; left &= left - 1)
            fire(p, p->firing[f].first + __builtin_ctzll(left), has_synapses, n_spikes++);
    p->begin[step + 1] = n_spikes;
}

static long peak_memory(void)
{
    long kilobytes = 0;
    FILE *status = fopen("/proc/self/status", "r");
    for (char line[256]; status && fgets(line, sizeof line, status);)
        sscanf(line, "VmHWM: %ld", &kilobytes);
    return kilobytes;
}

int main(void)
{
    FILE *header = fopen("network.txt", "r"), *weights = fopen("weights", "rb");
    FILE *stimulus = fopen("stimulus", "rb"), *counts = fopen("counts", "wb");
    FILE *spikes = fopen("spikes", "wb"), *potentials = fopen("potentials", "wb");
    require(header && weights && stimulus && counts && spikes && potentials, "cannot open the files");
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
    mark = now();
    const double begun = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    for (int trial = 0; trial < n_trials; trial++) {
        read_values(stimulus, source->drive, source->size);
        for (Population *p = populations + 1; p <= readout; p++) {
            memset(p->V, 0, p->size * sizeof(REAL));
            memset(p->I, 0, p->size * sizeof(REAL));
        }
        for (const Projection *c = projections; c < projections + n_projections; c++)
            if (c->pre == 0)
                inject(c, source, populations + c->post);
        CHARGE(INPUT);
        for (int step = 0, last = n_steps - 1; step <= last; step++) {
            for (Population *p = populations + 1; p <= readout; p++)
                p->has_synapses ? advance(p, step, step == last, 1) : advance(p, step, step == last, 0);
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
    const double seconds = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - begun;
    require(!fclose(counts) && !fclose(spikes) && !fclose(potentials), "cannot write the results");
    printf("%.9f %ld %.9f %.9f %.9f\n", seconds, peak_memory(), spent[INPUT], spent[NEURONS],
           spent[SYNAPSES]);
}
