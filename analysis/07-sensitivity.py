# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Which parameter matters?
#
# **Before.** Notebook 1; what a variance is.
#
# **You learn** why one parameter at a time misleads; the screening of Morris and the indices of Sobol, by
# hand and for a network.
#
# A leaky integrate-and-fire neuron has a membrane time constant, a refractory period, a threshold, a
# resistance. Its synapses have a time constant and a delay, and all of them are noisy. For each we wrote down
# one number, but in cortex it is a range: 10 to 40 ms for the membrane, say. So how much of what the network
# does hangs on the numbers that we happened to choose? And which of them should one measure with care, if one
# can only measure three?
#
# 1. One neuron, one parameter at a time, and why that is not enough.
# 2. Elementary effects: the screening of Morris, by hand.
# 3. A function whose answer is known: what a mean hides.
# 4. Shares of the variance: the indices of Sobol, by hand.
# 5. The network: a dozen parameters at once.
# 6. The answer.
#
# Run the cells from top to bottom; it takes about half a minute, and longer the first time, when a
# program is compiled.

# %%
# %matplotlib inline
# %config InlineBackend.figure_format = "retina"
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import fill

import numpy as np
import pandas as pd

from bioscnn import SweepExperiment, conduct, plots, read_sweep, read_sweep_results
from bioscnn.neurons import lif_rate
from bioscnn.plots import Parameter
from bioscnn.seeds import stream

SEED = 1

# %% [markdown]
# ## 1. One at a time
#
# The firing rate of the neuron under a constant current is known in closed form (notebook 1), so that we can
# ask anything of it at once. Five numbers decide it. Here are their ranges, and the values of our study:

# %%
CELL = (
    Parameter("neuron.tau_m", "ms", 10, 40, scale="log", nominal=20),
    Parameter("neuron.t_ref", "ms", 1, 4, nominal=2),
    Parameter("neuron.V_th", "mV", 15, 25, nominal=20),
    Parameter("neuron.R_m", "Mohm", 80, 120, nominal=100),
    Parameter("encoding.current", "nA", 0.1, 0.5, nominal=0.4),
)


def values_at(parameters, positions):
    """Return values of parameters at positions of their ranges, 0 to 1, shape (n, n_parameters)."""
    columns = []
    for parameter, x in zip(parameters, positions.T, strict=True):
        low, high = parameter.ends
        columns.append(low * (high / low) ** x if parameter.log else low + (high - low) * x)
    return np.column_stack(columns)


def rate(positions):
    """Return the firing rate in Hz at positions of shape (n, 5)."""
    tau_m, t_ref, V_th, R_m, current = values_at(CELL, positions).T
    J = current * R_m / V_th  # nA Mohm = mV: in units of the rheobase
    found = [float(lif_rate(*one)) for one in zip(J, 1e-3 * tau_m, 1e-3 * t_ref, strict=True)]
    return np.array(found)


pd.DataFrame(
    {"parameter": p.key, "range": p.span, "scale": p.scale, "in the study": p.text(p.nominal)} for p in CELL
).set_index("parameter")

# %% [markdown]
# The obvious thing is to take the neuron as it is and move one parameter at a time through its range:


# %% mystnb={"image": {"alt": "Firing rate while one parameter at a time moves through its range: current and membrane time constant change it most, the refractory period hardly."}}
def one_by_one(start):
    """Move one parameter at a time through its range; the others stay at the positions of the start."""
    rows = []
    for k, parameter in enumerate(CELL):
        x = np.linspace(0, 1, 41)
        positions = np.where(np.arange(len(CELL)) == k, x[:, None], start)
        values = values_at(CELL, positions)[:, k]
        texts = [parameter.text(value) for value in values]
        rows.append(
            pd.DataFrame({"parameter": parameter.key, "value": texts, "x": x, "rate [Hz]": rate(positions)})
        )
    return pd.concat(rows)


ours = np.array([float(parameter.position([parameter.nominal])[0]) for parameter in CELL])
plots.one_at_a_time(one_by_one(ours), CELL, ["rate [Hz]"])

# %% [markdown]
# (All ranges are drawn over each other, from their low to their high end; rings: the study.) The current and
# the time constant matter about equally, threshold and resistance half as much; the refractory period hardly
# counts. But that is the answer *here*. The same neuron in the dark, at 0.15 nA:

