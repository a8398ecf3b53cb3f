{# USES_VARIABLES { _spikespace, N, t_in_timesteps } #}
{# Emits the spikes of the stimulus. #}
{% extends 'common_group.cpp' %}

{% block extra_headers %}
#include "recorders.h"
{% endblock %}

{% block maincode %}
    static bioscnn::InputSpikes input("{{population}}");
    const int64_t step = {{t_in_timesteps}} % bioscnn::n_steps;
    if (step == 0)
        input.begin_trial();
    {{_spikespace}}[N] = input.emit(step, {{_spikespace}});
{% endblock %}
