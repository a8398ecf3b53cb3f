// Which of 64 neurons crossed their threshold, as bits: no compiler makes this of a loop.
#pragma once

#include <cstdint>
#include <cstring>

namespace bioscnn {

constexpr size_t word = 64;

// Bit k says whether byte k is 1; all bytes are 0 or 1.
inline uint64_t as_bits(const char* bytes)
{
    // Instructions by the compiler's own names: <immintrin.h> takes it 0.3 s to read.
#if defined(__AVX512BW__) && !defined(__clang__)
    typedef char All __attribute__((vector_size(64), aligned(1), may_alias));
    const All all = *(const All*) bytes;
    return __builtin_ia32_ptestmb512(all, all, -1);
#elif defined(__AVX2__)
    typedef char Half __attribute__((vector_size(32), aligned(1), may_alias));
    const Half low = *(const Half*) bytes, high = *(const Half*) (bytes + 32);
    const auto bits_of = [](Half some) { return (uint64_t) (uint32_t) __builtin_ia32_pmovmskb256(some != 0); };
    return bits_of(high) << 32 | bits_of(low);
#else
    uint64_t bits = 0, eight;
    for (size_t at = 0; at < word; at += 8)
    {
        std::memcpy(&eight, bytes + at, 8);
        bits |= (eight * 0x0102040810204080 >> 56) << at;  // byte k lands on bit 56 + k
    }
    return bits;
#endif
}

}  // namespace bioscnn
