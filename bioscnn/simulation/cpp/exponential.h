// Exponentials that a compiler makes vectors of, in place of those of the C library, which it calls neuron by neuron.
// Additions and products alone decide their bits, so they are the same on every machine; exp differs from the exact
// value by less than 1.5 units in the last place, the others by less than 3.5, and below `lowest` exp is 0.
// tests/devices/test_exponential.py holds them to that.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

namespace bioscnn {

// What exponentials of a kind of number are computed with: exp(x) = 2^n exp(r), |r| <= ln(2)/2.
template <class T> struct Exponential;

template <> struct Exponential<double>
{
    using bits = int64_t;
    static constexpr double lowest = -708.0, highest = 709.782712893384;  // below, exp is 0; above, infinity
    static constexpr double log2_e = 0x1.71547652b82fep+0;
    static constexpr double ln2_high = 0x1.62e42fefa0000p-1, ln2_low = 0x1.cf79abc9e3b3ap-40;
    static constexpr double round = 0x1.8p+52;  // added to a number, leaves its nearest integer in the last bits
    static constexpr int mantissa = 52, degree = 12;
};

template <> struct Exponential<float>
{
    using bits = int32_t;
    static constexpr float lowest = -86.9f, highest = 88.72283f;
    static constexpr float log2_e = 0x1.715476p+0f;
    static constexpr float ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f;
    static constexpr float round = 0x1.8p+23f;
    static constexpr int mantissa = 23, degree = 6;
};

// 1/k!
constexpr double inverse_factorial(int k) { return k < 2 ? 1.0 : inverse_factorial(k - 1) / k; }

// sum of r^k/(k + 1)!, which is (exp(r) - 1)/r.
template <class T, int k> constexpr T series(T r)
{
    if constexpr (k == Exponential<T>::degree)
        return T(inverse_factorial(k + 1));
    else
        return T(inverse_factorial(k + 1)) + r * series<T, k + 1>(r);
}

// exp(x) as a power of two and the rest: 2^n (1 + rest), where rest = exp(r) - 1; anything beyond `lowest`, `highest`.
template <class T> struct Split
{
    T power, rest;

    explicit Split(T x)
    {
        using E = Exponential<T>;
        const T shifted = x * E::log2_e + E::round;
        const T n = shifted - E::round, r = (x - n * E::ln2_high) - n * E::ln2_low;
        rest = r * series<T, 0>(r);
        // Of 2^n half is in `power`, since 2^1024 is no number: the exponent of 2^(n - 1), put together from bits.
        typename E::bits whole;
        std::memcpy(&whole, &shifted, sizeof whole);
        constexpr typename E::bits bias = (typename E::bits(1) << (8 * sizeof(T) - 2 - E::mantissa)) - 1;
        whole = (whole + bias - 1) << E::mantissa;
        std::memcpy(&power, &whole, sizeof whole);
    }
};

template <class T> inline T exp(T x)
{
    using E = Exponential<T>;
    const Split<T> of(x);
    const T found = (of.power + of.power * of.rest) * 2;
    return x < E::lowest ? T(0) : x > E::highest ? T(INFINITY) : found;
}

template <class T> inline T expm1(T x)
{
    using E = Exponential<T>;
    const Split<T> of(x < E::lowest ? E::lowest : x);
    const T found = ((of.power - T(0.5)) + of.power * of.rest) * 2;
    return x > E::highest ? T(INFINITY) : found;
}

// (exp(x) - 1)/x, which is 1 at 0.
template <class T> inline T exprel(T x)
{
    return x == 0 ? T(1) : x > Exponential<T>::highest ? T(INFINITY) : expm1(x) / x;
}

template <class T> inline T tanh(T x)
{
    const T saturated = 20, within = x < -saturated ? -saturated : x > saturated ? saturated : x;
    const T twice = expm1(2 * within);
    return twice / (twice + 2);
}

}  // namespace bioscnn
