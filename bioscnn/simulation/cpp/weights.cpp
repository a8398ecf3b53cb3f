{# USES_VARIABLES { w, t_in_timesteps } #}
{# Reads the weights of synapses that Brian2 lists one by one, before the first step. #}
{% extends 'common_group.cpp' %}

{% block maincode %}
    if ({{t_in_timesteps}} == 0)
        bioscnn::File("{{population}}.w", "rb").read_all({{get_array_name(variables['w'])}}, _numw);
{% endblock %}
