{# USES_VARIABLES { N, _spikespace, t, not_refractory, lastspike } #}
{# State update, threshold and reset of a group in one pass, with Brian2's own statements for each. The loop over all
   neurons has no condition, so that the compiler makes vectors of it: refractory neurons are advanced like the others,
   and what refractoriness holds is put back. They wait in the order of their spikes, and since all of a group are
   refractory for the same time, only those in front are asked whether they are free again. #}
{% extends 'common_group.cpp' %}

{% block extra_headers %}
#include <algorithm>
#include "crossed.h"
{% endblock %}

{% block maincode %}
    static std::vector<int32_t> refractory;
    const size_t _vectorisation_idx = -1;
    {
        {{scalar_code['release']|autoindent}}
        auto waiting = refractory.begin();
        for (; waiting != refractory.end(); waiting++)
        {
            const size_t _idx = *waiting;
            {{vector_code['release']|autoindent}}
            if (!{{not_refractory}}[_idx])
                break;
        }
        refractory.erase(refractory.begin(), waiting);
    }
    const size_t n_refractory = refractory.size();
    {% for name in held %}
    static std::vector<{{c_data_type(variables[name].dtype)}}> held_{{name}};
    held_{{name}}.resize(n_refractory);
    for (size_t k = 0; k < n_refractory; k++)
        held_{{name}}[k] = {{get_array_name(variables[name])}}[refractory[k]];
    {% endfor %}

    constexpr size_t block = 512;
    static char crossed[block];
    static struct { int32_t first; uint64_t bits; } words[N / bioscnn::word + 1];
    size_t n_words = 0;
    {
        {{scalar_code['advance']|autoindent}}
        const auto advance = [&](size_t first, size_t n) __attribute__((always_inline)) {
            #pragma GCC ivdep
            for (size_t k = 0; k < n; k++)
            {
                const size_t _idx = first + k;
                {{vector_code['advance']|autoindent}}
                crossed[k] = _cond;
            }
            for (size_t k = 0; k < n; k += bioscnn::word)
            {
                words[n_words] = {(int32_t) (first + k), bioscnn::as_bits(crossed + k)};
                n_words += words[n_words].bits != 0;  // without a branch, which would be mispredicted
            }
        };
        size_t first = 0;
        for (; first + block <= N; first += block)
            advance(first, block);
        std::fill(crossed, crossed + block, 0);
        advance(first, N - first);
    }

    {% for name in held %}
    for (size_t k = 0; k < n_refractory; k++)
        {{get_array_name(variables[name])}}[refractory[k]] = held_{{name}}[k];
    {% endfor %}
    int32_t n_spikes = 0;
    for (size_t k = 0; k < n_words; k++)
        for (uint64_t bits = words[k].bits; bits; bits &= bits - 1)
        {
            const int32_t neuron = words[k].first + __builtin_ctzll(bits);
            {{_spikespace}}[n_spikes] = neuron;
            n_spikes += {{not_refractory}}[neuron];
        }
    {{_spikespace}}[N] = n_spikes;

    {
        {{scalar_code['reset']|autoindent}}
        for (int32_t k = 0; k < n_spikes; k++)
        {
            const size_t _idx = {{_spikespace}}[k];
            {{lastspike}}[_idx] = {{t}};
            {{vector_code['reset']|autoindent}}
            {{not_refractory}}[_idx] = false;
            refractory.push_back(_idx);
        }
    }
{% endblock %}
