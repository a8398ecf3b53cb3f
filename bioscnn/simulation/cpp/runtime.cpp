// Two functions of the C and C++ libraries that a compiled program replaces.
#include <cstdlib>
#include <ctime>
#include <new>

// Large arrays begin at a cache line, so that no vector load touches two of them.
void* operator new(std::size_t n)
{
    constexpr std::size_t line = 64, large = 1024;
    if (void* memory = n < large ? std::malloc(n) : std::aligned_alloc(line, (n / line + 1) * line))
        return memory;
    throw std::bad_alloc();
}
void* operator new[](std::size_t n) { return operator new(n); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

// Brian2's loop asks for the processor time at every step, a system call, for a report that nobody wants here.
extern "C" std::clock_t clock() noexcept { return 0; }
