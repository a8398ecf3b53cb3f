{# USES_VARIABLES { t_in_timesteps, excitation, inhibition } #}
{# Each excitatory neuron excites one inhibitory neuron, which inhibits all excitatory neurons but that one. #}
{% extends 'common_group.cpp' %}

{% block extra_headers %}
#include "presentation.h"
{% endblock %}

{% block maincode %}
    constexpr size_t _n_neurons = {{n_neurons}};
    const int32_t* _excited = {{get_array_name(variables["_spikes_excitatory"])}};
    const int32_t* _inhibiting = {{get_array_name(variables["_spikes_inhibitory"])}};
    const int32_t _n_excited = _excited[_n_neurons], _n_inhibiting = _inhibiting[_n_neurons];
    auto* _onto_inhibitory = {{get_array_name(variables["onto_inhibitory"])}};
    auto* _onto_excitatory = {{get_array_name(variables["onto_excitatory"])}};
    const auto _excitation = {{get_array_name(variables["excitation"])}}[0];
    const auto _inhibition = {{get_array_name(variables["inhibition"])}}[0];
    for (int32_t _k = 0; _k < _n_excited; _k++)
        _onto_inhibitory[_excited[_k]] += _excitation;
    if (_n_inhibiting)
    {
        const auto _all = _n_inhibiting * _inhibition;
        for (size_t _j = 0; _j < _n_neurons; _j++)
            _onto_excitatory[_j] += _all;
        for (int32_t _k = 0; _k < _n_inhibiting; _k++)
            _onto_excitatory[_inhibiting[_k]] -= _inhibition;
    }
    bioscnn::presentation->record({{t_in_timesteps}} % bioscnn::n_steps, _excited, _n_excited, _n_inhibiting);
{% endblock %}
