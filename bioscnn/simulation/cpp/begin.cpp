{# USES_VARIABLES { I_stim, N, t_in_timesteps } #}
{# ALLOWS_SCALAR_WRITE #}
{# At the first step of the run, reads the parameters. At the first step of each trial, brings every neuron back to
   rest and sets its constant current: a bias, and what the currents of the stimulus become through the weights of
   the first layer (`rule`), or else what the stimulus says.
   This counts steps, because a second clock may come a step late from 64 s of simulated time on (300*dt beside
   dt = 0.1 ms does): Brian2 compares clocks with a tolerance of 1e-14 s. #}
{% extends 'common_group.cpp' %}

{% block extra_headers %}
#include "patches.h"
{% endblock %}

{% block maincode %}
    {% set I_stim = get_array_name(variables['I_stim']) %}
    using number = {{c_data_type(variables['I_stim'].dtype)}};
    if ({{t_in_timesteps}} == 0)
    {
        {% for name in parameters %}
        {% set size = 'N' if name in own else '1' %}
        bioscnn::File("{{population}}.{{name}}", "rb").read_all({{get_array_name(variables[name])}}, {{size}});
        {% endfor %}
        bioscnn::File("{{population}}.I_stim", "rb").read_all({{I_stim}}, N);
    }
    if ({{t_in_timesteps}} % bioscnn::n_steps == 0)
    {
        const size_t _vectorisation_idx = -1;
        {{scalar_code|autoindent}}
        for (size_t _idx = 0; _idx < N; _idx++)
        {
            const size_t _vectorisation_idx = _idx;
            {{vector_code|autoindent}}
        }
        {% if n_values %}
        static bioscnn::File stimulus("{{population}}.stimulus", "rb");
        static std::vector<number> values({{n_values}});
        stimulus.read(values.data(), values.size());
        {% if rule %}
        static constexpr bioscnn::{{rule}};
        static const bioscnn::Sights sights = rule.sights();
        static const std::vector<number> bias({{I_stim}}, {{I_stim}} + N);
        static const auto weights = bioscnn::values<number>("{{population}}.w", rule.n_weights({{n_values}}));
        std::copy(bias.begin(), bias.end(), {{I_stim}});
        for (int pre = 0; pre < {{n_values}}; pre++)
            if (values[pre] != 0)
                rule.add(sights, pre, values[pre], weights.data(), {{I_stim}});
        {% else %}
        std::copy(values.begin(), values.end(), {{I_stim}});
        {% endif %}
        {% endif %}
    }
{% endblock %}