# %% mystnb={"image": {"alt": "The same from 0.15 nA: all parameters leave the neuron silent but the current, which makes it fire in the upper half of its range."}}
in_the_dark = np.where([p.key == "encoding.current" for p in CELL], CELL[-1].position([0.15]), ours)
dark = [Parameter(p.key, p.unit, p.low, p.high, scale=p.scale) for p in CELL]
plots.one_at_a_time(one_by_one(in_the_dark), dark, ["rate [Hz]"])

# %% [markdown]
# Now nothing matters but the current: the neuron is silent, and no other parameter by itself can make it
# fire. Whoever moves one parameter at a time learns about the place where one starts. And with a dozen
# parameters, nearly all of their space lies far from any one place.
#
# ## 2. Elementary effects
#
# Morris (1991) had a simple idea: start in many places. Choose a random point, and move one parameter by a
# large step, then another from where one is now, and so on, until each has moved once. Such a trajectory
# costs one point more than there are parameters, and yields one change for each, an **elementary effect**.
# Morris divides it by the step, as if the outcome went on to change alike over the whole range. We leave it
# the change that it is, by a step of two thirds of the range: its unit is that of the outcome, and it is
# never more than the outcome can change.


# %%
def trajectories(n_parameters, count, rng):
    """Return Morris's design of four levels, shape (count, n_parameters + 1, n_parameters)."""
    found = []
    for _ in range(count):
        here = rng.integers(0, 2, n_parameters) / 3  # the lower two levels: 0 and 1/3
        path = [here]
        for k in rng.permutation(n_parameters):
            here = here + np.where(np.arange(n_parameters) == k, 2 / 3, 0)
            path.append(here)
        # Half of all parameters come down instead of going up.
        down = rng.random(n_parameters) < 0.5
        found.append(np.where(down, 1 - np.array(path), path))
    return np.array(found)


design = trajectories(len(CELL), 20, stream(SEED, "morris"))
path = design[0]
steps = pd.DataFrame(values_at(CELL, path), columns=[p.column for p in CELL]).round(3)
steps["rate (Hz)"] = rate(path).round(1)
steps["moved"] = ["", *(CELL[k].key for k in np.abs(np.diff(path, axis=0)).argmax(axis=1))]
steps["effect (Hz)"] = [np.nan, *(np.diff(rate(path)) * np.sign(np.diff(path, axis=0).sum(axis=1))).round(1)]
steps

# %% [markdown]
# That was one trajectory. Of twenty, we take for each parameter
#
# * $\mu$, the mean of its effects,
# * $\mu^*$, the mean of their *sizes* (Campolongo et al. 2007): how much the parameter matters,
# * $\sigma$, their standard deviation: how much it depends on where one is.


# %% mystnb={"image": {"alt": "Morris plane of the rate: the input current has the largest mean effect, 61 Hz, then tau_m, V_th, R_m; t_ref lies near zero; all spread much."}}
def elementary_effects(function, design):
    """Return the effect of each parameter in each trajectory, shape (n_trajectories, n_parameters)."""
    count, n_points, n_parameters = design.shape
    outcome = function(design.reshape(-1, n_parameters)).reshape(count, n_points)
    steps = np.diff(design, axis=1)  # in each, one parameter moves
    effects = np.zeros((count, n_parameters))
    trajectory, step, moved = np.nonzero(steps)
    change = np.diff(outcome, axis=1)[trajectory, step]
    effects[trajectory, moved] = change * np.sign(steps[trajectory, step, moved])  # as if all went up
    return effects


def interval(statistic, n, rng):
    """Return the 95 % interval of a statistic of n trajectories or points, by resampling them."""
    again = [statistic(rng.integers(0, n, n)) for _ in range(300)]
    return np.quantile(again, (0.025, 0.975), axis=0)


def screening(parameters, effects, outcome):
    """Return the table of effects as a sweep writes it."""
    sizes = np.abs(effects)
    low, high = interval(lambda rows: sizes[rows].mean(axis=0), len(effects), stream(SEED, "resampling"))
    return pd.DataFrame(
        {
            "outcome": outcome,
            "parameter": [parameter.key for parameter in parameters],
            "mu": effects.mean(axis=0),
            "mu_star": sizes.mean(axis=0),
            "mu_star_low": low,
            "mu_star_high": high,
            "sigma": effects.std(axis=0, ddof=1),
        }
    )


