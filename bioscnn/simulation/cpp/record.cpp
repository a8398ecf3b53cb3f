{# USES_VARIABLES { V, N, t_in_timesteps } #}
{# Records the spikes of a population, and its membrane potentials where asked to. #}
{% extends 'common_group.cpp' %}

{% block extra_headers %}
#include "recorders.h"
{% endblock %}

{% block maincode %}
    const bool trial_ends = {{t_in_timesteps}} % bioscnn::n_steps == bioscnn::n_steps - 1;
    const bool run_ends = {{t_in_timesteps}} == bioscnn::n_trials * bioscnn::n_steps - 1;
    {% if channels %}
    {% set spikes = get_array_name(variables['_spikespace']) %}
    static bioscnn::SpikeRecorder spikes("{{population}}", N, {{channels}});
    spikes.add({{spikes}}, {{spikes}}[N]);
    if (trial_ends)
        spikes.end_trial();
    if (run_ends)
        spikes.end_run();
    {% endif %}
    static bioscnn::PotentialRecorder potentials("{{population}}");
    if (potentials.wanted)
        potentials.add({{get_array_name(variables['V'])}}, N);
    if (trial_ends)
        potentials.end_trial();
    if (run_ends)
        potentials.end_run();
{% endblock %}
