{# USES_VARIABLES { N, _spikespace, t, not_refractory, lastspike } #}
{# State update, threshold and reset of a group in one pass, with Brian2's own statements for each. A neuron that is
   not refractory stays so until it spikes: only those that are get asked whether they are free again. #}
{% extends 'common_group.cpp' %}

{% block maincode %}
    static std::vector<int32_t> refractory;
    const size_t _vectorisation_idx = -1;
    {
        {{scalar_code['release']|autoindent}}
        size_t n_kept = 0;
        for (int32_t _idx : refractory)
        {
            {{vector_code['release']|autoindent}}
            if (!{{not_refractory}}[_idx])
                refractory[n_kept++] = _idx;
        }
        refractory.resize(n_kept);
    }

    int32_t n_spikes = 0;
    {
        {{scalar_code['advance']|autoindent}}
        constexpr size_t block = 4096;
        static char crossed[block];
        for (size_t first = 0; first < N; first += block)
        {
            const size_t n = std::min<size_t>(block, N - first);
            #pragma GCC ivdep
            for (size_t k = 0; k < n; k++)
            {
                const size_t _idx = first + k;
                {{vector_code['advance']|autoindent}}
                crossed[k] = _cond;
            }
            const char* found = crossed;
            while ((found = (const char*) std::memchr(found, true, crossed + n - found)))
                {{_spikespace}}[n_spikes++] = first + (found++ - crossed);
        }
    }
    {{_spikespace}}[N] = n_spikes;

    {
        {{scalar_code['reset']|autoindent}}
        for (int32_t k = 0; k < n_spikes; k++)
        {
            const size_t _idx = {{_spikespace}}[k];
            {{lastspike}}[_idx] = {{t}};
            {{vector_code['reset']|autoindent}}
            {{not_refractory}}[_idx] = false;
            refractory.push_back(_idx);
        }
    }
{% endblock %}
