{# The loop over trials and steps, in place of brian2genn's own: it reads the stimulus and records as the programs of
   cpp_standalone do, so that one program serves any number of trials of any length. A step of GeNN delivers the spikes
   of the step before, updates the neurons and resets those above threshold. `populations`, `source` and `pushed` come
   from genn_build.py. #}
{% macro h_file() %}
#pragma once

#include "magicnetwork_model_CODE/definitions.h"
#include "network.h"

double Network::_last_run_time = 0.0;
double Network::_last_run_completed_fraction = 0.0;

class engine
{
public:
    engine();
    void run(double);
    void getStateFromGPU() {}
    void getSpikesFromGPU() {}
};
{% endmacro %}

{% macro cpp_file() %}
#include "engine.h"
#include "draws.h"
#include "recorders.h"

engine::engine()
{
    allocateMem();
    initialize();
}

void engine::run(double)
{
    bioscnn::Progress progress;
    {% if source %}
    bioscnn::InputSpikes input("{{source}}");
    {% endif %}
    {% for population in populations %}
    {% if population.driven %}
    bioscnn::File stimulus_{{population.name}}("{{population.name}}.stimulus", "rb");
    {% endif %}
    {% if population.spikes %}
    bioscnn::SpikeRecorder spikes_{{population.name}}("{{population.name}}", {{population.size}}, {{population.channels}});
    {% endif %}
    {% if population.noisy %}
    const bioscnn::NoisyCurrents<scalar> noise_{{population.name}}("{{population.name}}", {{population.size}});
    std::vector<scalar> steady_{{population.name}}(I_stim{{population.name}}, I_stim{{population.name}} + {{population.size}});
    {% endif %}
    {% if population.starts %}
    const auto start_{{population.name}} = bioscnn::values<scalar>("{{population.name}}.V_0", {{population.size}});
    {% endif %}
    bioscnn::PotentialRecorder potentials_{{population.name}}("{{population.name}}");
    {% endfor %}

    for (int64_t trial = 0; trial < bioscnn::n_trials; trial++)
    {
        iT = 0;
        t = 0;
        {% if source %}
        input.begin_trial();
        {% endif %}
        {% for population in populations %}
        {% for name, value in population.rest.items() %}
        std::fill_n({{name}}{{population.name}}, {{population.size}}, {{value}});
        push{{name}}{{population.name}}ToDevice();
        {% endfor %}
        {% if population.starts %}
        std::copy(start_{{population.name}}.begin(), start_{{population.name}}.end(), V{{population.name}});
        pushV{{population.name}}ToDevice();
        {% endif %}
        {% if population.driven %}
        stimulus_{{population.name}}.read(I_stim{{population.name}}, {{population.size}});
        {% if population.noisy %}
        steady_{{population.name}}.assign(I_stim{{population.name}}, I_stim{{population.name}} + {{population.size}});
        {% else %}
        pushI_stim{{population.name}}ToDevice();
        {% endif %}
        {% endif %}
        {% endfor %}
        for (int64_t step = 0; step < bioscnn::n_steps; step++)
        {
            {% for population in populations if population.noisy %}
            noise_{{population.name}}.draw(bioscnn::trials[trial], step, steady_{{population.name}}.data(), I_stim{{population.name}});
            pushI_stim{{population.name}}ToDevice();
            {% endfor %}
            stepTime();
            {% if source %}
            spikeCount_{{source}} = input.emit(step, spike_{{source}});
            push{{source}}SpikesToDevice();
            {% endif %}
            {% for population in populations %}
            {% if population.spikes %}
            pull{{population.name}}CurrentSpikesFromDevice();
            spikes_{{population.name}}.add(spike_{{population.name}}, spikeCount_{{population.name}});
            {% endif %}
            if (potentials_{{population.name}}.wanted)
            {
                pullV{{population.name}}FromDevice();
                potentials_{{population.name}}.add(V{{population.name}}, {{population.size}});
            }
            {% endfor %}
        }
        {% for population in populations %}
        {% if population.spikes %}
        spikes_{{population.name}}.end_trial();
        {% endif %}
        potentials_{{population.name}}.end_trial();
        {% endfor %}
        progress.end_trial(trial + 1);
    }
    {% for population in populations %}
    {% if population.spikes %}
    spikes_{{population.name}}.end_run();
    {% endif %}
    potentials_{{population.name}}.end_run();
    {% endfor %}
}
{% endmacro %}
