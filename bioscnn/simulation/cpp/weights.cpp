{# USES_VARIABLES { w, t_in_timesteps } #}
{# Reads the weights of synapses that Brian2 lists one by one, before the first step, and sets back what they
   count at the first step of each trial. #}
{% extends 'common_group.cpp' %}

{% block maincode %}
    if ({{t_in_timesteps}} == 0)
        bioscnn::File("{{population}}.w", "rb").read_all({{get_array_name(variables['w'])}}, _numw);
    {% for name in counts %}
    if ({{t_in_timesteps}} % bioscnn::n_steps == 0)
        std::fill_n({{get_array_name(variables[name])}}, _numw, 0);
    {% endfor %}
{% endblock %}