of_cell = screening(CELL, elementary_effects(rate, design), "rate [Hz]")
plots.morris_plane(of_cell)

# %% [markdown]
# To the right is what matters; above is what matters differently in different places. Of an effect that is
# the same everywhere, as in a linear model, the spread would be zero. Here all five lie high. The current
# comes first, and the time constant, which looked its equal from where our study is, matters less than half
# as much. And the spread of the refractory period is larger than its mean size: it holds back a neuron that
# fires often, and one in the dark never meets it. That is the kind of thing that one starting point does not
# show. It cost 120 points.

# %%
of_cell.set_index("parameter").drop(columns="outcome").round(1)

# %% [markdown]
# ## 3. What a mean hides
#
# Why $\mu^*$ and not $\mu$? A function whose sensitivity is known exactly shows it. Ishigami and Homma (1990)
# proposed
#
# $$f(x) = \sin x_1 + 7 \sin^2 x_2 + 0.1\, x_3^4 \sin x_1, \qquad -\pi \le x_i \le \pi.$$

# %%
THREE = tuple(Parameter(name, "", -np.pi, np.pi) for name in ("x1", "x2", "x3"))


def ishigami(positions):
    x1, x2, x3 = values_at(THREE, positions).T
    return np.sin(x1) + 7 * np.sin(x2) ** 2 + 0.1 * x3**4 * np.sin(x1)


found = screening(THREE, elementary_effects(ishigami, trajectories(3, 200, stream(SEED, "200"))), "f")
found.set_index("parameter").drop(columns="outcome").round(2)

# %% [markdown]
# Effects of $x_2$ and $x_3$ go up as often as down, so that their means vanish; whoever looks at $\mu$ alone
# takes both for idle. Their sizes do not vanish.
#
# Something else is hidden as well. $x_3$ does nothing by itself: averaged over $x_1$, the term that it is in
# cancels. All it does, it does together with $x_1$. Screening says that the two depend on something
# ($\sigma$ is large), but not on what, and how much.
#
# ## 4. Shares of the variance
#
# Sobol (2001) asks another question. Let all parameters vary: the outcome has a variance. Which share of it
# would go, if we knew one parameter exactly? That is its **first-order index** $S_1$, what it does alone. And
# which share would stay, if we knew all *others*? That is its **total index** $S_T$, what it does alone and
# with others. Both are estimated from two independent sets of points, $A$ and $B$, and from mixtures: $A$
# with one column from $B$ (Saltelli et al. 2010).


# %%
def shares(function, parameters, n, outcome):
    """Return first-order and total indices with their intervals, as a sweep writes them."""
    from scipy.stats import qmc

    k = len(parameters)
    points = qmc.Sobol(2 * k, rng=stream(SEED, "sobol")).random(n)
    A, B = points[:, :k], points[:, k:]
    mixed = [np.where(np.arange(k) == j, B, A) for j in range(k)]
    f_A, f_B, *f_mixed = (function(one) for one in (A, B, *mixed))

    def indices(rows):
        variance = np.concatenate([f_A[rows], f_B[rows]]).var()
        alone = [np.mean(f_B[rows] * (f[rows] - f_A[rows])) / variance for f in f_mixed]
        in_all = [np.mean((f_A[rows] - f[rows]) ** 2) / 2 / variance for f in f_mixed]
        return np.array([alone, in_all])

    (S1, ST), ends = indices(slice(None)), interval(indices, n, stream(SEED, "resampling"))
    keys = [parameter.key for parameter in parameters]
    table = {"outcome": outcome, "parameter": keys, "S1": S1, "ST": ST}
    for j, name in enumerate(("S1", "ST")):
        table |= {f"{name}_low": ends[0, j], f"{name}_high": ends[1, j]}
    return pd.DataFrame(table)


of_ishigami = shares(ishigami, THREE, 2**12, "f")
known = pd.DataFrame({"S1, known": [0.3139, 0.4424, 0.0], "ST, known": [0.5576, 0.4424, 0.2437]})
columns = ["S1", "S1_low", "S1_high", "ST", "ST_low", "ST_high"]
of_ishigami.set_index("parameter")[columns].round(3).join(known.set_index(of_ishigami["parameter"]))

