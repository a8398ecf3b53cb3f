# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # How does one spike per neuron say what a rate says?
#
# **Before.** Notebooks 2 and 3: how a network is made, and a digit on its way through it.
#
# **You learn** what a single spike can say by its time; how a layer hears it as a weighted sum; when the
# decision is final; what late spikes cost.
#
# In most networks of this package an activation is a number of spikes. Here it is the *time* of a single
# one: the sooner, the larger. One digit passes through such a network, and at each border we compare what
# the spikes say with what the trained network computes.
#
# 1. What a spike says by its time.
# 2. One digit, window by window.
# 3. A potential is a weighted sum.
# 4. When is the decision final?
# 5. What if spikes come late?
#
# It takes about half a minute. The derivation stands in `docs/time-code.md`.

# %%
# %matplotlib inline
# %config InlineBackend.figure_format = "retina"
import numpy as np
import pandas as pd

from bioscnn import decisions, metrics, plots, prepare, simulate
from bioscnn.conversion import rounded_activations
from bioscnn.network import OUTPUT, READOUT
from bioscnn.neurons import TimeCode
from bioscnn.noise import Jitter
from bioscnn.seeds import stream
from bioscnn.statistics import proportion

# %% [markdown]
# ## 1. What a spike says by its time
#
# The potential that a spike makes in a leaky membrane rises for a while: 9.24 ms with time constants of 20
# and 5 ms. As long as it rises, a spike that is older has made more of it. So time is cut into windows of 9
# ms, and a spike says a value from 0 to 1 by how long before the end of its window it comes. In steps of 1
# ms these are nine values; silence is the tenth.

# %%
digits = prepare("../sims/mnist-time.toml", {"dataset.trials": 1000})
neuron, synapse, dt = digits.network["conv1"].neuron, digits.study.config.synapse, digits.stimulus.dt
code = TimeCode(tau_m=neuron.code.tau_m, tau_s=synapse.tau_s, dt=dt)
W = code.window_steps
pd.DataFrame({"ms before the end": 1e3 * dt * np.arange(W, 0, -1), "value": code.values[::-1].round(3)}).T

# %% mystnb={"image": {"alt": "Left: potentials that decay from the start of a window, and a threshold that falls faster and crosses each at its own time. Right: the value that a spike says against its time, a falling staircase of nine values."}}
plots.spike_times(code, neuron.V_th)

# %% [markdown]
# Left: when the window of a neuron opens, its potential (coloured) decays, since no current flows. The
# threshold (black) falls faster, and each potential crosses it at the time that says its own value, to the
# nearest step. Right: these spikes, on the curve of what each time says.
#
# ## 2. One digit, window by window
#
# We simulate 1,000 digits, and follow the first one.

# %% mystnb={"image": {"alt": "Spikes of the first digit: pixels in the first window of 9 ms, then one layer in each of the next three windows, every neuron once or not at all."}}
recorded = simulate(digits.network, digits.stimulus, device=digits.device, potentials={READOUT})
labels, classes = digits.examples.labels, digits.examples.classes
answers = decisions(recorded, "last-potential")
right = proportion(answers[:, -1] == labels)
print(
    f"{100 * right.value:.1f} % [{100 * right.low:.1f}, {100 * right.high:.1f}] of {len(labels):,} are right."
)
DIGIT = 0
layers = {"input": digits.stimulus} | {
    p.name: recorded[p.name].spikes for p in digits.network.neurons if p.spikes and p.name != OUTPUT
}
opens = [1e3 * dt * W * k for k in range(1, 5)]
plots.raster(
    layers, DIGIT, image=digits.examples.images[DIGIT], classes=classes, label=int(labels[DIGIT]), ends=opens
)

# %% [markdown]
# The lines are the borders of the windows. Each layer listens in one window and fires in the next, so the
# digit walks through the network in four steps: pixels, three layers, and a last window in which the
# readout listens. No neuron fires twice:

# %%
rows = {}
for name, trains in layers.items():
    counts = trains[DIGIT : DIGIT + 1].counts()[0]
    of_window = trains[DIGIT : DIGIT + 1].step - W * len(rows)
    rows[name] = {
        "neurons": len(counts),
        "that fire (%)": round(100 * float(np.mean(counts > 0)), 1),
        "most spikes of one": int(counts.max()),
        "first and last step of the window": f"{of_window.min()}, {of_window.max()}",
    }
pd.DataFrame(rows).T

# %% [markdown]
# ## 3. A potential is a weighted sum
#
# What do the spikes of the third layer say, and what should they? `rounded_activations` computes the
# trained network with every activation rounded to the nearest of the nine values. Nothing is simulated
# there.

# %%
images = digits.input.intensities()
said = rounded_activations(digits.graph, images, code, digits.study.config.network.scale)
worst = {}
for k, name in enumerate(list(layers)[1:], start=2):
    trains = layers[name]
    age = np.zeros((trains.n_trials, trains.size), int)
    age[trains.trial(), trains.neuron] = k * W - trains.step
    by_spikes = np.concatenate([[0.0], code.values])[age]
    worst[name] = {
        "spikes": trains.n_spikes,
        "spikes in another step": int(np.sum(by_spikes != said[name].reshape(age.shape))),
    }
