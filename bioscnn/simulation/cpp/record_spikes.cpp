{# USES_VARIABLES { _spikespace, N, t_in_timesteps } #}
{# Counts the spikes of each trial and each neuron, and writes every single one where asked to. #}
{% extends 'common_group.cpp' %}

{% block extra_headers %}
#include "network.h"
{% endblock %}

{% block maincode %}
    static const bool every_spike = bioscnn::asked_for("{{population}}.record");
    static bioscnn::File trial_counts("{{population}}.trial_counts", "wb");
    static bioscnn::File spikes("{{population}}.spikes", "wb");
    static std::vector<int64_t> neuron_counts(N, 0);
    static int64_t in_trial = 0;
    const int32_t step = {{t_in_timesteps}} % {{n_steps}};
    const int32_t n_now = {{_spikespace}}[N];
    in_trial += n_now;
    for (int32_t k = 0; k < n_now; k++)
    {
        const int32_t event[2] = {step, (int32_t) {{_spikespace}}[k]};
        neuron_counts[event[1]]++;
        if (every_spike)
            spikes.write(event, 2);
    }
    if (step == {{n_steps}} - 1)
    {
        trial_counts.write(&in_trial, 1);
        in_trial = 0;
        if (Network::_globally_stopped)
        {
            bioscnn::File totals("{{population}}.neuron_counts", "wb");
            totals.write(neuron_counts.data(), neuron_counts.size());
            totals.close();
            trial_counts.close();
            spikes.close();
        }
    }
{% endblock %}
