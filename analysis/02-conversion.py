# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # From a trained network to a spiking one
#
# **Before.** Notebook 1: the firing rate of a neuron. What a convolution is.
#
# **You learn** how layers become populations and weights become nA; why accuracy takes time; how to find
# what a spiking network loses, cause by cause.
#
# A convolutional network is trained on digits, in a framework, without any spike. It is saved as an ONNX
# file. How does a network of LIF neurons (notebook 1) come out of that, how well does it do the same, and
# where it does not, what is to blame?
#
# 1. From a graph to populations.
# 2. Weights become nA.
# 3. Do firing rates stand for activations?
# 4. Accuracy takes time.
# 5. A ReLU network has other rates: normalisation.
# 6. The ledger: each cause of lost accuracy, and what it costs.
#
# Run the cells from top to bottom; it takes about half a minute, and longer the first time, when programs
# have to be compiled.

# %%
# %matplotlib inline
# %config InlineBackend.figure_format = "retina"
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from bioscnn import (
    LIF,
    ExponentialCurrent,
    convert,
    decisions,
    load_dataset,
    metrics,
    normalise,
    plan,
    plots,
    prepare,
    read_network,
    read_run,
    read_study,
    simulate,
)
from bioscnn.ann import Conv2d, Dense, LIFRate
from bioscnn.conversion import METHODS, stage_outputs
from bioscnn.encoding import pixel_currents
from bioscnn.ledger import Case, compare_layers, draw_up
from bioscnn.neurons import postsynaptic_potential
from bioscnn.readout import READOUTS
from bioscnn.statistics import proportion

TRIALS = 300  # 30 of each digit

# %% [markdown]
# ## 1. From a graph to populations
#
# `mnist-small` ships with bioscnn: three convolutions and a dense layer. The file says what each layer
# computes, and nothing of time:

# %%
study = read_study("../sims/mnist.toml", {"dataset.trials": TRIALS})
prepared = prepare(study)
graph, network, labels = prepared.graph, prepared.network, prepared.examples.labels
lif, synapse = LIF(), ExponentialCurrent(study.config.synapse.tau_s)
print(f"{TRIALS} digits: {prepared.examples.source}.")

pd.DataFrame(
    [
        {
            "layer": type(layer).__name__,
            "output": " x ".join(map(str, shape)),
            "weights": layer.weight.size if isinstance(layer, Conv2d | Dense) else 0,
        }
        for layer, shape in zip(graph.layers, graph.shapes, strict=True)
    ]
)

# %% [markdown]
# `LIFRate` is the activation: not a rectifier, but the rate of a LIF neuron in closed form. What lies
# between two activations is linear, and becomes one set of synapses; each activation becomes a population
# of neurons.

# %%
pd.DataFrame(
    [
        {
            "from": projection.pre,
            "to": projection.post,
            "neurons": network[projection.post].size,
            "model": type(network[projection.post].neuron).__name__,
            "synapses": f"{projection.connectivity.n_synapses:,}" if projection.synapse else "none: currents",
        }
        for projection in network.projections
    ]
)

# %% [markdown]
# The last linear layer drives two populations alike. `output` spikes; `readout` is the same membrane
# without a threshold, whose potential is the evidence for a class. Pixels are constant currents into the
# first population, as through an electrode.
#
# ## 2. Weights become nA
#
# The network was trained on the rates of its neurons, in units that translate at once:
#
# | trained | spiking |
# |---|---|
# | a pre-activation z | a current of z rheobases, z V_th/R_m |
# | an activation a | a rate of a/amplitude |
# | a weight W | a jump of the synaptic current by W amplitude (V_th/R_m) / tau_s |
#
# The last line follows from the two above, since a spike injects the charge w tau_s: at a rate r, the mean
# current of a synapse is r w tau_s. Is that what the conversion did?

# %%
amplitude = next(layer.amplitude for layer in graph.layers if isinstance(layer, LIFRate))
dense = next(layer for layer in graph.layers if isinstance(layer, Dense))
by_hand = dense.weight * amplitude * lif.rheobase / synapse.tau_s
through = {p.post: p for p in network.projections if p.synapse}
converted = through["output"].connectivity.weight
print(f"Dense layer, converted by hand: differs by at most {1e9 * np.abs(converted - by_hand).max():.1e} nA.")

time = np.linspace(0, 0.1, 1001)
peak = postsynaptic_potential(time, 1.0, lif.R_m, lif.tau_m, synapse.tau_s).max()
to_fire = lif.V_th / peak
print(f"A single spike fires a neuron at rest from {1e9 * to_fire:.2f} nA on.")

