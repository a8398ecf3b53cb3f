{# USES_VARIABLES { w } #}
{# ALLOWS_SCALAR_WRITE #}
{# What a spike of an excitatory neuron does to all synapses onto it. #}
{% extends 'common_group.cpp' %}

{% block extra_headers %}
#include "presentation.h"
{% endblock %}

{% block maincode %}
    using _number = {{c_data_type(variables["w"].dtype)}};
    constexpr size_t _n_inputs = {{n_inputs}}, _n_neurons = {{n_neurons}};
    const size_t _vectorisation_idx = -1;
    const auto _clip = [](_number x, _number low, _number high) __attribute__((always_inline)) {
        return x < low ? low : x > high ? high : x;
    };
    if (!bioscnn::presentation->learns)
        return;
    const int32_t* _spikes = {{get_array_name(variables["_spikes_post"])}};
    _number* const _weights = {{get_array_name(variables["w"])}};
    {% for name in of_post %}
    auto* const _all_{{name}} = {{get_array_name(variables[name])}};
    {% endfor %}
    for (int32_t _k = 0; _k < _spikes[_n_neurons]; _k++)
    {
        const size_t _neuron = _spikes[_k];
        const bioscnn::Column<_number> {{get_array_name(variables["w"])}}{_weights + _neuron, _n_neurons};
        {% for name in of_post %}
        auto* const {{get_array_name(variables[name])}} = _all_{{name}} + _neuron;
        {% endfor %}
        {
            {{scalar_code["learning"]|autoindent}}
            for (size_t _idx = 0; _idx < _n_inputs; _idx++)
            {
                {{vector_code["learning"]|autoindent}}
            }
        }
        {
            constexpr size_t _idx = 0;
            {{scalar_code["spike"]|autoindent}}
            {{vector_code["spike"]|autoindent}}
        }
    }
{% endblock %}
