# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # What does noise destroy first?
#
# **Before.** Notebooks 1 to 3.
#
# **You learn** what noise of images, neurons, spikes and synapses does to a network, and how to compare
# them with intervals.
#
# Nothing in a brain is exact. Light comes in portions, synapses fail, no two neurons are alike, and
# potentials are never still; on neuromorphic hardware it is much the same. A network that was trained on
# clean images and simulated with equal neurons knows nothing of this. Which kinds of noise does it bear, and
# which take its accuracy away first? And does anything help that is said to: a retina, training in noise,
# spikes themselves?
#
# 1. What noise looks like to the eye.
# 2. What it does to single neurons: mismatched thresholds, noisy potentials.
# 3. What it does to the spikes between them, and what exactly is lost with a spike.
# 4. The experiment: every kind of noise, in five severities, with several networks.
# 5. The answer, in three sentences.
#
# Run the cells from top to bottom; it takes about a minute, and longer the first time, when programs are
# compiled.

# %%
# %matplotlib inline
# %config InlineBackend.figure_format = "retina"
import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import fill

import numpy as np
import pandas as pd

from bioscnn import (
    LIF,
    Currents,
    Dense,
    Device,
    NoiseExperiment,
    Population,
    Projection,
    SpikingNetwork,
    conduct,
    decisions,
    plots,
    prepare,
    read_study,
    simulate,
)
from bioscnn.noise import NOISES, NoisyMembrane, SpikeLoss, ThresholdMismatch, with_scaled_weights
from bioscnn.seeds import stream
from bioscnn.statistics import proportion

SEED = 1
TRIALS = 200  # 20 of each digit

# %% [markdown]
# ## 1. To the eye
#
# Noise of images is the kind that one can see. Each has five severities, those of MNIST-C (Mu and Gilmer
# 2019) where that has them. The same digit, from clean to severity 5:

# %% mystnb={"image": {"alt": "The digit 5 under twelve kinds of noise, clean and at severities 1 to 5; at 5 most are hard to read, occlusion hides nearly all of it."}}
study = read_study("../sims/mnist.toml", {"dataset.trials": TRIALS})
prepared = prepare(study)
images, labels, classes = prepared.examples.images, prepared.examples.labels, prepared.examples.classes
of_images = {name: kind for name, kind in NOISES.items() if kind.acts_on == "images"}
DIGIT = int(np.flatnonzero(labels == 5)[0])


def noisy(name, severity):
    """Return the digit in noise."""
    rng = stream(SEED, "noise", name)
    return of_images[name].at(severity).apply(images[DIGIT : DIGIT + 1], rng)[0, 0]


pictures = np.array([[noisy(name, severity) for severity in range(6)] for name in of_images])
plots.gallery(list(of_images), pictures)

# %% [markdown]
# In most of them we see a five to the end. Whether the network does is another matter, since it has seen
# nothing of the kind. And more than half of all kinds of noise cannot be seen at all, as they act inside the
# network. What do two of them do to a single neuron?
#
# ## 2. Single neurons
#
# A neuron turns a current into a firing rate. We take 80 neurons with the constants of the network's, put
# each of them under 31 constant currents, let them fire for one second, and count.
#
# * **Threshold mismatch**: the threshold differs from neuron to neuron (lognormal; its coefficient of
#   variation, CV, is given).
# * **Membrane noise**: a noisy current flows into each neuron, new in each step, as if from thousands of
#   synapses that are not simulated. Its strength is the standard deviation of the potential at rest.

# %% mystnb={"image": {"alt": "Firing rate against current: mismatched thresholds spread the curves of single cells widely; membrane noise moves them little but lets them fire below the rheobase."}}
lif = LIF()
CELLS, DURATION, DT = 80, 1.0, 1e-3
current = np.linspace(0.1, 0.6, 31) * 1e-9
no_input = Currents(np.zeros((1, 1), np.float32), round(DURATION / DT), DT)


def unconnected(cells):
    """Return a network of cells without a synapse."""
    nothing = Projection("input", cells.name, Dense((1,), cells.shape, np.zeros((cells.size, 1))), None)
    return SpikingNetwork((Population("input", (1,)), cells), (nothing,))


