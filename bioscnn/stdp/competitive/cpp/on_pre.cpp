{# USES_VARIABLES { t_in_timesteps, w } #}
{# ALLOWS_SCALAR_WRITE #}
{# What an input spike does to all synapses of its input, whose weights lie side by side. #}
{% extends 'common_group.cpp' %}

{% block extra_headers %}
#include "presentation.h"
{% endblock %}

{% block maincode %}
    using number = {{c_data_type(variables["w"].dtype)}};
    constexpr size_t n_neurons = {{n_neurons}};
    const size_t _vectorisation_idx = -1;
    const auto _clip = [](number x, number low, number high) __attribute__((always_inline)) {
        return x < low ? low : x > high ? high : x;
    };
    const auto& presentation = *bioscnn::presentation;
    const int64_t step = {{t_in_timesteps}} % bioscnn::n_steps;
    number* const weights = {{get_array_name(variables["w"])}};
    {% for name in of_pre %}
    auto* const all_{{name}} = {{get_array_name(variables[name])}};
    {% endfor %}
    for (int32_t k = presentation.begin[step]; k < presentation.begin[step + 1]; k++)
    {
        const size_t input = presentation.inputs[k];
        number* __restrict {{get_array_name(variables["w"])}} = weights + input * n_neurons;
        {% for name in of_pre %}
        auto* const {{get_array_name(variables[name])}} = all_{{name}} + input;
        {% endfor %}
        {% for condition, block in (("presentation.learns", "learning"), ("!presentation.learns", "frozen")) %}
        if ({{condition}})
        {
            {{scalar_code[block]|autoindent}}
            #pragma GCC ivdep
            for (size_t _idx = 0; _idx < n_neurons; _idx++)
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
