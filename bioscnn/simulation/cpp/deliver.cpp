{# Adds the weights of every spike of the presynaptic population to a variable of its targets. #}
{% extends 'common_group.cpp' %}

{% block extra_headers %}
#include "patches.h"
{% endblock %}

{% block maincode %}
    using number = {{c_data_type(variables[target].dtype)}};
    static constexpr bioscnn::{{rule}};
    static const bioscnn::Sights sights = rule.sights();
    static const auto weights = bioscnn::values<number>("{{projection}}.w", rule.n_weights({{n_pre}}));
    const int32_t* spikes = {{get_array_name(variables['_spikes_pre'])}};
    for (int32_t k = 0; k < spikes[{{n_pre}}]; k++)
        rule.add(sights, spikes[k], number(1), weights.data(), {{get_array_name(variables[target])}});
{% endblock %}
