{# USES_VARIABLES { _spikespace, N, t_in_timesteps } #}
{# Emits the spikes of the stimulus: for each trial their number, then pairs of step and neuron. #}
{% extends 'common_group.cpp' %}

{% block extra_headers %}
#include <algorithm>
{% endblock %}

{% block maincode %}
    static bioscnn::File stimulus("{{population}}.stimulus", "rb");
    static std::vector<int32_t> events;
    static size_t next = 0;
    const int64_t step = {{t_in_timesteps}} % bioscnn::n_steps;
    if (step == 0)
    {
        int32_t n_spikes;
        stimulus.read(&n_spikes, 1);
        events.resize(2 * (size_t) n_spikes);
        stimulus.read(events.data(), events.size());
        next = 0;
    }
    int32_t n_now = 0;
    for (; next < events.size() && events[next] == step; next += 2)
        {{_spikespace}}[n_now++] = events[next + 1];
    std::sort({{_spikespace}}, {{_spikespace}} + n_now);
    {{_spikespace}}[N] = n_now;
{% endblock %}