# %% [markdown]
# How strong are the synapses? Blue excites, orange inhibits; the dotted line is the weight with which a
# single spike fires a neuron at rest.

# %% mystnb={"image": {"alt": "Histograms of the weights between layers: more inhibit than excite, and none reaches the 1.27 nA with which one spike fires a neuron."}}
weights = {
    f"{projection.pre} to {name}": projection.connectivity.synapses()[2]
    for name, projection in through.items()
    if name != "readout"
}
plots.weight_histograms(weights, to_fire=to_fire)

# %%
for name, values in weights.items():
    strongest = 1e3 * peak * values.max()
    print(f"{name}: median of the excitatory {1e9 * np.median(values[values > 0]):.2f} nA;", end=" ")
    print(
        f"{100 * np.mean(values > to_fire):.1f} % fire by one spike; the strongest gives {strongest:.0f} mV."
    )

# %% [markdown]
# No synapse fires a neuron by itself: spikes have to come together, or to keep coming. The strongest are
# strong all the same; in the cortex, a single spike typically moves the potential by less than a millivolt,
# and thousands of inputs are summed. A network with few inputs that has to decide in 30 ms cannot wait for
# so many. More synapses inhibit than excite, and a neuron excites here and inhibits there: the trained
# network does not know Dale's law.
#
# ## 3. Do firing rates stand for activations?
#
# One digit, 30 ms:

# %% mystnb={"image": {"alt": "Spikes of a 0 layer by layer: the first layer begins at 4 ms, the second at 8, the third at 13, the output of class 0 at 20 ms."}}
names = [population.name for population in network.neurons if population.spikes]
FEW = 10
seen = simulate(network, prepared.stimulus[:FEW], device=prepared.device, potentials={"readout"})
plots.raster(
    {name: seen[name].spikes for name in names},
    0,
    image=prepared.examples.images[0],
    classes=prepared.examples.classes,
    label=int(labels[0]),
)

# %% [markdown]
# Each layer waits for the one before it. Now all neurons and 100 digits, layer by layer: the rate that the
# activation stands for, and the rate that was counted. Colour: how many neurons and trials; orange: the
# mean; dashed: where both are equal.

# %% mystnb={"image": {"alt": "Counted rate against expected rate in four populations: the mean lies near the diagonal in the first layer and falls further below it layer by layer."}}
conditions = prepared.conditions
hundred = Case(graph, prepared.input.intensities()[:100], labels[:100], None)
layers = compare_layers(hundred, conditions, prepared.device)
plots.rates_against_activations(layers)


# %%
def layer_table(layers):
    return pd.DataFrame(
        {
            layer.name: {
                "correlation": layer.correlation,
                "slope": layer.slope,
                "expected (Hz)": layer.expected,
                "counted (Hz)": layer.measured,
                "active, but silent (%)": 100 * layer.silent,
            }
            for layer in layers
        }
    ).T.round(3)


layer_table(layers)

# %% [markdown]
# Rows are one spike apart: in 30 ms a rate is known to 33 Hz. And the deeper a layer, the later it begins,
# so that it falls short of its rate. Both are matters of time. With ten times as much of it:

# %%
longer = replace(conditions, duration=10 * conditions.duration)
layer_table(
    compare_layers(Case(graph, hundred.images[:50], hundred.labels[:50], None), longer, prepared.device)
)

# %% [markdown]
# ## 4. Accuracy takes time
#
# So a decision at 30 ms is made on rates that are hardly known. Is it right? Here it is for each moment and
# for several ways to read the output; dashed, the network that was trained.

# %% mystnb={"image": {"alt": "Accuracy against time for five readouts: at chance until 14 ms, then up to 99 %; the mean potential is the slowest."}}
heard = simulate(network, prepared.stimulus, device=prepared.device, potentials={"readout"})


def over_time(recording, rule, truth=labels):
    return [proportion(chosen == truth) for chosen in decisions(recording, rule).T]


def written(accuracy):
    return f"{100 * accuracy.value:.2f} % [{100 * accuracy.low:.2f}, {100 * accuracy.high:.2f}]"


curves = {rule: over_time(heard, rule) for rule in READOUTS}
ann = proportion(prepared.ann_class == labels)
plots.accuracy_over_time(curves, heard.dt, reference=ann, chosen=study.config.readout.rule)

