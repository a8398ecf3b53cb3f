// Random numbers by counter, as `bioscnn/draws.py` makes them: a key is mixed with one whole number after the other.
#pragma once

#include <algorithm>

#include "stream.h"

namespace bioscnn {

inline uint64_t mix(uint64_t number)
{
    number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9;
    number = (number ^ (number >> 27)) * 0x94D049BB133111EB;
    return number ^ (number >> 31);
}

// Bits for a key and the counters before this one become those for this one too.
inline uint64_t count(uint64_t bits, uint64_t counter) { return mix(bits + 0x9E3779B97F4A7C15 * (counter + 1)); }

// Uniform in [0, 1).
inline double uniform(uint64_t bits) { return (double) (bits >> 11) * 0x1p-53; }

// The noisy currents of a population: `sd` times normally distributed numbers, on top of steady ones.
template <class T> class NoisyCurrents
{
    static constexpr size_t table = 1 << 15, block = 256;

    uint64_t key;
    std::vector<T> sd, tables;

    // Where a block lies: the blocks of a table come in an order, and from a start, that are drawn.
    static size_t place(uint64_t drawn, size_t begin)
    {
        return (drawn % table + begin * (2 * (drawn / table % 64) + 1)) % table;
    }

    static std::vector<T> numbers(const std::string& name, size_t n)
    {
        const std::vector<double> all = values<double>(name, n);
        return {all.begin(), all.end()};
    }

public:
    NoisyCurrents(const std::string& population, size_t size)
        : key(mix(values<int64_t>(population + ".noise_key", 1)[0])),
          sd(numbers(population + ".noise_current", size)), tables(numbers("normal_tables", 2 * (table + block)))
    {
    }

    void draw(int64_t trial, int64_t step, const T* __restrict steady, T* __restrict current) const
    {
        const uint64_t now = count(count(key, trial), step);
        for (size_t begin = 0; begin < sd.size(); begin += block)
        {
            const uint64_t drawn = count(now, begin / table);
            const T* first = tables.data() + place((uint32_t) drawn, begin);
            const T* second = tables.data() + table + block + place(drawn >> 32, begin);
            const size_t n = std::min(block, sd.size() - begin);
            for (size_t k = 0; k < n; k++)
                current[begin + k] = steady[begin + k] + sd[begin + k] * (first[k] + second[k]);
        }
    }
};

// What the axons of a population do to its spikes: each takes its time, some are lost.
class Axons
{
    uint64_t key;
    double loss;
    std::vector<int32_t> delay;
    std::vector<std::vector<int32_t>> arriving;  // neurons, by the step of the trial

public:
    Axons(const std::string& population, size_t size)
        : key(mix(values<int64_t>(population + ".axon_key", 1)[0])),
          loss(values<double>(population + ".axon_loss", 1)[0]),
          delay(values<int32_t>(population + ".axon_steps", size)), arriving(n_steps)
    {
    }

    // Takes the spikes of a step, and puts those that arrive in it, of whatever step, into an array.
    int32_t carry(int64_t trial, int64_t step, const int32_t* sent, int32_t n_sent, int32_t* arrived)
    {
        const uint64_t now = count(count(key, trial), step);
        for (int32_t k = 0; k < n_sent; k++)
        {
            const int64_t due = step + delay[sent[k]];
            if (due < n_steps && !(loss > 0 && uniform(count(now, sent[k])) < loss))
                arriving[due].push_back(sent[k]);
        }
        std::vector<int32_t>& here = arriving[step];
        const int32_t n_arrived = (int32_t) here.size();
        for (int32_t k = 0; k < n_arrived; k++)
            arrived[k] = here[k];
        here.clear();
        return n_arrived;
    }
};

}  // namespace bioscnn
