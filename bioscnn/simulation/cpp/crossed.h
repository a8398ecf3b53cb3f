// Which of 64 neurons crossed their threshold, as bits: no compiler makes this of a loop.
#pragma once

#include <cstdint>
#include <cstring>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace bioscnn {

constexpr size_t word = 64;

// Bit k says whether byte k is 1; all bytes are 0 or 1.
inline uint64_t as_bits(const char* bytes)
{
#if defined(__AVX512BW__)
    const __m512i all = _mm512_loadu_si512(bytes);
    return _mm512_test_epi8_mask(all, all);
#elif defined(__AVX2__)
    uint64_t bits = 0;
    for (size_t half = 0; half < word; half += 32)
    {
        const __m256i some = _mm256_loadu_si256((const __m256i*) (bytes + half));
        bits |= (uint64_t) (uint32_t) _mm256_movemask_epi8(_mm256_slli_epi16(some, 7)) << half;
    }
    return bits;
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
