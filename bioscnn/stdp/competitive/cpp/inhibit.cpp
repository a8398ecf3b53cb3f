{# USES_VARIABLES { t_in_timesteps, excitation, inhibition } #}
{# Each excitatory neuron excites one inhibitory neuron, which inhibits all excitatory neurons but that one. #}
{% extends 'common_group.cpp' %}

{% block extra_headers %}
#include "presentation.h"
{% endblock %}

{% block maincode %}
    constexpr size_t n_neurons = {{n_neurons}};
    const int32_t* excited = {{get_array_name(variables["_spikes_excitatory"])}};
    const int32_t* inhibiting = {{get_array_name(variables["_spikes_inhibitory"])}};
    const int32_t n_excited = excited[n_neurons], n_inhibiting = inhibiting[n_neurons];
    auto* onto_inhibitory = {{get_array_name(variables["onto_inhibitory"])}};
    auto* onto_excitatory = {{get_array_name(variables["onto_excitatory"])}};
    const auto excitation = {{get_array_name(variables["excitation"])}}[0];
    const auto inhibition = {{get_array_name(variables["inhibition"])}}[0];
    for (int32_t k = 0; k < n_excited; k++)
        onto_inhibitory[excited[k]] += excitation;
    if (n_inhibiting)
    {
        const auto all = n_inhibiting * inhibition;
        for (size_t j = 0; j < n_neurons; j++)
            onto_excitatory[j] += all;
        for (int32_t k = 0; k < n_inhibiting; k++)
            onto_excitatory[inhibiting[k]] -= inhibition;
    }
    bioscnn::presentation->record({{t_in_timesteps}} % bioscnn::n_steps, excited, n_excited, n_inhibiting);
{% endblock %}
