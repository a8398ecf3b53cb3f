// Convolutional layers of neurons that fire at most once per image.
//
// Step k of an image, as in Brian2: membranes move, thresholds are tested, then the input spikes of step k
// arrive. A spike of step k can so make a neuron fire in step k + 1 at the soonest.
//
// Non-leaky neurons move when a spike arrives and at no other time: only the places that a spike has
// reached are looked at, which is exact. Leaky ones are propagated over each step by the exact solution of
//     tau_m dV/dt = R_m I - V,   tau_s dI/dt = -I.
// Potentials are in units of the postsynaptic potential of a synapse of weight 1.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace {

constexpr uint8_t SILENT = 255;

struct Shape {
    int32_t channels, height, width;           // of the input
    int32_t maps, kernel, padding;             // the weights: (channels, kernel, kernel, maps)
    int32_t out_height, out_width;
    int32_t steps;                             // thresholds are tested in steps 0 to steps - 1
    int32_t leaky;
};

struct Neuron {
    float threshold;
    float decay_V, decay_I, I_to_V;            // over one step; of leaky neurons
};

struct Spike {
    int32_t channel, y, x;
};

class Image {
public:
    explicit Image(const Shape& shape)
        : shape(shape),
          places(size_t(shape.out_height) * shape.out_width),
          V(places * shape.maps),
          I(shape.leaky ? V.size() : 0),
          closed(places),
          touched_in(places) {}

    void begin(const uint8_t* times) {
        std::fill(V.begin(), V.end(), 0.f);
        std::fill(I.begin(), I.end(), 0.f);
        std::fill(closed.begin(), closed.end(), 0);
        std::fill(touched_in.begin(), touched_in.end(), -1);
        touched.clear();
        first.assign(257, 0);
        const size_t size = size_t(shape.channels) * shape.height * shape.width;
        for (size_t at = 0; at < size; at++) first[times[at] + 1]++;
        for (int step = 0; step < 256; step++) first[step + 1] += first[step];
        spikes.resize(first[SILENT]);
        std::vector<int32_t> next(first.begin(), first.end());
        const uint8_t* time = times;
        for (int32_t channel = 0; channel < shape.channels; channel++)
            for (int32_t y = 0; y < shape.height; y++)
                for (int32_t x = 0; x < shape.width; x++, time++)
                    if (*time != SILENT) spikes[next[*time]++] = {channel, y, x};
    }

    // Membranes move to the beginning of a step, where thresholds are tested.
    void propagate(const Neuron& neuron) {
        if (!shape.leaky) return;
        const size_t size = V.size();
        float* v = V.data();
        float* i = I.data();
        for (size_t at = 0; at < size; at++) {
            v[at] = neuron.decay_V * v[at] + neuron.I_to_V * i[at];
            i[at] *= neuron.decay_I;
        }
    }

    // The input spikes of a step arrive.
    void deliver(int step, const float* weights) {
        std::vector<float>& target = shape.leaky ? I : V;
        touched.clear();
        for (int32_t s = first[step]; s < first[step + 1]; s++) {
            const Spike& spike = spikes[s];
            const float* of_channel = weights + size_t(spike.channel) * shape.kernel * shape.kernel * shape.maps;
            for (int32_t i = 0; i < shape.kernel; i++) {
                const int32_t y = spike.y + shape.padding - i;
                if (y < 0 || y >= shape.out_height) continue;
                for (int32_t j = 0; j < shape.kernel; j++) {
                    const int32_t x = spike.x + shape.padding - j;
                    if (x < 0 || x >= shape.out_width) continue;
                    const int32_t place = y * shape.out_width + x;
                    if (closed[place]) continue;
                    const float* w = of_channel + size_t(i * shape.kernel + j) * shape.maps;
                    float* to = target.data() + size_t(place) * shape.maps;
                    for (int32_t m = 0; m < shape.maps; m++) to[m] += w[m];
                    if (touched_in[place] != step) {
                        touched_in[place] = step;
                        touched.push_back(place);
                    }
                }
            }
        }
    }

    // Whether a neuron at a place is above its threshold: a loop that compilers vectorise.
    bool any_above(int32_t place, float threshold) const {
        const float* v = V.data() + size_t(place) * shape.maps;
        int32_t above = 0;
        for (int32_t m = 0; m < shape.maps; m++) above |= v[m] > threshold;
        return above;
    }

    // Places where a neuron can have crossed its threshold since the last step.
    template <class Function>
    void each_open_place(Function function) {
        if (shape.leaky) {
            for (size_t place = 0; place < places; place++)
                if (!closed[place]) function(int32_t(place));
        } else {
            for (int32_t place : touched)
                if (!closed[place]) function(place);
        }
    }

    const Shape& shape;
    const size_t places;
    std::vector<float> V, I;                    // (places, maps)
    std::vector<uint8_t> closed;                // whether all neurons of a place are inhibited
    std::vector<int32_t> first;                 // first spike of each step

private:
    std::vector<int32_t> touched_in, touched;
    std::vector<Spike> spikes;
};

}  // namespace

