// Files through which a compiled program receives parameters and stimuli and returns what was recorded.
// All of them lie in the folder that the environment variable BIOSCNN_FOLDER names.
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace bioscnn {

[[noreturn]] inline void fail(const std::string& path, const char* problem)
{
    std::fprintf(stderr, "%s: %s\n", path.c_str(), problem);
    std::exit(3);
}

inline std::string path_of(const std::string& name)
{
    const char* folder = std::getenv("BIOSCNN_FOLDER");
    return std::string(folder ? folder : ".") + "/" + name;
}

// Whether the run asks for something, by a file of that name.
inline bool asked_for(const std::string& name)
{
    std::FILE* file = std::fopen(path_of(name).c_str(), "rb");
    if (file)
        std::fclose(file);
    else if (errno != ENOENT)
        fail(path_of(name), std::strerror(errno));
    return file != nullptr;
}

class File
{
    std::string path;
    std::FILE* file;

public:
    File(const std::string& name, const char* mode)
    {
        path = path_of(name);
        file = std::fopen(path.c_str(), mode);
        if (!file)
            fail(path, std::strerror(errno));
        std::setvbuf(file, nullptr, _IOFBF, 1 << 16);
    }

    template <class T> void read(T* to, size_t n)
    {
        if (std::fread(to, sizeof(T), n, file) != n)
            fail(path, "shorter than the program expects");
    }

    // For a file that holds exactly n values.
    template <class T> void read_all(T* to, size_t n)
    {
        read(to, n);
        if (std::fgetc(file) != EOF)
            fail(path, "longer than the program expects");
        std::fclose(file);
    }

    template <class T> void write(const T* from, size_t n)
    {
        if (std::fwrite(from, sizeof(T), n, file) != n)
            fail(path, std::strerror(errno));
    }

    void close()
    {
        if (std::fclose(file) != 0)
            fail(path, std::strerror(errno));
    }
};

// The values of a file that holds exactly n of them.
template <class T> std::vector<T> values(const std::string& name, size_t n)
{
    std::vector<T> all(n);
    File(name, "rb").read_all(all.data(), n);
    return all;
}

// Steps of a trial, trials of the run, and the duration of a step in seconds.
inline const int64_t n_steps = values<int64_t>("n_steps", 1)[0];
inline const int64_t n_trials = values<int64_t>("n_trials", 1)[0];
inline const double dt = values<double>("dt", 1)[0];

// The number of each trial in the whole run, of which this may be a part.
inline const std::vector<int64_t> trials = values<int64_t>("trials", n_trials);

}  // namespace bioscnn
