{# USES_VARIABLES { t_in_timesteps } #}
{# Counts trials, says on standard output which one begins, and ends the run after the last. #}
{% extends 'common_group.cpp' %}

{% block extra_headers %}
#include "network.h"
{% endblock %}

{% block maincode %}
    static int64_t n_trials = -1;
    if (n_trials < 0)
        bioscnn::File("n_trials", "rb").read_all(&n_trials, 1);
    const int64_t trial = {{t_in_timesteps}} / {{n_steps}};
    const int64_t step = {{t_in_timesteps}} % {{n_steps}};
    if (step == 0)
    {
        std::printf("%lld\n", (long long) trial);
        std::fflush(stdout);
    }
    if (step == {{n_steps}} - 1 && trial == n_trials - 1)
        Network::_globally_stopped = true;
{% endblock %}
