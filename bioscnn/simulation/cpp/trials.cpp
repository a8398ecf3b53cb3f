{# USES_VARIABLES { t_in_timesteps } #}
{# Says how many trials are done, and ends the program after the last one: Brian2 before 2.6 has no other way out of its
   loop. #}
{% extends 'common_group.cpp' %}

{% block extra_headers %}
#include "recorders.h"
{% endblock %}

{% block maincode %}
    static bioscnn::Progress progress;
    if ({{t_in_timesteps}} == bioscnn::n_trials * bioscnn::n_steps)
        std::exit(0);
    if ({{t_in_timesteps}} % bioscnn::n_steps == bioscnn::n_steps - 1)
        progress.end_trial({{t_in_timesteps}} / bioscnn::n_steps + 1);
{% endblock %}
