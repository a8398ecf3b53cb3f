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

// Counts the spikes of each trial and each neuron, and, where told how many synapses each neuron has, the synaptic
// events of each trial; where asked to, writes every single spike: how many each step has, and their neurons, in the
// numbers of the network and their order.
class SpikeRecorder
{
    std::string population;
    int32_t channels;
    File trial_counts;
    std::unique_ptr<File> trial_events, step_counts, spikes;  // only where they are asked for
    std::vector<int64_t> neuron_counts;
    std::vector<int32_t> fan_out, in_step, neurons, end_of_channel, in_turn;
    std::vector<uint16_t> short_numbers;
    int64_t in_trial = 0, events = 0;

public:
    SpikeRecorder(const std::string& population, int32_t size, int32_t channels)
        : population(population), channels(channels), trial_counts(population + ".trial_counts", "wb"),
          neuron_counts(size, 0), end_of_channel(channels + 1)
    {
        if (asked_for(population + ".fan_out"))
        {
            fan_out = values<int32_t>(population + ".fan_out", size);
            trial_events = std::make_unique<File>(population + ".trial_events", "wb");
        }
        if (asked_for(population + ".record_spikes"))
        {
            step_counts = std::make_unique<File>(population + ".step_counts", "wb");
            spikes = std::make_unique<File>(population + ".spikes", "wb");
        }
    }

    template <class T> void add(const T* fired, int32_t n_fired)
    {
        for (int32_t k = 0; k < n_fired; k++)
            neuron_counts[fired[k]]++;
        if (trial_events)
            for (int32_t k = 0; k < n_fired; k++)
                events += fan_out[fired[k]];
        if (spikes)
        {
            keep_in_order(fired, n_fired);
            in_step.push_back(n_fired);
        }
        in_trial += n_fired;
    }

    void end_trial()
    {
        trial_counts.write(&in_trial, 1);
        if (trial_events)
            trial_events->write(&events, 1);
        if (spikes)
        {
            write_short(*step_counts, in_step.data(), in_step.size());
            write_short(*spikes, neurons.data(), in_trial);
            in_step.clear();
        }
        in_trial = events = 0;
    }

    void end_run()
    {
        File totals(population + ".neuron_counts", "wb");
        totals.write(neuron_counts.data(), neuron_counts.size());
        for (File* file : {&totals, &trial_counts, trial_events.get(), step_counts.get(), spikes.get()})
            if (file)
                file->close();
    }

private:
    // Numbers below 65536 take two bytes each: half as much goes through files.
    void write_short(File& file, const int32_t* numbers, size_t n)
    {
        if (neuron_counts.size() >= 1 << 16)
            return file.write(numbers, n);
        short_numbers.assign(numbers, numbers + n);
        file.write(short_numbers.data(), n);
    }

    // Neurons are numbered by pixels, and the channels of each; in the network's numbers all pixels of a channel are
    // together.
    template <class T> void keep_in_order(const T* fired, int32_t n_fired)
    {
        if (n_fired == 0)
            return;
        neurons.resize(std::max(neurons.size(), 2 * (size_t) (in_trial + n_fired)));
        int32_t* kept = neurons.data() + in_trial;
        const uint32_t n = channels, n_pixels = neuron_counts.size() / n;
        if (!std::is_sorted(fired, fired + n_fired))  // a GPU lists them as its threads came to them
        {
            in_turn.assign(fired, fired + n_fired);
            std::sort(in_turn.begin(), in_turn.end());
            return keep_in_order(in_turn.data(), n_fired);
        }
        if (n == 1 || n_pixels == 1)
        {
            std::copy(fired, fired + n_fired, kept);
            return;
        }
        std::fill(end_of_channel.begin(), end_of_channel.end(), 0);
        for (int32_t k = 0; k < n_fired; k++)
            end_of_channel[fired[k] % n + 1]++;
        for (uint32_t channel = 1; channel < n; channel++)
            end_of_channel[channel] += end_of_channel[channel - 1];
        for (int32_t k = 0; k < n_fired; k++)
            kept[end_of_channel[fired[k] % n]++] = fired[k] % n * n_pixels + fired[k] / n;
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