def rates_of(noise):
    """Return the firing rate of each cell under each current, shape (n_currents, CELLS), Hz."""
    cells = noise.apply(unconnected(Population("cells", (CELLS,), lif)), stream(SEED, noise.label))["cells"]
    # All currents at a time: each cell once for each of them.
    under_each = replace(
        cells,
        shape=(len(current) * CELLS,),
        bias=np.repeat(current, CELLS),
        values={name: np.tile(of_cell, len(current)) for name, of_cell in cells.values.items()},
    )
    recording = simulate(unconnected(under_each), no_input, device=Device("numpy"))
    return recording["cells"].counts_by_neuron.reshape(len(current), CELLS) / DURATION


rates = {
    "threshold mismatch": {
        f"CV {noise.setting}": rates_of(noise) for noise in map(ThresholdMismatch, (0.1, 0.3))
    },
    "membrane noise": {noise.setting: rates_of(noise) for noise in map(NoisyMembrane, (2e-3, 8e-3))},
}
plots.rates_in_noise(current, rates, lif.rate(current), lif.rheobase)

# %% [markdown]
# The two do different things. (Bands hold 90 % of the cells; thin lines are a slow one, one in the middle and
# a fast one.) **Mismatch** moves the curve of each neuron as a whole, to the left or to the right: the band
# is wide, and a neuron stays what it is. **Membrane noise** treats all neurons alike. It smooths the curve,
# most where it has its kink: neurons fire that would be silent, more often the nearer the current is to the
# rheobase. High above it, hardly anything changes.

# %%
spread, smooth = rates["threshold mismatch"]["CV 0.3"], rates["membrane noise"]["8 mV"]
rows = {}
for drive in (0.15, 0.25, 0.4, 0.6):
    k = int(np.abs(current - 1e-9 * drive).argmin())
    rows[f"{drive:g} nA"] = {
        "no noise (Hz)": lif.rate(current[k]).item(),
        "thresholds of CV 0.3: mean (Hz)": spread[k].mean(),
        "SD over cells (Hz)": spread[k].std(),
        "membrane noise of 8 mV: mean (Hz)": smooth[k].mean(),
        "SD over cells (Hz) ": smooth[k].std(),
    }
pd.DataFrame(rows).T.round(1)

# %% [markdown]
# Below the rheobase (0.2 nA) both make neurons fire that should not; far above it, mismatch still spreads the
# rates, while membrane noise has averaged out over the second. A digit lasts 30 ms, in which a neuron fires
# but a few times. There noise has little time to average out; it can only do so over neurons.
#
# ## 3. Spikes that do not arrive
#
# Now the network itself, with 200 digits, and the simplest accident: a spike is lost on its way with some
# probability, so that none of its synapses sees it. Without that, the raster of a digit looks like this:


# %% mystnb={"image": {"alt": "Spikes of a digit layer by layer without loss: 1,249, 535, 116 and 4 spikes, the output for classes 3 and 5."}}
def simulate_with(noise, network=prepared.network):
    disturbed = noise.apply(network, stream(SEED, "noise", noise.name))
    return simulate(disturbed, prepared.stimulus, device=prepared.device, potentials={"readout"})


def layers(recording):
    firing = [population.name for population in prepared.network.neurons if population.spikes]
    return {name: recording[name].spikes for name in firing}


def accuracy_of(recording):
    return proportion(decisions(recording, study.config.readout.rule)[:, -1] == labels)


LOSSES = (0.0, *SpikeLoss.LEVELS)
lossy = {share: simulate_with(SpikeLoss(share)) for share in LOSSES}
shown = {"image": images[DIGIT], "classes": classes, "label": int(labels[DIGIT])}
plots.raster(layers(lossy[0.0]), DIGIT, **shown)

# %% [markdown]
# And if half of all spikes are lost:

# %% mystnb={"image": {"alt": "The same digit when spikes are lost on the way: 1,249, 329 and 32 spikes, and a silent output."}}
plots.raster(layers(lossy[0.5]), DIGIT, **shown)

