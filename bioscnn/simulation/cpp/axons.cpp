{# USES_VARIABLES { _spikespace, N, t_in_timesteps } #}
{# Emits the spikes of a population when they reach its synapses. #}
{% extends 'common_group.cpp' %}

{% block extra_headers %}
#include "draws.h"
{% endblock %}

{% block maincode %}
    {% set sent = get_array_name(variables['_spikes_pre']) %}
    static bioscnn::Axons axons("{{population}}", N);
    {{_spikespace}}[N] = axons.carry(
        bioscnn::trials[{{t_in_timesteps}} / bioscnn::n_steps], {{t_in_timesteps}} % bioscnn::n_steps,
        {{sent}}, {{sent}}[N], {{_spikespace}});
{% endblock %}
