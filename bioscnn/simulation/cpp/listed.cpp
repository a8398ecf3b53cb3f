{# Adds the weights of listed synapses, for every spike of the presynaptic population, to a variable of its targets. #}
{% extends 'common_group.cpp' %}

{% block extra_headers %}
#include "listed.h"
{% endblock %}

{% block maincode %}
    using number = {{c_data_type(variables[target].dtype)}};
    static const bioscnn::Listed<number> listed("{{projection}}", {{n_pre}});
    const int32_t* spikes = {{get_array_name(variables['_spikes_pre'])}};
    number* target = {{get_array_name(variables[target])}};
    {% if fails %}
    static const bioscnn::Failures failures("{{projection}}");
    const uint64_t now =
        failures.in_step(bioscnn::trials[{{t_in_timesteps}} / bioscnn::n_steps], {{t_in_timesteps}} % bioscnn::n_steps);
    {% endif %}
    for (int32_t k = 0; k < spikes[{{n_pre}}]; k++)
    {
        {% if fails %}
        const uint64_t spike = bioscnn::count(now, spikes[k]);
        {% endif %}
        listed.each_run(spikes[k], [&](int post, int n, const number* weights) {
            {% if fails %}
            failures.add_rest(spike, post, n, weights, target);
            {% else %}
            bioscnn::add_all(n, number(1), weights, target + post);
            {% endif %}
        });
    }
{% endblock %}
