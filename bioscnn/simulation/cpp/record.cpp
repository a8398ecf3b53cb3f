{# USES_VARIABLES { V, N, t_in_timesteps } #}
{# Counts the spikes of each trial and each neuron; where asked to, writes every single one (pairs of step and neuron,
   in the numbers of the network and their order) and the membrane potentials at the end of each step (float32). #}
{% extends 'common_group.cpp' %}

{% block extra_headers %}
#include <algorithm>
#include "network.h"
{% endblock %}

{% block maincode %}
    const int32_t step = {{t_in_timesteps}} % bioscnn::n_steps;
    const bool trial_ends = step == bioscnn::n_steps - 1, run_ends = trial_ends && Network::_globally_stopped;
    {% if channels %}
    {% set spikes = get_array_name(variables['_spikespace']) %}
    static const bool wants_spikes = bioscnn::asked_for("{{population}}.record_spikes");
    static bioscnn::File trial_counts("{{population}}.trial_counts", "wb"), spikes("{{population}}.spikes", "wb");
    static std::vector<int64_t> neuron_counts(N, 0);
    static std::vector<int32_t> neurons, events;
    static int64_t in_trial = 0;
    in_trial += {{spikes}}[N];
    for (int32_t k = 0; k < {{spikes}}[N]; k++)
        neuron_counts[{{spikes}}[k]]++;
    if (wants_spikes)
    {
        neurons.clear();
        for (int32_t k = 0; k < {{spikes}}[N]; k++)
            neurons.push_back({{spikes}}[k] % {{channels}} * (N / {{channels}}) + {{spikes}}[k] / {{channels}});
        std::sort(neurons.begin(), neurons.end());
        for (int32_t neuron : neurons)
            events.insert(events.end(), {step, neuron});
    }
    if (trial_ends)
    {
        trial_counts.write(&in_trial, 1);
        spikes.write(events.data(), events.size());
        events.clear();
        in_trial = 0;
    }
    if (run_ends)
    {
        bioscnn::File totals("{{population}}.neuron_counts", "wb");
        totals.write(neuron_counts.data(), neuron_counts.size());
        totals.close();
        trial_counts.close();
        spikes.close();
    }
    {% endif %}
    static const bool wants_potentials = bioscnn::asked_for("{{population}}.record_potentials");
    if (wants_potentials)
    {
        static bioscnn::File potentials("{{population}}.potentials", "wb");
        static std::vector<float> V;
        V.insert(V.end(), {{get_array_name(variables['V'])}}, {{get_array_name(variables['V'])}} + N);
        if (trial_ends)
        {
            potentials.write(V.data(), V.size());
            V.clear();
        }
        if (run_ends)
            potentials.close();
    }
{% endblock %}
