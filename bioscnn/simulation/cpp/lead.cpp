{# USES_VARIABLES { t_in_timesteps } #}
{# Counts the spikes of each presynaptic neuron, and adds the weight of those whose count takes the lead of a target.
   All synapses of a neuron count alike, so it has one count. #}
{% extends 'common_group.cpp' %}

{% block extra_headers %}
#include "patches.h"
{% endblock %}

{% block maincode %}
    using number = {{c_data_type(variables[target].dtype)}};
    static constexpr bioscnn::{{rule}};
    static const bioscnn::Sights sights = rule.sights();
    static const auto weights = bioscnn::values<number>("{{projection}}.w", rule.n_weights({{n_pre}}));
    static std::vector<number> counts({{n_pre}});
    if ({{t_in_timesteps}} % bioscnn::n_steps == 0)
        std::fill(counts.begin(), counts.end(), 0);
    const int32_t* spikes = {{get_array_name(variables['_spikes_pre'])}};
    const number* lead = {{get_array_name(variables['lead'])}};
    number* V = {{get_array_name(variables[target])}};
    for (int32_t k = 0; k < spikes[{{n_pre}}]; k++)
    {
        const number count = ++counts[spikes[k]];
        rule.each(sights, spikes[k], [&](int post) { V[post] += count > lead[post] ? weights[post] : 0; });
    }
{% endblock %}
