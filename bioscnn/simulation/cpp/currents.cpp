{# USES_VARIABLES { I_stim, N, t_in_timesteps } #}
{# Reads the constant current of each neuron at the first step of each trial. #}
{% extends 'common_group.cpp' %}

{% block maincode %}
    static bioscnn::File stimulus("{{population}}.stimulus", "rb");
    if ({{t_in_timesteps}} % {{n_steps}} == 0)
        stimulus.read({{get_array_name(variables['I_stim'])}}, N);
{% endblock %}
