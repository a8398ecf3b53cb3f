{# USES_VARIABLES { N, _spikespace, t, not_refractory, lastspike } #}
{# State update, threshold and reset of a group in one pass, with Brian2's own statements for each. The loop over all
   neurons has no condition, so that the compiler makes vectors of it: refractory neurons are advanced like the others,
   and what refractoriness holds is put back. They wait in the order of their spikes, and since all of a group are
   refractory for the same time, only those in front are asked whether they are free again.
   Our variables begin with an underscore, which no variable of a neuron does: it would hide them, or they it. #}
{% extends 'common_group.cpp' %}

{% block extra_headers %}
#include <algorithm>
#include "crossed.h"
#include "exponential.h"
{% endblock %}

{% block maincode %}
    using _number = {{c_data_type(variables["V"].dtype)}};
    static std::vector<int32_t> _refractory;
    const size_t _vectorisation_idx = -1;
    {
        {{scalar_code['release']|autoindent}}
        auto _waiting = _refractory.begin();
        for (; _waiting != _refractory.end(); _waiting++)
        {
            const size_t _idx = *_waiting;
            {{vector_code['release']|autoindent}}
            if (!{{not_refractory}}[_idx])
                break;
        }
        _refractory.erase(_refractory.begin(), _waiting);
    }
    const size_t _n_refractory = _refractory.size();
    {% for name in held %}
    static std::vector<{{c_data_type(variables[name].dtype)}}> _held_{{name}};
    _held_{{name}}.resize(_n_refractory);
    for (size_t _at = 0; _at < _n_refractory; _at++)
        _held_{{name}}[_at] = {{get_array_name(variables[name])}}[_refractory[_at]];
    {% endfor %}

    constexpr size_t _block = 512;
    static char _crossed[_block];
    static struct { int32_t first; uint64_t bits; } _words[N / bioscnn::word + 1];
    size_t _n_words = 0;
    {
        {{scalar_code['advance']|autoindent}}
        const auto _advance = [&](size_t _first, size_t _n) __attribute__((always_inline)) {
            {% for name, brian in (('exp', 'exp'), ('expm1', 'expm1'), ('exprel', '_exprel'), ('tanh', 'tanh')) %}
            const auto {{brian}} = [](_number _x) __attribute__((always_inline)) { return bioscnn::{{name}}(_x); };
            {% endfor %}
            const auto _clip = [](_number _x, _number _low, _number _high) __attribute__((always_inline)) {
                return _x < _low ? _low : _x > _high ? _high : _x;
            };
            #pragma GCC ivdep
            for (size_t _at = 0; _at < _n; _at++)
            {
                const size_t _idx = _first + _at;
                {{vector_code['advance']|autoindent}}
                _crossed[_at] = _cond;
            }
            for (size_t _at = 0; _at < _n; _at += bioscnn::word)
            {
                _words[_n_words] = {(int32_t) (_first + _at), bioscnn::as_bits(_crossed + _at)};
                _n_words += _words[_n_words].bits != 0;  // without a branch, which would be mispredicted
            }
        };
        size_t _first = 0;
        for (; _first + _block <= N; _first += _block)
            _advance(_first, _block);
        std::fill(_crossed, _crossed + _block, 0);
        _advance(_first, N - _first);
    }

    {% for name in held %}
    for (size_t _at = 0; _at < _n_refractory; _at++)
        {{get_array_name(variables[name])}}[_refractory[_at]] = _held_{{name}}[_at];
    {% endfor %}
    int32_t _n_spikes = 0;
    for (size_t _at = 0; _at < _n_words; _at++)
        for (uint64_t _bits = _words[_at].bits; _bits; _bits &= _bits - 1)
        {
            const int32_t _neuron = _words[_at].first + __builtin_ctzll(_bits);
            {{_spikespace}}[_n_spikes] = _neuron;
            _n_spikes += {{not_refractory}}[_neuron];
        }
    {{_spikespace}}[N] = _n_spikes;

    {
        {{scalar_code['reset']|autoindent}}
        for (int32_t _at = 0; _at < _n_spikes; _at++)
        {
            const size_t _idx = {{_spikespace}}[_at];
            {{lastspike}}[_idx] = {{t}};
            {{vector_code['reset']|autoindent}}
            {{not_refractory}}[_idx] = false;
            _refractory.push_back(_idx);
        }
    }
{% endblock %}
