{# USES_VARIABLES { N, t_in_timesteps } #}
{# Adds a new noisy current to the steady one of each neuron in every step. #}
{% extends 'common_group.cpp' %}

{% block extra_headers %}
#include "draws.h"
{% endblock %}

{% block maincode %}
    {% set I = get_array_name(variables[current]) %}
    using number = {{c_data_type(variables[current].dtype)}};
    static const bioscnn::NoisyCurrents<number> noise("{{population}}", N);
    static std::vector<number> steady(N);
    if ({% if driven %}{{t_in_timesteps}} % bioscnn::n_steps{% else %}{{t_in_timesteps}}{% endif %} == 0)
        steady.assign({{I}}, {{I}} + N);
    noise.draw(bioscnn::trials[{{t_in_timesteps}} / bioscnn::n_steps], {{t_in_timesteps}} % bioscnn::n_steps,
               steady.data(), {{I}});
{% endblock %}
