{# USES_VARIABLES { w } #}
{# ALLOWS_SCALAR_WRITE #}
{# What a spike of an excitatory neuron does to all synapses onto it. #}
{% extends 'common_group.cpp' %}

{% block extra_headers %}
#include "presentation.h"
{% endblock %}

{% block maincode %}
    using number = {{c_data_type(variables["w"].dtype)}};
    constexpr size_t n_inputs = {{n_inputs}}, n_neurons = {{n_neurons}};
    const size_t _vectorisation_idx = -1;
    const auto _clip = [](number x, number low, number high) __attribute__((always_inline)) {
        return x < low ? low : x > high ? high : x;
    };
    if (!bioscnn::presentation->learns)
        return;
    const int32_t* spikes = {{get_array_name(variables["_spikes_post"])}};
    number* const weights = {{get_array_name(variables["w"])}};
    {% for name in of_post %}
    auto* const all_{{name}} = {{get_array_name(variables[name])}};
    {% endfor %}
    for (int32_t k = 0; k < spikes[n_neurons]; k++)
    {
        const size_t neuron = spikes[k];
        const bioscnn::Column<number> {{get_array_name(variables["w"])}}{weights + neuron, n_neurons};
        {% for name in of_post %}
        auto* const {{get_array_name(variables[name])}} = all_{{name}} + neuron;
        {% endfor %}
        {
            {{scalar_code["learning"]|autoindent}}
            for (size_t _idx = 0; _idx < n_inputs; _idx++)
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