# %% [markdown]
# (The raster shows the spikes that are fired, not those that arrive.) The first layer is driven by currents
# and does not notice. From layer to layer the raster becomes thinner, and the wave comes later. Over all
# digits:

# %% mystnb={"image": {"alt": "Spikes left against spikes lost: the deeper the layer, the more is lost; at 30 % lost, half of the third layer's and a third of the output's remain."}}
spikes = {
    name: [layers(recording)[name].n_spikes for recording in lossy.values()] for name in layers(lossy[0.0])
}
plots.spikes_left(LOSSES, spikes, name="spikes lost")

# %% [markdown]
# The second layer still holds out, as inhibition gets lost along with excitation. But the deeper a layer, the
# more it misses: it hears less of a layer that itself has become quieter, and its threshold stays where it
# was. So there are two ways to read what the loss costs. It may be the *chance* in it, that one never knows
# which spike is missing. Or it may simply be that too little current arrives. The two can be told apart:
# make the synapses stronger by just what is lost on the mean, and leave the chance as it is.


# %%
def written(accuracy):
    value, low, high = (100 * part for part in (accuracy.value, accuracy.low, accuracy.high))
    return f"{value:.1f} [{low:.1f}, {high:.1f}]"


rows = {}
for share, recording in lossy.items():
    repaired = simulate_with(SpikeLoss(share), with_scaled_weights(prepared.network, 1 / (1 - share)))
    rows[f"{100 * share:g} %"] = {
        "accuracy (%)": written(accuracy_of(recording)),
        "with stronger synapses (%)": written(accuracy_of(repaired)),
    }
pd.DataFrame(rows).T.rename_axis("spikes lost")

# %% [markdown]
# A good part of the damage is undone, though not one spike has been saved. So what a network loses first
# with its spikes is drive, which all neurons lack in the same direction. Chance itself, which falls now on
# this and now on that neuron, costs less, until few spikes are left.
#
# If that is so, noise that spreads neurons to both sides of what they should be must be much easier to bear.
# Mismatched thresholds are of that kind, and section 2 has shown how far apart they drive the rates:

# %%
rows = {}
for noise in map(ThresholdMismatch, (0.0, *ThresholdMismatch.LEVELS)):
    recording = simulate_with(noise)
    total = sum(trains.n_spikes for trains in layers(recording).values())
    rows[f"CV {noise.setting}"] = {
        "accuracy (%)": written(accuracy_of(recording)),
        "spikes of a digit": round(total / TRIALS),
    }
pd.DataFrame(rows).T.rename_axis("thresholds")

# %% [markdown]
# Indeed. A neuron has tens or hundreds of inputs, some too eager and some too sluggish, and their sum is
# nearly what it was.
#
# ## 4. The experiment
#
# `make noise DATASET=mnist` simulates several networks with every kind of noise, in five severities, with
# five seeds each. Where that has been done, its tables are read here; where not, a small one is made, with
# few digits, two severities, two seeds and a few kinds.


# %%
KINDS = ("gaussian-noise", "occlusion", "threshold-mismatch")


def read(folder):
    """Return the tables and the summary of a finished noise experiment."""
    names = ("accuracy", "losses", "comparisons")
    tables = {name: pd.read_csv(folder / f"{name}.csv", dtype={"amount": str}) for name in names}
    return tables, json.loads((folder / "summary.json").read_text(encoding="utf-8"))


def make():
    """Make a small experiment, of which nothing is kept."""
    experiment = NoiseExperiment(read_study("../sims/mnist.toml"), quick=True, kinds=KINDS)
    with TemporaryDirectory() as results:
        return read(conduct(experiment, jobs=1, results=results).folder)


finished = Path("../results/noise/mnist/latest")
tables, summary = read(finished) if finished.is_dir() else make()
accuracy, losses, comparisons = tables["accuracy"], tables["losses"], tables["comparisons"]
main, chance = summary["networks"][0]["name"], summary["chance"]
made = f"Read from {finished}" if finished.is_dir() else "A small experiment, made here"
severities = ", ".join(str(severity) for severity in summary["severities"])
print(f"{made}: {summary['n']:,} digits, {summary['seeds']} seeds, severities {severities}.")
for network in summary["networks"]:
    print(f"  {network['name']}: {network['model']}, {network['about']}")