extern "C" {

// First spikes of a layer in which the neurons of a place inhibit each other: the first one to cross
// silences the others; within a step the highest potential wins, of equal ones that of the first map. times: (images, channels, height, width),
// out: (images, maps, out_height, out_width), 255 for none.
void first_spikes(const Shape* shape, const Neuron* neuron, const float* weights, const uint8_t* times,
                  int64_t images, uint8_t* out) {
    Image image(*shape);
    const size_t in_size = size_t(shape->channels) * shape->height * shape->width;
    const size_t out_size = image.places * shape->maps;
    std::memset(out, SILENT, images * out_size);
    for (int64_t n = 0; n < images; n++, times += in_size, out += out_size) {
        image.begin(times);
        for (int step = 0; step < shape->steps; step++) {
            image.propagate(*neuron);
            image.each_open_place([&](int32_t place) {
                if (!image.any_above(place, neuron->threshold)) return;
                const float* v = image.V.data() + size_t(place) * shape->maps;
                const float* best = std::max_element(v, v + shape->maps);
                out[size_t(best - v) * image.places + place] = uint8_t(step);
                image.closed[place] = 1;
            });
            image.deliver(step, weights);
        }
    }
}

// Highest potentials of neurons that never fire, of each map in each part of the image. part: that of each place,
// (out_height * out_width,); out: (images, parts, maps).
void peak_potentials(const Shape* shape, const Neuron* neuron, const float* weights, const uint8_t* times,
                     int64_t images, const int32_t* part, int32_t parts, float* out) {
    Image image(*shape);
    const size_t in_size = size_t(shape->channels) * shape->height * shape->width;
    std::vector<float> peak(shape->leaky ? image.V.size() : 0);
    for (int64_t n = 0; n < images; n++, times += in_size, out += size_t(parts) * shape->maps) {
        image.begin(times);
        std::fill(peak.begin(), peak.end(), 0.f);
        for (int step = 0; step < shape->steps; step++) {
            image.propagate(*neuron);
            for (size_t at = 0; at < peak.size(); at++) peak[at] = std::max(peak[at], image.V[at]);
            image.deliver(step, weights);
        }
        const std::vector<float>& found = shape->leaky ? peak : image.V;  // weights are positive
        std::fill(out, out + size_t(parts) * shape->maps, 0.f);
        for (size_t place = 0; place < image.places; place++) {
            const float* v = found.data() + place * shape->maps;
            float* highest = out + size_t(part[place]) * shape->maps;
            for (int32_t m = 0; m < shape->maps; m++) highest[m] = std::max(highest[m], v[m]);
        }
    }
}

// Spike-timing-dependent plasticity, one image after the other. Of each map the first neuron that crosses
// its threshold learns, and inhibits all neurons of all maps within a radius; the highest potential comes
// first within a step, and at most so many learn. A synapse whose spike had arrived is strengthened, any other
// weakened:
//     w += (a_plus or -a_minus) w (1 - w).
// rates: (images, 2) of a_plus and a_minus; wins: (maps,), to which the images that each map learned are added.
void learn(const Shape* shape, const Neuron* neuron, float* weights, const uint8_t* times, int64_t images,
           const float* rates, int32_t radius, int32_t most, int64_t* wins) {
    struct Candidate {
        float V;
        int32_t place, map;
    };
    struct Winner {
        int32_t place, map, step;
    };
    Image image(*shape);
    std::vector<Candidate> candidates;
    std::vector<Winner> winners;
    std::vector<uint8_t> won(shape->maps);
    const size_t in_size = size_t(shape->channels) * shape->height * shape->width;
    for (int64_t n = 0; n < images; n++, times += in_size) {
        image.begin(times);
        std::fill(won.begin(), won.end(), 0);
        winners.clear();
        for (int step = 0; step < shape->steps && int32_t(winners.size()) < most; step++) {
            image.propagate(*neuron);
            candidates.clear();
            image.each_open_place([&](int32_t place) {
                if (!image.any_above(place, neuron->threshold)) return;
                const float* v = image.V.data() + size_t(place) * shape->maps;
                for (int32_t m = 0; m < shape->maps; m++)
                    if (v[m] > neuron->threshold && !won[m]) candidates.push_back({v[m], place, m});
            });
            std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
                return a.V != b.V ? a.V > b.V : a.place != b.place ? a.place < b.place : a.map < b.map;
            });
            for (const Candidate& candidate : candidates) {
                if (int32_t(winners.size()) == most) break;
                if (won[candidate.map] || image.closed[candidate.place]) continue;
                won[candidate.map] = 1;
                winners.push_back({candidate.place, candidate.map, step});
                const int32_t y = candidate.place / shape->out_width, x = candidate.place % shape->out_width;
                for (int32_t v = std::max(0, y - radius); v <= std::min(shape->out_height - 1, y + radius); v++)
                    for (int32_t u = std::max(0, x - radius); u <= std::min(shape->out_width - 1, x + radius); u++)
                        image.closed[size_t(v) * shape->out_width + u] = 1;
            }
            image.deliver(step, weights);
        }
        for (const Winner& winner : winners) {
            wins[winner.map]++;
            const int32_t top = winner.place / shape->out_width - shape->padding;
            const int32_t left = winner.place % shape->out_width - shape->padding;
            float* w = weights + winner.map;
            for (int32_t c = 0; c < shape->channels; c++)
                for (int32_t i = 0; i < shape->kernel; i++)
                    for (int32_t j = 0; j < shape->kernel; j++, w += shape->maps) {
                        const int32_t y = top + i, x = left + j;
                        const bool inside = y >= 0 && y < shape->height && x >= 0 && x < shape->width;
                        const bool before =
                            inside && times[(size_t(c) * shape->height + y) * shape->width + x] < winner.step;
                        *w += (before ? rates[2 * n] : -rates[2 * n + 1]) * *w * (1 - *w);
                    }
        }
    }
}

}  // extern "C"
