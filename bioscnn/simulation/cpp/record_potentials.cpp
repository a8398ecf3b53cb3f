{# USES_VARIABLES { V, N, t_in_timesteps } #}
{# Writes the membrane potentials at the end of each step, in float32, where asked to. #}
{% extends 'common_group.cpp' %}

{% block extra_headers %}
#include "network.h"
{% endblock %}

{% block maincode %}
    static const bool wanted = bioscnn::asked_for("{{population}}.record");
    if (wanted)
    {
        static bioscnn::File potentials("{{population}}.potentials", "wb");
        static std::vector<float> row(N);
        for (size_t i = 0; i < N; i++)
            row[i] = (float) {{get_array_name(variables['V'])}}[i];
        potentials.write(row.data(), row.size());
        if (Network::_globally_stopped && {{t_in_timesteps}} % {{n_steps}} == {{n_steps}} - 1)
            potentials.close();
    }
{% endblock %}
