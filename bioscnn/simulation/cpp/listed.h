// Synapses that are listed, each with a weight of its own: those of a presynaptic neuron in runs of targets that
// lie side by side.
#pragma once

#include <cmath>

#include "draws.h"
#include "patches.h"

namespace bioscnn {

template <class T> class Listed
{
    std::vector<int32_t> begin, post;  // the runs of each presynaptic neuron; the first target of each run
    std::vector<int64_t> first;        // the first weight of each run
    std::vector<T> weights;

public:
    Listed(const std::string& projection, size_t n_pre)
        : begin(values<int32_t>(projection + ".run_begin", n_pre + 1)),
          post(values<int32_t>(projection + ".run_post", begin.back())),
          first(values<int64_t>(projection + ".run_first", post.size() + 1)),
          weights(values<T>(projection + ".w", first.back()))
    {
    }

    // Calls a function with the first target, the length and the weights of each run of a neuron.
    template <class F> void each_run(int neuron, F act) const
    {
        for (int32_t k = begin[neuron]; k < begin[neuron + 1]; k++)
            act(post[k], (int) (first[k + 1] - first[k]), weights.data() + first[k]);
    }
};

// Decides which synapses of a projection fail to transmit a spike.
class Failures
{
    uint64_t key, least;

public:
    explicit Failures(const std::string& projection)
        : key(mix(values<int64_t>(projection + ".failure_key", 1)[0])),
          least((uint64_t) std::ceil(values<double>(projection + ".failure", 1)[0] * 0x1p53))
    {
    }

    uint64_t in_step(int64_t trial, int64_t step) const { return count(count(key, trial), step); }

    // Adds the weights of a run of targets, but for the synapses that fail: those whose uniform number is too small.
    template <class T> void add_rest(uint64_t spike, int post, int n, const T* weights, T* target) const
    {
        #pragma GCC ivdep
        for (int k = 0; k < n; k++)
            target[post + k] += count(spike, post + k) >> 11 >= least ? weights[k] : 0;
    }
};

}  // namespace bioscnn
