// Where one presynaptic neuron puts its weights: the geometry of a procedural projection.
// Neurons are numbered row, column, channel, so that the targets of a kernel's column lie side by side.
// All sizes are known to the compiler.
#pragma once

#include <algorithm>
#include <cstddef>

namespace bioscnn {

template <class T> void add_all(int n, T factor, const T* __restrict weights, T* __restrict target)
{
    for (int k = 0; k < n; k++)
        target[k] += factor * weights[k];
}

struct Dense
{
    int n_post;

    size_t n_weights(size_t n_pre) const { return n_pre * n_post; }

    template <class T> void add(int neuron, T factor, const T* weights, T* target) const
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

    // Calls `at(post pixel, tap, channel)` for every window that sees a neuron.
    template <class F> void each(int neuron, F at) const
    {
        const int channel = neuron % channels, pixel = neuron / channels;
        const int y = pixel / width + padding_y, x = pixel % width + padding_x;
        const int last_y = std::min(y / stride_y, post_height - 1), last_x = std::min(x / stride_x, post_width - 1);
        for (int o_y = first(y, window_height, stride_y); o_y <= last_y; o_y++)
            for (int o_x = first(x, window_width, stride_x); o_x <= last_x; o_x++)
                at(o_y * post_width + o_x, (y - o_y * stride_y) * window_width + x - o_x * stride_x, channel);
    }

private:
    static int first(int at, int size, int stride) { return at < size ? 0 : (at - size) / stride + 1; }
};

struct Convolution
{
    Window window;
    int group_size, group_post;  // channels of a group, before and after

    size_t n_weights(size_t) const
    {
        return (size_t) window.channels * window.window_height * window.window_width * group_post;
    }

    template <class T> void add(int neuron, T factor, const T* weights, T* target) const
    {
        const int taps = window.window_height * window.window_width;
        window.each(neuron, [&](int pixel, int tap, int channel) {
            add_all(group_post, factor, weights + (size_t) (channel * taps + tap) * group_post,
                    target + pixel * window.post_channels + channel / group_size * group_post);
        });
    }
};

// One weight a target: the gain of its channel over the number of pixels in its window.
struct Pooling
{
    Window window;

    size_t n_weights(size_t) const
    {
        return (size_t) window.post_height * window.post_width * window.post_channels;
    }

    template <class T> void add(int neuron, T factor, const T* weights, T* target) const
    {
        window.each(neuron, [&](int pixel, int, int channel) {
            const int post = pixel * window.post_channels + channel;
            target[post] += factor * weights[post];
        });
    }
};

}  // namespace bioscnn
