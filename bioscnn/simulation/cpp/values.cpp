{# Reads parameters, weights and constant currents before the first step. #}
{% extends 'common_group.cpp' %}

{% block maincode %}
    static bool known = false;
    if (!known)
    {
        known = true;
        {% for name in names %}
        bioscnn::File("{{population}}.{{name}}", "rb").read_all({{get_array_name(variables[name])}}, _num{{name}});
        {% endfor %}
    }
{% endblock %}