# %%
rule = study.config.readout.rule
chosen = decisions(heard, rule)[:, -1]
spiking = proportion(chosen == labels)
print(f"Trained {written(ann)}, spiking {written(spiking)} ({TRIALS} digits, {rule}).")
print(f"The two choose the same class in {100 * np.mean(chosen == prepared.ann_class):.1f} % of the trials.")

# %% [markdown]
# The mean potential is the slowest: it remembers the silence at the beginning.
#
# ## 5. A ReLU network has other rates
#
# Most trained networks use rectifiers. Their activations have no unit and no upper end; a neuron has both.
# *Normalisation* maps the one onto the other, so that the largest activation (the 99.9th percentile, on
# images that calibrate) stands for 200 Hz. The usual methods then suppose that the rate is linear in the
# current. It is not (notebook 1), as a channel of the second convolution shows:

# %% mystnb={"image": {"alt": "Rate against activation under two normalisations: channel-wise is up to 34 Hz too fast in between, rate-matched is closer and silences the smallest activations."}}
relu = read_network("mnist-small-relu")
digits = load_dataset("mnist", "validation")
calibration = digits.images[-250:] / np.float32(255)  # none of the digits that are shown
window = study.config.simulation.duration
normalised = {method: normalise(relu, calibration, lif, method=method, window=window) for method in METHODS}
STAGE, CHANNEL = "conv2", 0
z = next(before for stage, before, _ in stage_outputs(relu, calibration) if stage.name == STAGE)[:, CHANNEL]
largest = np.percentile(np.maximum(z, 0), 99.9)
activation = np.linspace(0, 1, 200)
shown = {}
for method in ("channel-wise", "rate-matched"):
    code = normalised[method].codes[STAGE]
    current = code.offset[CHANNEL] + code.slope[CHANNEL] * activation * largest
    shown[method] = lif.rate(current)
plots.activation_rates(activation, shown, 200 * activation)

# %% [markdown]
# The linear map is right at both ends and too fast in between. `rate-matched` chooses offset and slope of
# the current such that the *number of spikes in the window* fits the activations that occur. It aims half a
# spike higher than the line, 17 Hz here, since that is what a window of 30 ms from rest misses on average,
# and it leaves the smallest activations silent. What do the methods cost? 200 digits, 60 ms:

# %% mystnb={"image": {"alt": "Accuracy against time for four normalisations: rate-matched and channel-wise stay near 98 %, layer-wise and none fall to about 90 %."}}
SHOWN, STEPS = 200, 60
truth = digits.labels[:SHOWN]
stimulus = pixel_currents(digits.images[:SHOWN] / np.float32(255), STEPS, 1e-3)
ann_relu = proportion(relu.forward(digits.images[:SHOWN] / np.float32(255)).argmax(axis=1) == truth)
by_method, decided = {}, {}
for method in METHODS:
    spiking = convert(relu, neuron=lif, synapse=synapse, normalisation=normalised[method])
    recorded = simulate(spiking, stimulus, device=prepared.device, potentials={"readout"})
    by_method[method] = over_time(recorded, "mean-potential", truth)
    decided[method] = {
        "after 30 ms": written(by_method[method][29]),
        "after 60 ms": written(by_method[method][-1]),
        "spikes per trial": round(metrics.activity.spikes_per_trial(recorded)),
    }
plots.accuracy_over_time(by_method, 1e-3, reference=ann_relu)

# %%
pd.DataFrame(decided).T

# %% [markdown]
# Methods that let neurons fire too fast are quick: the linear ones, and "none" (an activation of 1 stands
# for 200 Hz everywhere), are the first to be right, since too many spikes make up for those that the start
# costs. But what comes later is still too fast. With one scale a layer, or none at all, the network loses
# again what it had. The difference between the two upper ones is within the intervals of 200 digits;
# `docs/ledger.md` has 5,000.
#
# ## 6. The ledger
#
# When a spiking network is wrong where the trained one is right, what is to blame? A ledger switches every
# cause off by itself, everything else equal, and sees what of the gap goes with it:
#
# *part of a cause = gap as run - gap without it*, and *parts + interaction + unexplained = gap*, exactly.
#
# Nearly nothing is lost in the network above. So we first look at the same network, run carelessly: in
# steps of 2 ms, with a refractory period of 6 ms where it was trained for 2 ms, the reset to zero, and 24
# ms to decide.

# %% mystnb={"image": {"alt": "Waterfall from 99.5 % of the trained network to 90.5 % of the careless one: start-up transient and finite duration take most and are significant."}}
careless = replace(
    conditions, neuron=LIF(t_ref=6e-3, reset="zero"), dt=2e-3, duration=24e-3, precision="float64"
)
FEWER = 200
case = Case(graph, prepared.input.intensities()[:FEWER], labels[:FEWER], None)
ledger = draw_up(case, careless, rule, prepared.device)
plots.waterfall(ledger.ann, ledger.parts, ledger.as_run)


