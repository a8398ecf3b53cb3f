{# USES_VARIABLES { N, t_in_timesteps } #}
{# ALLOWS_SCALAR_WRITE #}
{# Runs its statements at the first step of each trial. A second clock may come a step late from 64 s of
   simulated time on (300*dt beside dt = 0.1 ms does): Brian2 compares clocks with a tolerance of 1e-14 s. #}
{% extends 'common_group.cpp' %}

{% block maincode %}
    if ({{t_in_timesteps}} % {{n_steps}} == 0)
    {
        const size_t _vectorisation_idx = -1;
        {{scalar_code|autoindent}}
        for (size_t _idx = 0; _idx < N; _idx++)
        {
            const size_t _vectorisation_idx = _idx;
            {{vector_code|autoindent}}
        }
    }
{% endblock %}
