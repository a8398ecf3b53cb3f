{# USES_VARIABLES { t_in_timesteps, w } #}
{# The border between presentations: what the neurons answered is counted, the next image comes, or the same one
   brighter; all states return to rest, the threshold decays, weights are normalised. #}
{% extends 'common_group.cpp' %}

{% block extra_headers %}
#include "presentation.h"
{% endblock %}

{% block maincode %}
    using number = {{c_data_type(variables["w"].dtype)}};
    if ({{t_in_timesteps}} % bioscnn::n_steps != 0)
        return;
    constexpr size_t n_inputs = {{n_inputs}}, n_neurons = {{n_neurons}};
    static bioscnn::Progress progress;
    static const double total = bioscnn::values<double>("weight_total", 1)[0];
    number* weight = {{get_array_name(variables["w"])}};
    const bool first = !bioscnn::presentation;
    if (first)
    {
        bioscnn::presentation = new bioscnn::Presentation(n_inputs, n_neurons);
        bioscnn::File("w", "rb").read_all(weight, n_inputs * n_neurons);
        {% for name in kept %}
        bioscnn::File("{{name}}", "rb").read_all({{get_array_name(variables[name])}}, n_neurons);
        {% endfor %}
    }
    auto& presentation = *bioscnn::presentation;
    presentation.next({{t_in_timesteps}} / bioscnn::n_steps, progress);
    if (presentation.learns && !first)
    {
        const size_t _vectorisation_idx = -1;
        {{scalar_code["between"]|autoindent}}
        for (size_t _idx = 0; _idx < n_neurons; _idx++)
        {
            {{vector_code["between"]|autoindent}}
        }
    }
    if (presentation.over())
    {
        bioscnn::File weights("w_after", "wb");
        weights.write(weight, n_inputs * n_neurons);
        weights.close();
        {% for name in kept %}
        bioscnn::File {{name}}_file("{{name}}_after", "wb");
        {{name}}_file.write({{get_array_name(variables[name])}}, n_neurons);
        {{name}}_file.close();
        {% endfor %}
        std::exit(0);
    }
    if (presentation.learns)
    {
        static std::vector<double> sum(n_neurons);
        static std::vector<number> factor(n_neurons);
        std::fill(sum.begin(), sum.end(), 0);
        for (size_t i = 0; i < n_inputs; i++)
            for (size_t j = 0; j < n_neurons; j++)
                sum[j] += weight[i * n_neurons + j];
        for (size_t j = 0; j < n_neurons; j++)
            factor[j] = sum[j] > 0 ? total / sum[j] : 1;
        for (size_t i = 0; i < n_inputs; i++)
            for (size_t j = 0; j < n_neurons; j++)
                weight[i * n_neurons + j] *= factor[j];
    }
    {% for name, size, value in at_rest %}
    std::fill({{get_array_name(variables[name])}}, {{get_array_name(variables[name])}} + {{size}}, {{value}});
    {% endfor %}
{% endblock %}
