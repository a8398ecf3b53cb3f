{# USES_VARIABLES { t_in_timesteps } #}
{# Says on standard output, at most ten times a second, how many trials are done, and ends the run after the last. #}
{% extends 'common_group.cpp' %}

{% block extra_headers %}
#include <chrono>
#include "network.h"
{% endblock %}

{% block maincode %}
    using clock = std::chrono::steady_clock;
    static clock::time_point told = clock::now();
    if ({{t_in_timesteps}} % bioscnn::n_steps == bioscnn::n_steps - 1)
    {
        const int64_t done = {{t_in_timesteps}} / bioscnn::n_steps + 1;
        if (done == bioscnn::n_trials)
            Network::_globally_stopped = true;
        if (Network::_globally_stopped || clock::now() - told > std::chrono::milliseconds(100))
        {
            told = clock::now();
            std::printf("%lld\n", (long long) done);
            std::fflush(stdout);
        }
    }
{% endblock %}