# %% [markdown]
# The known shares lie in the intervals. $x_3$ makes nothing of the variance by itself and a quarter of it
# with $x_1$, and $x_2$ does what it does alone. That is more than screening says, and it has its price: these
# are 20,480 points. With a closed form that is no time at all. With a network it is a night, and so the usual
# order is: screen a dozen parameters, and ask Sobol about the few that matter. For our neuron:

# %% mystnb={"image": {"alt": "Bars of Sobol indices: the current explains 0.62 of the variance alone and 0.72 with interactions, tau_m 0.15 and 0.23, t_ref next to nothing."}}
plots.sobol_bars(shares(rate, CELL, 2**11, "rate [Hz]"))

# %% [markdown]
# Most of the variance is the current's. Where the light bar is longer than the dark one, a parameter also
# acts through others; the time constant does, as it counts the more the more current there is. The
# refractory period could be fixed anywhere in its range, and hardly anyone would notice.
#
# ## 5. The network
#
# `make sensitivity DATASET=mnist` screens twelve parameters of the network that classifies digits: those of
# neuron and synapse, the strength of weights and of the input, noise, the time that a digit is shown and the
# time step. The network is converted once. Then its parameters change under its weights, as nature would
# change them. Where that has been done, it is read here; where not, a small screening is made, of four
# parameters in four trajectories.
#
# Under fixed weights a parameter may act in a way that has little to do with time: a spike injects the charge
# $w \tau_s$, so a longer $\tau_s$ makes every synapse stronger, and a longer $\tau_m$ makes every neuron fire
# less. That is **gain**, and whoever trains or tunes a network sets it anew. So the same question is asked
# twice: with the weights as they are wired, and with the gain kept, where currents are rescaled at every
# point so that a spike carries its charge and a neuron fires at its rate (`gain = "kept"` in the file).

# %%
SMALL = """
study = "{study}"
[set]
"dataset.trials" = 40
[design]
kind = "morris"
trajectories = 4
gain = "{gain}"
[parameters]
"neuron.tau_m" = {{ low = "10 ms", high = "40 ms", scale = "log" }}
"neuron.V_th" = {{ low = "15 mV", high = "25 mV" }}
"synapse.tau_s" = {{ low = "2 ms", high = "9 ms", scale = "log" }}
"network.weight_scale" = {{ low = 0.667, high = 1.5, scale = "log" }}
"""


