# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # What does each piece of biology cost and buy?
#
# **Before.** Notebooks 1 to 3.
#
# **You learn** what a leak, a refractory period, a synaptic current, a delay, adaptation and conductances
# change in one and the same network; how to write a neuron of your own as equations, and how to say what it
# changes.
#
# Most converted networks are made of integrate-and-fire neurons without a leak. A textbook adds one piece of
# biology after the other. Each piece has a price: accuracy, time to decide, spikes. Here one trained network
# is converted anew for every set of pieces, and all are shown the same digits.
#
# 1. A ladder of neurons, from a bare integrator upwards.
# 2. What each rung changed.
# 3. A neuron of your own.
# 4. The same digits with that neuron.
#
# Run the cells from top to bottom; it takes about a minute, and longer the first time, when programs are
# compiled.

# %%
# %matplotlib inline
# %config InlineBackend.figure_format = "retina"
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

import bioscnn
from bioscnn import plots
from bioscnn.neurons import read_definition

TRIALS = 200
results = TemporaryDirectory()  # of what is computed here
study = bioscnn.read_study("mnist", {"dataset.trials": TRIALS, "simulation.jobs": 1})

# %% [markdown]
# ## 1. A ladder
#
# Each rung is a study in which some keys differ from the rung below. Everything else stays: the weights of
# the trained network, the digits, the seed.

# %%
ladder = bioscnn.LadderExperiment(study)
pd.DataFrame(
    {"rung": rung.name, "changed": ", ".join(f"{key} = {value}" for key, value in rung.changes.items())}
    for rung in ladder.rungs
).set_index("rung")

# %%
findings = bioscnn.conduct(ladder, jobs=1, results=results.name)
for sentence in findings.verdict:
    print(sentence)

# %% [markdown]
# ## 2. What each rung changed
#
# A rung is compared with the one below, trial by trial. The intervals are corrected for the number of
# comparisons (Holm's method), so that one false alarm among all of them is rare.

# %%
changes = findings.tables["comparisons"]
changes[["first", "second", "outcome", "difference", "low_holm", "high_holm", "significant"]].round(3)

# %% [markdown]
# Two hundred digits show large effects only. `make ladder` takes 5,000, and `docs/ladder.md` reports 10,000
# test digits and five trained networks.
#
# ## 3. A neuron of your own
#
# The file of a neuron holds its equations, threshold and reset as text, and its parameters with units. This
# is the exponential integrate-and-fire neuron, in which the sodium current of a spike sets in softly:

# %%
FILE = Path("../sims/neurons/exponential.toml")
print(FILE.read_text().partition("# V is")[2].partition("\n")[2])

# %% mystnb={"image": {"alt": "Firing rate against current: the exponential neuron begins at 0.13 nA where the LIF neuron begins at 0.2 nA, and rises less steeply, to 134 Hz against 177 Hz at 1.2 nA."}}
own, lif = bioscnn.EquationNeuron(read_definition(FILE)), bioscnn.LIF()
currents = np.linspace(0, 1.2e-9, 200)
plots.rate_curves(
    currents,
    {"LIF, closed form": lif.rate(currents), "exponential, measured": own.rate(currents)},
    currents[:0],
    {},
    rheobase=lif.rheobase,
)

# %% [markdown]
# Nobody has to work out the rate of such a neuron: bioscnn measures it, and the conversion uses what it
# measured. The curve begins at a weaker current, because the runaway begins below 20 mV.
#
# ## 4. The same digits
#
# A network that was trained on the rates of one neuron belongs to it. A ReLU network can be converted for any
# neuron, so we take that one twice.

# %%
relu = {"dataset.trials": TRIALS, "network.model": "mnist-small-relu", "simulation.jobs": 1}
usual = bioscnn.run("mnist", relu, results=results.name)
exponential = bioscnn.run("mnist", relu | {"neuron.model": str(FILE)}, results=results.name)
compared = bioscnn.compare(usual, exponential)
for sentence in compared.sentences:
    print(sentence)

# %%
pd.DataFrame(
    {
        name: {
            "right (%)": 100 * result.accuracy.value,
            "decided after (ms), median": result.decisions["latency_ms"].median(),
            "spikes per digit": result.decisions["spikes"].mean(),
        }
        for name, result in {"LIF": usual, "exponential": exponential}.items()
    }
).round(1)

# %% [markdown]
# ## Exercises
#
# 1. Let the spike set in over 4 mV instead of 2 mV (`neuron.definition.parameters.Delta_T`). What happens to
#    the rheobase?
# 2. How long a refractory period does the network bear? Try 5 ms and 10 ms with the LIF neuron.
# 3. Write the file of a neuron with a quadratic onset,
#    `dV/dt = (V*(V - V_c)/V_s + R_m*(I_syn + I_stim))/tau_m`, and run the digits through it. Which parameters
#    have to be added?
#
# ## Answers
#
# **1.** A softer onset begins earlier: the same neuron needs less current.

# %%
softer = bioscnn.EquationNeuron(read_definition(FILE, {"Delta_T": "4 mV"}))
for name, neuron in {"2 mV": own, "4 mV": softer}.items():
    print(f"Delta_T = {name}: the rheobase is {1e9 * neuron.rheobase:.3f} nA")

# %% [markdown]
# **2.** Rates have a ceiling of `1/(t_ref + dt)`, and the conversion matches the rates below it, here up to 80 Hz.
# Two hundred digits show no loss up to 10 ms. The number of spikes grows: a longer period needs a stronger
# current for the same rate, and a stronger current fires sooner.

# %%
for t_ref in ("2 ms", "5 ms", "10 ms"):
    result = bioscnn.run(
        "mnist", relu | {"neuron.t_ref": t_ref, "network.max_rate": "80 Hz"}, results=results.name
    )
    share = result.accuracy
    print(
        f"t_ref = {t_ref}: {100 * share.value:.1f} % [{100 * share.low:.1f}, {100 * share.high:.1f}],",
        f"{result.decisions['spikes'].mean():,.0f} spikes per digit",
    )

# %% [markdown]
# **3.** `V_c` and `V_s` have to be listed under `[parameters]`, with their units; without one, the message
# names it. The threshold can be any expression, such as `V > V_peak`.

# %%
results.cleanup()
