// What every compiled program does with spikes and potentials, whichever simulator drives it: it reads the spikes
// of the stimulus, writes what is recorded, and says how many trials are done.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>

#include "stream.h"

namespace bioscnn {

// The spikes of the stimulus: for each trial their number, then pairs of step and neuron.
class InputSpikes
{
    File stimulus;
    std::vector<int32_t> events;
    size_t next = 0;

public:
    explicit InputSpikes(const std::string& population) : stimulus(population + ".stimulus", "rb") {}

    void begin_trial()
    {
        int32_t n_spikes;
        stimulus.read(&n_spikes, 1);
        events.resize(2 * (size_t) n_spikes);
        stimulus.read(events.data(), events.size());
        next = 0;
    }

    // Puts the neurons that spike in a step into an array, in order, and returns how many they are.
    template <class T> int32_t emit(int64_t step, T* neurons)
    {
        int32_t n_now = 0;
        for (; next < events.size() && events[next] == step; next += 2)
            neurons[n_now++] = events[next + 1];
        std::sort(neurons, neurons + n_now);
        return n_now;
    }
};

// Counts the spikes of each trial and each neuron; where asked to, writes every single one: pairs of step and
// neuron, in the numbers of the network and their order.
class SpikeRecorder
{
    std::string population;
    int32_t channels;
    bool wanted;
    File trial_counts, spikes;
    std::vector<int64_t> neuron_counts;
    std::vector<int32_t> neurons, events;
    int64_t in_trial = 0;

public:
    SpikeRecorder(const std::string& population, int32_t size, int32_t channels)
        : population(population), channels(channels), wanted(asked_for(population + ".record_spikes")),
          trial_counts(population + ".trial_counts", "wb"), spikes(population + ".spikes", "wb"),
          neuron_counts(size, 0)
    {
    }

    template <class T> void add(int32_t step, const T* fired, int32_t n_fired)
    {
        in_trial += n_fired;
        for (int32_t k = 0; k < n_fired; k++)
            neuron_counts[fired[k]]++;
        if (!wanted)
            return;
        const int32_t pixels = (int32_t) neuron_counts.size() / channels;
        neurons.clear();
        for (int32_t k = 0; k < n_fired; k++)
            neurons.push_back((int32_t) fired[k] % channels * pixels + (int32_t) fired[k] / channels);
        std::sort(neurons.begin(), neurons.end());
        for (int32_t neuron : neurons)
            events.insert(events.end(), {step, neuron});
    }

    void end_trial()
    {
        trial_counts.write(&in_trial, 1);
        spikes.write(events.data(), events.size());
        events.clear();
        in_trial = 0;
    }

    void end_run()
    {
        File totals(population + ".neuron_counts", "wb");
        totals.write(neuron_counts.data(), neuron_counts.size());
        totals.close();
        trial_counts.close();
        spikes.close();
    }
};

// Writes the membrane potentials at the end of each step (float32), where asked to.
class PotentialRecorder
{
    std::unique_ptr<File> file;
    std::vector<float> V;

public:
    const bool wanted;

    explicit PotentialRecorder(const std::string& population) : wanted(asked_for(population + ".record_potentials"))
    {
        if (wanted)
            file = std::make_unique<File>(population + ".potentials", "wb");
    }

    template <class T> void add(const T* potentials, size_t n) { V.insert(V.end(), potentials, potentials + n); }

    void end_trial()
    {
        if (wanted)
            file->write(V.data(), V.size());
        V.clear();
    }

    void end_run()
    {
        if (wanted)
            file->close();
    }
};

// Says on standard output, at most ten times a second, how many trials are done.
class Progress
{
    using clock = std::chrono::steady_clock;
    clock::time_point told = clock::now();

public:
    void end_trial(int64_t done)
    {
        if (done < n_trials && clock::now() - told < std::chrono::milliseconds(100))
            return;
        told = clock::now();
        std::printf("%lld\n", (long long) done);
        std::fflush(stdout);
    }
};

}  // namespace bioscnn