# %% [markdown]
# What falls first? How much accuracy each kind of noise takes from the first of the networks:

# %% mystnb={"image": {"alt": "Bars of accuracy lost at severity 4: 48 points by occlusion, 3 by Gaussian noise, none by threshold mismatch, with wide intervals."}}
clean = accuracy[(accuracy["network"] == main) & (accuracy["noise"] == "clean")]["accuracy"].iloc[0]
plots.first_to_fall(losses, main, clean=clean, chance=chance)

# %% [markdown]
# One severity is one strength of each kind, and who is to say that 30 % of lost spikes are as severe as
# pixels with an SD of 0.18? So here is the whole course, from clean to the strongest, and the other
# networks beside it. The dashed line is the trained network itself, without spikes; it can only be asked
# about noise in the images.

# %% mystnb={"image": {"alt": "Accuracy against severity for five networks under three kinds of noise: occlusion takes most from all, threshold mismatch nothing."}}
plots.noise_curves(accuracy, chance=chance)

# %% [markdown]
# What helps? Each panel compares two networks on the same noisy digits. A point to the right of zero says
# that the first is better; an open one is not significant.

# %% mystnb={"image": {"alt": "Differences between pairs of networks with intervals: only the retina's harm is significant in this small study."}}
plots.what_helps(comparisons)

# %% [markdown]
# Accuracy is what is lost in the end. How soon the network decides, and how many spikes it takes for it,
# shows what a kind of noise does on the way there: whether it drives neurons, silences them, or makes them
# late.

# %% mystnb={"image": {"alt": "Latency and spikes under three kinds of noise: occlusion silences, Gaussian noise delays."}}
plots.latency_and_spikes(accuracy)

# %% [markdown]
# ## 5. The answer

# %%
for sentence in summary["verdict"]:
    print(fill(sentence, 100))
    print()
if not finished.is_dir():
    print("These come from a small study; type `make noise DATASET=mnist`, then run this section again.")

# %% [markdown]
# ## Exercises
#
# 1. Section 2: give the cells 30 ms instead of a second (`DURATION`). Which of the two kinds of noise spreads
#    the rates more now?
# 2. Section 2: `NOISES["time-constant-mismatch"]`. Why does it matter less below the rheobase than above?
# 3. Section 3: `NOISES["transmission-failure"]` at the same probabilities. There each synapse fails by itself
#    rather than the axon for all of them. Which is worse, and why?
# 4. Section 3: let the trials last 60 ms: `{"simulation.duration": "60 ms"}` for `read_study`. How much of
#    the loss is a loss of time?
# 5. Section 4: `bioscnn run sims/mnist.toml --set noise.membrane-noise.sd="4 mV"` runs the study with one
#    noise and writes a report. Where in it do you see the noise first?

# %% [markdown]
# ## Answers
#
# **1.** Membrane noise averages out over time, a mismatch of thresholds does not. So in a short window the
# noise of the membrane counts for more than in a long one, and mismatch for the same.
#
# **2.** Below the rheobase the settled potential `R_m I` does not depend on the time constant, so the neuron
# stays silent whatever it is. Above it, the time constant decides how soon the threshold is reached.
#
# **3.** The mean of what arrives is the same. If the axon fails, all targets of a neuron lose the same spike,
# and their errors add up in the next layer; if synapses fail one by one, the errors are independent and
# average out there. So the failing axon is the worse of the two.
#
# References:
#
# * Gerstner, Kistler, Naud and Paninski (2014), *Neuronal Dynamics*, chapter 8, Cambridge University Press.
# * Gupta and Bhattacharya (2020), *Implementing a foveal-pit inspired filter in a spiking convolutional
#   neural network: a preliminary study*, IJCNN.
# * Mu and Gilmer (2019), *MNIST-C: a robustness benchmark for computer vision*, arXiv:1906.02337.