pd.DataFrame(worst).T

# %% mystnb={"image": {"alt": "Potentials of the ten classes for three digits: at rest for three windows, then they part, and the true class stands highest at the end."}}
potentials = recorded[READOUT].potentials
whole, expected = potentials[:, -1], said[OUTPUT]
unit = np.sum(whole * expected) / np.sum(expected**2)
print(f"Largest potential: {1e3 * np.abs(whole).max():.2f} mV;", end=" ")
print(f"largest distance from the weighted sum: {1e6 * np.abs(whole - unit * expected).max():.3f} uV.")
plots.output_potentials(
    potentials[:3], dt, labels[:3], answers[:3, -1], classes, images=digits.examples.images[:3]
)

# %% [markdown]
# The potentials of the readout stay at rest until its window opens, and stand at the end where the trained
# network's logits stand. Spikes of the simulation are those of the closed form; a few may be a step off
# where a sum lies on the border of two values.
#
# ## 4. When is the decision final?
#
# The last window need not be over: the earliest spikes are the largest values. From when on does the class
# stay what it is at the end?

# %% mystnb={"image": {"alt": "Histogram of decision times of 1,000 digits: nearly all fall in the last window, from 28 ms on."}}
informed = metrics.first_informed_step(potentials, dt, None)
latency = metrics.decision_latency(answers, dt, informed)
print(f"Median {1e3 * np.median(latency):.0f} ms of {1e3 * dt * recorded.n_steps:.0f} ms;", end=" ")
print(f"for 95 % of the digits, {1e3 * np.quantile(latency, 0.95):.0f} ms.")
plots.latency_histogram(latency, answers[:, -1] == labels, dt, width=plots.style.WIDE)

# %% [markdown]
# Most decisions fall within a few milliseconds of the last window. What cannot be shortened in this way are
# the three windows before: a layer knows its sum only when its window is over.
#
# ## 5. What if spikes come late?
#
# A code of times should fear nothing so much as spikes that come at the wrong time. We move every spike of
# the input by a time of its own, and simulate again.

# %%
rows = {}
for sd in (0, 0.5e-3, 1e-3, 2e-3):
    moved = Jitter(sd).apply(digits.stimulus, stream(1, "notebook", sd))
    again = simulate(digits.network, moved, device=digits.device, potentials={READOUT})
    share = proportion(decisions(again, "last-potential")[:, -1] == labels)
    rows[f"{1e3 * sd:g} ms"] = {
        "accuracy (%)": round(100 * share.value, 1),
        "interval": f"[{100 * share.low:.1f}, {100 * share.high:.1f}]",
    }
pd.DataFrame(rows).T.rename_axis("standard deviation")

# %% [markdown]
# Hardly anything is lost: bright pixels fire early, and there neighbouring times say nearly the same value
# (see the table of section 1). But these are the pixels alone. `bioscnn codes sims/mnist.toml` moves the
# spikes of all layers, and asks the same of networks of rates that were trained alike; `docs/time-code.md`
# says what came out.
#
# ## Exercises
#
# 1. Section 1: `TimeCode(20e-3, 5e-3, 0.5e-3)`. How many values are there, and which is the smallest?
# 2. Section 2: `{"simulation.dt": "2 ms", "simulation.duration": "34 ms"}` leaves four values. What is lost?
# 3. Section 4: do wrong decisions fall later?
#
# References:
#
# * Gerstner, Kistler, Naud and Paninski (2014), *Neuronal Dynamics*, section 1.3.
# * Stanojevic et al. (2024), *High-performance deep spiking neural networks with 0.3 spikes per neuron*,
#   Nature Communications 15, 6793.

# %% [markdown]
# ## Answers
#
# **1.** Half the step makes twice the values in the same window:

# %%
finer = TimeCode(20e-3, 5e-3, 0.5e-3)
print(f"{len(finer.values)} values, the smallest {finer.values.min():.3f}")

# %% [markdown]
# **2.** The network was trained for nine values. On four of them it still answers most digits; the intervals
# overlap:

# %%
coarse = prepare(
    "../sims/mnist-time.toml",
    {"dataset.trials": 1000, "simulation.dt": "2 ms", "simulation.duration": "34 ms"},
)
rough = simulate(coarse.network, coarse.stimulus, device=coarse.device, potentials={READOUT})
share = proportion(decisions(rough, "last-potential")[:, -1] == labels)
print(f"{100 * share.value:.1f} % [{100 * share.low:.1f}, {100 * share.high:.1f}] with four values")

# %% [markdown]
# **3.** In these digits they do, but they are few:

# %%
correct = answers[:, -1] == labels
for name, some in {"right": correct, "wrong": ~correct}.items():
    print(f"{name}: n = {some.sum()}, median {1e3 * np.median(latency[some]):.0f} ms")
