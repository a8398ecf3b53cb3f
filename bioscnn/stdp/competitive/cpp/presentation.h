// Images, one after the other: which is shown, its input spikes, and what the excitatory neurons answered.
#pragma once

#include <algorithm>
#include <cmath>

#include "recorders.h"

namespace bioscnn {

class Presentation
{
    size_t n_inputs, n_neurons;
    std::vector<float> images = values<float>("images", n_trials * n_inputs);
    uint64_t key = mix(values<int64_t>("input_key", 1)[0]);
    // Hz: that of a white pixel, and what is added where an image gave too few spikes.
    double rate = values<double>("rate", 1)[0], raise = values<double>("raise", 1)[0];
    int64_t fewest = values<int64_t>("fewest_spikes", 1)[0], most_tries = values<int64_t>("most_tries", 1)[0];
    int64_t n_rasters = values<int64_t>("rasters", 1)[0];
    File counts_file{"counts", "wb"}, totals_file{"totals", "wb"}, raster_file{"raster", "wb"};

    int64_t image = 0, tries = 0;
    std::vector<uint16_t> counts = std::vector<uint16_t>(n_neurons);
    int64_t inhibitory = 0, first_step = -1;
    // Spikes of all presentations of the image: of inputs, excitatory and inhibitory neurons.
    int64_t spent[3] = {};
    std::vector<std::pair<int32_t, int32_t>> drawn;  // step, input
    // Input spikes of each image, in place of drawn ones.
    const bool gives = values<int64_t>("gives", 1)[0];
    std::vector<int64_t> given_start = values<int64_t>("given_start", n_trials + 1);
    std::vector<int32_t> given_step = values<int32_t>("given_step", given_start[n_trials]);
    std::vector<int32_t> given_input = values<int32_t>("given_input", given_step.size());

    void take()
    {
        for (int64_t k = given_start[image]; k < given_start[image + 1]; k++)
            drawn.emplace_back(given_step[k], given_input[k]);
    }

    // Gaps between the spikes of a Bernoulli process are geometric: no step without a spike is drawn.
    void draw()
    {
        const uint64_t now = count(count(key, trials[image]), tries);
        for (size_t input = 0; input < n_inputs; input++)
        {
            const double p = std::min(images[image * n_inputs + input] * (rate + tries * raise) * dt, 1 - 1e-9);
            if (!(p > 0))
                continue;
            const uint64_t own = count(now, input);
            const double scale = 1 / std::log1p(-p);
            double step = -1;
            for (uint64_t k = 0;; k++)
            {
                step += 1 + std::floor(std::log1p(-uniform(count(own, k))) * scale);
                if (!(step < n_steps))
                    break;
                drawn.emplace_back((int32_t) step, (int32_t) input);
            }
        }
    }

    void begin_presentation()
    {
        drawn.clear();
        gives ? take() : draw();
        begin.assign(n_steps + 1, 0);
        for (const auto& spike : drawn)
            begin[spike.first + 1]++;
        for (int64_t step = 0; step < n_steps; step++)
            begin[step + 1] += begin[step];
        inputs.resize(drawn.size());
        std::vector<int32_t> next(begin.begin(), begin.end() - 1);
        for (const auto& spike : drawn)
            inputs[next[spike.first]++] = spike.second;
    }

public:
    // Inputs that spike, step by step: those of a step lie between its `begin` and the next.
    std::vector<int32_t> inputs, begin;
    const bool learns = values<int64_t>("learns", 1)[0];

    Presentation(size_t n_inputs, size_t n_neurons) : n_inputs(n_inputs), n_neurons(n_neurons) {}

    bool over() const { return image == n_trials; }

    void record(int64_t step, const int32_t* spikes, int32_t n, int32_t n_inhibitory)
    {
        inhibitory += n_inhibitory;
        if (n && first_step < 0)
            first_step = step;
        for (int32_t k = 0; k < n; k++)
        {
            counts[spikes[k]]++;
            if (image < n_rasters)
            {
                const int32_t entry[] = {(int32_t) image, (int32_t) tries, (int32_t) step, spikes[k]};
                raster_file.write(entry, 4);
            }
        }
    }

    // Before the first step of a presentation: goes on to the next image, or shows this one again, brighter.
    void next(int64_t slot, Progress& progress)
    {
        if (slot > 0)
        {
            int64_t fired = 0;
            for (uint16_t one : counts)
                fired += one;
            spent[0] += inputs.size(), spent[1] += fired, spent[2] += inhibitory;
            if (fired < fewest && tries + 1 < most_tries)
                tries++;
            else
            {
                counts_file.write(counts.data(), n_neurons);
                const int64_t totals[] = {tries + 1, spent[0], spent[1], spent[2], first_step};
                totals_file.write(totals, 5);
                std::fill(spent, spent + 3, 0);
                image++, tries = 0;
                progress.end_trial(image);
            }
        }
        std::fill(counts.begin(), counts.end(), 0);
        inhibitory = 0, first_step = -1;
        if (!over())
            return begin_presentation();
        counts_file.close(), totals_file.close(), raster_file.close();
    }
};

// Weights from one input on to the next by neuron; a column of them, those onto one neuron.
template <class T> struct Column
{
    T* first;
    size_t stride;
    T& operator[](size_t k) const { return first[k * stride]; }
};

inline Presentation* presentation = nullptr;

}  // namespace bioscnn
