{# USES_VARIABLES { t_in_timesteps, w } #}
{# The border between presentations: what the neurons answered is counted, the next image comes, or the same one
   brighter; all states return to rest, the threshold decays, weights are normalised. #}
{% extends 'common_group.cpp' %}

{% block extra_headers %}
#include "presentation.h"
{% endblock %}

{% block maincode %}
    using _number = {{c_data_type(variables["w"].dtype)}};
    if ({{t_in_timesteps}} % bioscnn::n_steps != 0)
        return;
    constexpr size_t _n_inputs = {{n_inputs}}, _n_neurons = {{n_neurons}};
    static bioscnn::Progress _progress;
    static const double _total = bioscnn::values<double>("weight_total", 1)[0];
    _number* _weight = {{get_array_name(variables["w"])}};
    const bool _first = !bioscnn::presentation;
    if (_first)
    {
        bioscnn::presentation = new bioscnn::Presentation(_n_inputs, _n_neurons);
        bioscnn::File("w", "rb").read_all(_weight, _n_inputs * _n_neurons);
        {% for name in kept %}
        bioscnn::File("{{name}}", "rb").read_all({{get_array_name(variables[name])}}, _n_neurons);
        {% endfor %}
    }
    auto& _presentation = *bioscnn::presentation;
    _presentation.next({{t_in_timesteps}} / bioscnn::n_steps, _progress);
    if (_presentation.learns && !_first)
    {
        const size_t _vectorisation_idx = -1;
        {{scalar_code["between"]|autoindent}}
        for (size_t _idx = 0; _idx < _n_neurons; _idx++)
        {
            {{vector_code["between"]|autoindent}}
        }
    }
    if (_presentation.over())
    {
        bioscnn::File _weights("w_after", "wb");
        _weights.write(_weight, _n_inputs * _n_neurons);
        _weights.close();
        {% for name in kept %}
        bioscnn::File _{{name}}_file("{{name}}_after", "wb");
        _{{name}}_file.write({{get_array_name(variables[name])}}, _n_neurons);
        _{{name}}_file.close();
        {% endfor %}
        std::exit(0);
    }
    if (_presentation.learns)
    {
        static std::vector<double> _sum(_n_neurons);
        static std::vector<_number> _factor(_n_neurons);
        std::fill(_sum.begin(), _sum.end(), 0);
        for (size_t i = 0; i < _n_inputs; i++)
            for (size_t j = 0; j < _n_neurons; j++)
                _sum[j] += _weight[i * _n_neurons + j];
        for (size_t j = 0; j < _n_neurons; j++)
            _factor[j] = _sum[j] > 0 ? _total / _sum[j] : 1;
        for (size_t i = 0; i < _n_inputs; i++)
            for (size_t j = 0; j < _n_neurons; j++)
                _weight[i * _n_neurons + j] *= _factor[j];
    }
    {% for name, size, value in at_rest %}
    std::fill({{get_array_name(variables[name])}}, {{get_array_name(variables[name])}} + {{size}}, {{value}});
    {% endfor %}
{% endblock %}