# %%
def ledger_table(ledger):
    rows = {
        entry.cause: {
            "changed": entry.change,
            "accuracy without (%)": round(100 * entry.accuracy, 1),
            "ANN's class without (%)": round(100 * entry.agreement, 1),
            "significant": entry.accuracy_part.significant or entry.agreement_part.significant,
        }
        for entry in ledger.entries
    }
    return pd.DataFrame(rows).T


print(f"Trained {100 * ledger.ann:.1f} %, spiking {100 * ledger.as_run:.1f} %, all causes off", end=" ")
print(f"{100 * ledger.all_off:.1f} % ({ledger.n_trials} digits).")
print(f"First cause: {ledger.first}; not significantly less: {', '.join(ledger.rivals) or 'none'}.")
ledger_table(ledger)

# %% [markdown]
# Orange takes accuracy, blue gives, grey is not significant. Read it as a list of what to mend first.
# Causes that heal the same trials, such as a longer window and a settled network, each get the whole of it;
# the interaction takes back what was counted twice. One cause is none: without the synaptic filter every
# charge is a jump, the potential fluctuates more, and the network does worse. What does not apply is named
# with its reason, not as a zero:

# %%
for cause, reason in ledger.not_applicable.items():
    print(f"{cause}: {reason}.")

# %% [markdown]
# And the default network? `make explain` draws up the ledger of a run. Where that has been done, it is read
# here; where not, a small one is made. (Intervals of a few hundred digits are wide, and most bars are
# grey.)

# %% mystnb={"image": {"alt": "Waterfall of the default network from 99.67 to 99.00 %: no part is significant with this few digits."}}
kept = Path("../results/mnist/latest")
of_default = read_run(kept).ledger if kept.is_dir() else None
if of_default is not None:
    print(f"Read from {kept}.")
else:
    default = Case(graph, prepared.input.intensities(), labels, None)
    of_default = draw_up(default, conditions, rule, prepared.device)
    print("Made here; `make sim`, then `make explain`, makes one of 1,000 digits.")
plots.waterfall(of_default.ann, of_default.parts, of_default.as_run)

# %%
print(f"Trained {100 * of_default.ann:.2f} %, spiking {100 * of_default.as_run:.2f} %", end=" ")
print(f"({of_default.n_trials:,} digits). First cause: {of_default.first or 'none is significant'}.")
ledger_table(of_default)

# %% [markdown]
# A network that was trained on the rates of its neurons loses so little on the way that it takes thousands
# of digits to tell where. That is the point of training it so: most causes do not apply, and what is left
# is time.
#
# ## Exercises
#
# 1. Section 1: `network.model="mnist-large"` in the list beside `dataset.trials`. How many synapses are
#    that?
# 2. Section 3: compare the layers with `replace(conditions, synapse=ExponentialCurrent(20.5e-3))`. Which layers suffer from a slow
#    synapse, and why not the first?
# 3. Section 5: `percentile=100` in `normalise`: the largest activation of all stands for 200 Hz. Who decides
#    now?
# 4. Section 6: mend one thing at a time in `careless`, the first cause first. Is the order that the ledger
#    gives the best one?
# 5. Section 6: `mnist-small-fine-tuned` as the default network. Which cause is left?

# %% [markdown]
# ## Answers
#
# **1.** The large network has four times the channels, so four times the neurons, and fifteen times the
# synapses: those between two layers grow with the channels of both.

# %%
for name in ("mnist-small", "mnist-large"):
    needs = plan(read_study("../sims/mnist.toml", {"network.model": name, "dataset.trials": 1}))
    print(f"{name}: {needs.neurons:,} neurons, {needs.synapses:,} synapses")

# %% [markdown]
# **2.** A slow synapse delays what a layer hears from the one before, and the delays add up, so the deepest
# layer suffers most. The first layer has no synapses before it: pixels are currents.

# %%
slow = replace(conditions, synapse=ExponentialCurrent(20.5e-3))
layer_table(
    compare_layers(Case(graph, hundred.images[:50], hundred.labels[:50], None), slow, prepared.device)
)

# %% [markdown]
# **3.** One activation among all images and positions then decides the scale of a whole channel. It is larger
# than the 99.9th percentile, so all rates of that channel are lower, and a decision takes longer.
