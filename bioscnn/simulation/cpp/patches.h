// Where one presynaptic neuron puts its weights: the geometry of a procedural projection.
// Neurons are numbered row, column, channel, so that the targets of a kernel's column lie side by side.
// All sizes are known to the compiler.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace bioscnn {

template <class T> void add_all(int n, T factor, const T* __restrict weights, T* __restrict target)
{
    #pragma GCC ivdep
    #pragma GCC unroll 1
    for (int k = 0; k < n; k++)
        target[k] += factor * weights[k];
}

// Through which taps the windows see each presynaptic pixel: those of a pixel lie between two entries of `begin`.
struct Sights
{
    struct Sight { int post_pixel, tap; };
    std::vector<Sight> of;
    std::vector<int> begin{0};
};

struct Dense
{
    int n_post;

    Sights sights() const { return {}; }

    size_t n_weights(size_t n_pre) const { return n_pre * n_post; }

    template <class T> void add(const Sights& sights, int neuron, T factor, const T* weights, T* target) const
    {
        add_all(n_post, factor, weights + (size_t) neuron * n_post, target);
    }
};

// A window that slides over the presynaptic image: output o and tap k read input o*stride + k - padding.
struct Window
{
    int channels, height, width;
    int post_channels, post_height, post_width;
    int window_height, window_width;
    int stride_y, stride_x, padding_y, padding_x;
    int seen_height, seen_width;  // no window sees the rest of the image

    Sights sights() const
    {
        Sights all;
        for (int y = padding_y; y < height + padding_y; y++)
            for (int x = padding_x; x < width + padding_x; x++)
            {
                const bool seen = y < seen_height + padding_y && x < seen_width + padding_x;
                const int end_y = seen ? std::min(y / stride_y + 1, post_height) : 0;
                const int end_x = std::min(x / stride_x + 1, post_width);
                for (int o_y = first(y, window_height, stride_y); o_y < end_y; o_y++)
                    for (int o_x = first(x, window_width, stride_x); o_x < end_x; o_x++)
                        all.of.push_back(
                            {o_y * post_width + o_x, (y - o_y * stride_y) * window_width + x - o_x * stride_x});
                all.begin.push_back(all.of.size());
            }
        return all;
    }

private:
    // The first window of a size that reaches a position.
    static int first(int at, int size, int stride) { return at < size ? 0 : (at - size) / stride + 1; }
};

struct Convolution
{
    Window window;
    int group_size, group_post;  // channels of a group, before and after

    Sights sights() const { return window.sights(); }

    size_t n_weights(size_t) const
    {
        return (size_t) window.channels * window.window_height * window.window_width * group_post;
    }

    template <class T> void add(const Sights& sights, int neuron, T factor, const T* weights, T* target) const
    {
        const int taps = window.window_height * window.window_width;
        const int pixel = (unsigned) neuron / window.channels, channel = (unsigned) neuron % window.channels;
        const T* from = weights + (size_t) channel * taps * group_post;
        T* to = target + channel / group_size * group_post;
        for (int k = sights.begin[pixel]; k < sights.begin[pixel + 1]; k++)
            add_all(group_post, factor, from + sights.of[k].tap * group_post,
                    to + sights.of[k].post_pixel * window.post_channels);
    }
};

// One weight a target: the gain of its channel over the number of pixels in its window.
struct Pooling
{
    Window window;

    Sights sights() const { return window.sights(); }

    size_t n_weights(size_t) const
    {
        return (size_t) window.post_height * window.post_width * window.post_channels;
    }

    template <class T> void add(const Sights& sights, int neuron, T factor, const T* weights, T* target) const
    {
        each(sights, neuron, [&](int post) { target[post] += factor * weights[post]; });
    }

    // Calls a function with each target of a neuron.
    template <class F> void each(const Sights& sights, int neuron, F act) const
    {
        const int pixel = (unsigned) neuron / window.channels, channel = (unsigned) neuron % window.channels;
        for (int k = sights.begin[pixel]; k < sights.begin[pixel + 1]; k++)
            act(sights.of[k].post_pixel * window.post_channels + channel);
    }
};

}  // namespace bioscnn
