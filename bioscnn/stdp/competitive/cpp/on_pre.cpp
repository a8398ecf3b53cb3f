{# USES_VARIABLES { t_in_timesteps, w } #}
{# ALLOWS_SCALAR_WRITE #}
{# What an input spike does to all synapses of its input, whose weights lie side by side. Our variables begin with an
   underscore, which no variable of a neuron or a synapse does. #}
{% extends 'common_group.cpp' %}

{% block extra_headers %}
#include "presentation.h"
{% endblock %}

{% block maincode %}
    using _number = {{c_data_type(variables["w"].dtype)}};
    constexpr size_t _n_neurons = {{n_neurons}};
    const size_t _vectorisation_idx = -1;
    const auto _clip = [](_number x, _number low, _number high) __attribute__((always_inline)) {
        return x < low ? low : x > high ? high : x;
    };
    const auto& _presentation = *bioscnn::presentation;
    const int64_t _step = {{t_in_timesteps}} % bioscnn::n_steps;
    _number* const _weights = {{get_array_name(variables["w"])}};
    {% for name in of_pre %}
    auto* const _all_{{name}} = {{get_array_name(variables[name])}};
    {% endfor %}
    for (int32_t _k = _presentation.begin[_step]; _k < _presentation.begin[_step + 1]; _k++)
    {
        const size_t _input = _presentation.inputs[_k];
        _number* __restrict {{get_array_name(variables["w"])}} = _weights + _input * _n_neurons;
        {% for name in of_pre %}
        auto* const {{get_array_name(variables[name])}} = _all_{{name}} + _input;
        {% endfor %}
        {% for condition, block in (("_presentation.learns", "learning"), ("!_presentation.learns", "frozen")) %}
        if ({{condition}})
        {
            {{scalar_code[block]|autoindent}}
            #pragma GCC ivdep
            for (size_t _idx = 0; _idx < _n_neurons; _idx++)
            {
                {{vector_code[block]|autoindent}}
            }
        }
        {% endfor %}
        {
            constexpr size_t _idx = 0;
            {{scalar_code["spike"]|autoindent}}
            {{vector_code["spike"]|autoindent}}
        }
    }
{% endblock %}