def ask(gain):
    """Make a small screening, of which nothing is kept."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "small.toml"
        file.write_text(SMALL.format(study=Path("../sims/mnist.toml").resolve().as_posix(), gain=gain))
        return read_sweep_results(conduct(SweepExperiment(read_sweep(file)), jobs=1, results=folder).folder)


def finished(name):
    """Return a sweep of `make sensitivity`; None if there is none, or one of which points failed."""
    folder = Path("../results/sweeps") / name / "latest"
    found = read_sweep_results(folder) if folder.is_dir() else None
    return found if found is not None and found.alone is not None else None


both = finished("mnist-morris"), finished("mnist-morris-gain-kept")
whole = None not in both
sweep, kept = both if whole else (ask("wired"), ask("kept"))
told = sweep.summary
made = "Sweeps of make sensitivity" if whole else "Small sweeps, made here"
print(f"{made}: {told['n_points']:,} points of {told['trials']:,} digits, {told['programs']} programs.")
for parameter in sweep.parameters:
    print(f"  {parameter.key}: {parameter.span}, in the study {parameter.text(parameter.nominal)}")

# %% mystnb={"image": {"alt": "Morris planes of a network with weights as wired: tau_m matters most for accuracy, latency, spikes and operations; its effects spread widely."}}
plots.morris_plane(sweep.effects)

# %% [markdown]
# That is with weights as wired. And with the gain kept, which of it is left?

# %% mystnb={"image": {"alt": "The same with the gain of every layer kept: the threshold no longer matters, and the effects on accuracy are a quarter as large."}}
plots.morris_plane(kept.effects)

# %%
sizes = {name: one.effects.query("outcome == 'accuracy'") for name, one in (("wired", sweep), ("kept", kept))}
table = pd.DataFrame({name: 100 * rows.set_index("parameter")["mu_star"] for name, rows in sizes.items()})
table.sort_values("wired", ascending=False).round(1)  # points of accuracy

# %% [markdown]
# Effects on the accuracy are in points by a step of two thirds of a range, those on the latency in
# milliseconds. Look at the order: what matters for one outcome need not matter for another. A parameter may
# cost spikes, which are energy, without buying a single correct answer.

# %% mystnb={"image": {"alt": "Bars of the mean effects on four outcomes: tau_m is the longest in each."}}
plots.effect_bars(sweep.effects)

# %% [markdown]
# Screening ranks parameters by the mean over many places. Does it also hold where our study is? Those that
# matter most for accuracy, one at a time again, from the study's own values:

# %% mystnb={"image": {"alt": "Accuracy, latency, spikes and operations against tau_m and tau_s: a slow membrane or a quick synapse silences the network and ends its accuracy."}}
moved = [parameter for parameter in sweep.order if parameter.key in set(sweep.alone["parameter"])]
plots.one_at_a_time(sweep.alone, moved, sweep.outcomes, trials=told["trials"])

# %% [markdown]
# And all points, against each parameter. Every dot has its own values of all the others; what remains in
# the medians is what a parameter does in spite of them.

# %% mystnb={"image": {"alt": "Accuracy at the values of four parameters: high for small tau_m and large tau_s, no trend over V_th and the weight scale."}}
plots.main_effects(sweep.points, sweep.order, sweep.main)

# %% [markdown]
# ## 6. The answer

# %%
for sentence in (*told["verdict"], *kept.summary["verdict"]):
    print(fill(sentence, 100))
    print()
if not whole:
    print(
        "These come from small sweeps; type `make sensitivity DATASET=mnist`, once with GAIN=kept, and again."
    )

# %% [markdown]
# ## Exercises
#
# 1. Section 1: start at 0.25 nA. Which parameters can now silence the neuron?
# 2. Section 2: five trajectories instead of twenty. Which parameters can still be told apart?
# 3. Section 2: let the current go from 0.3 nA to 0.5 nA only, so that no neuron is silent. What happens to
#    $\sigma$?
# 4. Section 3: the effects of $x_1$ all have one sign, which is due to the four levels that we tried. Try
#    six: 0 to 1 in fifths, with steps of 3/5.
# 5. Section 4: which of the parameters of the neuron could be left at any value of its range? Check with
#    `shares` of a `rate` that leaves it where it is.
# 6. Section 5: `plots.response_surface(sweep.points, *sweep.order[:2], "accuracy")`. Is there a valley?
# 7. Section 5: write a sweep of your own (`docs/sweeps.md`); `bioscnn sweep FILE --plan` says what it costs.

# %% [markdown]
# ## Answers
#
# **1.** At 0.25 nA the neuron fires if the rheobase `V_th/R_m` is below that: 0.2 nA as it is. A threshold of
# 25 mV makes it 0.25 nA, and so does a resistance of 80 Mohm. The time constants cannot silence it.

# %%
weak = np.where([p.key == "encoding.current" for p in CELL], CELL[-1].position([0.25]), ours)
lowest = {p.key: one_by_one(weak).query("parameter == @p.key")["rate [Hz]"].min() for p in CELL}
pd.Series(lowest, name="lowest rate (Hz)").round(1)

# %% [markdown]
# **5.** One whose total index is near zero: the refractory period, which hardly counts at these rates.
#
# References:
#
# * Morris (1991), *Factorial sampling plans for preliminary computational experiments*, Technometrics 33:161.
# * Campolongo, Cariboni and Saltelli (2007), *An effective screening design for sensitivity analysis of large
#   models*, Environmental Modelling & Software 22:1509.
# * Sobol (2001), *Global sensitivity indices for nonlinear mathematical models and their Monte Carlo
#   estimates*, Mathematics and Computers in Simulation 55:271.
# * Saltelli, Annoni, Azzini, Campolongo, Ratto and Tarantola (2010), *Variance based sensitivity analysis of
#   model output*, Computer Physics Communications 181:259.
# * Ishigami and Homma (1990), *An importance quantification technique in uncertainty analysis for computer
#   models*, ISUMA, 398.
