# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The neuron
#
# **Before.** Nothing but a little calculus; no biology, no Python beyond NumPy.
#
# **You learn** what a leaky integrate-and-fire neuron does with a spike and with a current; why a time
# step of 1 ms need not cost accuracy; what a reset rule keeps and loses.
#
# Everything in this project is made of one neuron, a leaky integrate-and-fire (LIF) neuron with exponential
# synaptic currents. Here we take it apart: what is written down, what is simulated, and whether the two
# agree when time is cut into steps of a whole millisecond.
#
# 1. The equations, as the simulator gets them.
# 2. One spike comes in.
# 3. A constant current: when does the neuron fire, and how fast?
# 4. Does the time step change the rate?
# 5. A curve with a corner, and how a network is trained on it.
# 6. Refractoriness: before, in, after.
# 7. Three ways to reset a membrane.
# 8. The same neuron without a leak.
#
# Run the cells from top to bottom; it takes about half a minute, the first time somewhat more: Brian2
# simulates all of it, short traces without a compiler, rates over many seconds by a small C++ program.
#
# To try things and keep them, work in a copy of your own, `cp 01-neuron.ipynb my-neuron.ipynb`: an update of
# the project replaces this notebook, but not yours.

# %%
# %matplotlib inline
# %config InlineBackend.figure_format = "retina"
import brian2
import numpy as np
import pandas as pd

from bioscnn import (
    IF,
    LIF,
    Currents,
    Dense,
    Device,
    ExponentialCurrent,
    Population,
    Projection,
    SpikeTrains,
    SpikingNetwork,
    format_quantity,
    plots,
    read_card,
    simulate,
)
from bioscnn.neurons import RESET_RULES, lif_first_spike, postsynaptic_potential, soft_lif_rate
from bioscnn.simulation import equations_of

DEVICE = Device("numpy")  # computes in double precision
lif, synapse = LIF(), ExponentialCurrent(tau_s=5e-3)

# %% [markdown]
# ## 1. The equations
#
# A neuron model in `bioscnn/neurons/` is text that Brian2 compiles, beside the numbers that belong to it.
# This is the text of the LIF neuron with its synaptic current, word for word:


# %%
def one_neuron(neuron, synapse=None, weight=1.0):
    """Return a network of an input and one neuron; without a synapse, the input is a current."""
    populations = (Population("input", (1,)), Population("neuron", (1,), neuron))
    return SpikingNetwork(
        populations, (Projection("input", "neuron", Dense((1,), (1,), np.array([[weight]])), synapse),)
    )


network = one_neuron(lif, synapse)
print(equations_of(network, network["neuron"]))
print()
print("a spike is fired if    ", lif.threshold)
print("then                   ", lif.reset_statement)
print("and V is held for      ", lif.refractory)
print("a spike that comes in: ", synapse.on_pre)

# %% [markdown]
# `V` is the deviation from the resting potential. The membrane forgets with the time constant `tau_m`, the
# synaptic current with `tau_s`; `I_stim` is a current that stays constant during a trial, such as that of a
# pixel. The numbers:

# %%
dimensions = {"tau_m": "time", "R_m": "resistance", "V_th": "voltage", "t_ref": "time", "tau_s": "time"}
meanings = {
    "tau_m": "membrane time constant",
    "R_m": "membrane resistance",
    "V_th": "threshold above rest",
    "t_ref": "refractory period",
    "tau_s": "synaptic time constant",
}
rows = {
    name: {"value": format_quantity(value, dimensions[name]), "meaning": meanings[name]}
    for name, value in {**lif.parameters, **synapse.parameters}.items()
}
rows["C_m"] = {"value": f"{1e12 * lif.tau_m / lif.R_m:g} pF", "meaning": "capacitance: tau_m / R_m"}
rows["rheobase"] = {"value": format_quantity(lif.rheobase, "current"), "meaning": "V_th / R_m, see below"}
pd.DataFrame(rows).T

# %% [markdown]
# ## 2. One spike comes in
#
# A spike lets the synaptic current jump by the weight `w`; it injects the charge `w tau_s`. What becomes of
# the potential? Below the threshold the equations are linear and can be solved on paper,
#
# $$V(t) = w R_m \frac{\tau_s}{\tau_m - \tau_s}\left(e^{-t/\tau_m} - e^{-t/\tau_s}\right).$$
#
# Three synapses, slow and quick, that bring the same charge of 1 pC. Dots: Brian2, in steps of 1 ms. Lines:
# the formula.

# %% mystnb={"image": {"alt": "Potential after one spike: a quick synapse of 2 ms peaks at 3.9 mV after 5 ms, one of 15 ms at 2.1 mV after 17 ms; simulated dots lie on the lines of the formula."}}
CHARGE, STEPS, DT = 1e-12, 60, 1e-3
fine = np.linspace(0, STEPS * DT, 601)
arrives = SpikeTrains.from_events([0], [0], [0], n_trials=1, size=1, n_steps=STEPS, dt=DT)

simulated, closed, worst = {}, {}, 0.0
for tau_s in (2e-3, 5e-3, 15e-3):
    name, w = f"tau_s = {1e3 * tau_s:g} ms", CHARGE / tau_s
    heard = simulate(
        one_neuron(lif, ExponentialCurrent(tau_s), w), arrives, device=DEVICE, potentials={"neuron"}
    )
    # The spike arrives at the end of its step, step 0: the potential of step k is that k dt later.
    simulated[name] = heard["neuron"].potentials[0, 1:, 0]
    closed[name] = postsynaptic_potential(fine, w, lif.R_m, lif.tau_m, tau_s)
    exact = postsynaptic_potential(DT * np.arange(1, STEPS), w, lif.R_m, lif.tau_m, tau_s)
    worst = max(worst, np.abs(simulated[name] - exact).max())
plots.postsynaptic_potentials(simulated, DT, fine, closed)

# %%
print(f"Largest difference between dots and lines: {worst:.1e} V.")

# %% [markdown]
# The step of 1 ms costs nothing here, since Brian2 solves these equations exactly from step to step; what
# is left is the rounding of stored potentials to single precision. The same charge makes a lower peak if it
# comes more slowly, because some of it has leaked away by then.
#
# So how strong is a synapse? With the 5 ms of all networks here, a weight of 1 nA gives a peak of

# %%
unit = postsynaptic_potential(fine, 1e-9, lif.R_m, lif.tau_m, synapse.tau_s).max()
print(f"{1e3 * unit:.1f} mV: {lif.V_th / unit:.2f} nA fire the neuron with a single spike.")

# %% [markdown]
# ## 3. A constant current
#
# The membrane is a capacitor that leaks: a resistor beside it (Lapicque 1907). A pulse of current charges
# it towards `R_m I`, and when the pulse ends it runs dry, both with the time constant $\tau_m = R_m C_m$.


# %% mystnb={"image": {"alt": "Circuit of a membrane, a resistor of 100 Mohm beside a capacitor of 200 pF; under a pulse of current the potential charges towards the threshold and decays afterwards."}}
def constant(neurons, currents, duration, dt, device=DEVICE):
    """Simulate each neuron under each current, A; keep the potentials where they are few."""
    n = len(currents)
    populations = [Population("input", (n,)), *(Population(key, (n,), m) for key, m in neurons.items())]
    wires = [Projection("input", key, Dense((n,), (n,), np.eye(n)), None) for key in neurons]
    stimulus = Currents(np.asarray(currents, np.float32)[None], round(duration / dt), dt)
    kept = set(neurons) if device is DEVICE else ()
    return simulate(
        SpikingNetwork(tuple(populations), tuple(wires)), stimulus, device=device, potentials=kept
    )


def traces(recording, name, labels):
    """Return potentials and spike times of the neurons of a population, by label."""
    of = recording[name]
    potentials = {label: of.potentials[0, :, k] for k, label in enumerate(labels)}
    step, neuron = of.spikes.step, of.spikes.neuron
    # A spike is fired at the end of its step.
    times = {label: (step[neuron == k] + 1) * recording.dt for k, label in enumerate(labels)}
    return potentials, times


DURATION, FINE = 0.1, 0.1e-3
pulse = np.repeat([0, 0.95, 0], [200, 400, 400]) * lif.rheobase
injected = brian2.TimedArray(pulse * brian2.amp, dt=FINE * brian2.second)
membrane = brian2.NeuronGroup(
    1,
    "dV/dt = (R_m*injected(t) - V)/tau_m : volt",
    method="exponential_euler",
    dt=FINE * brian2.second,
    namespace={"R_m": lif.R_m * brian2.ohm, "tau_m": lif.tau_m * brian2.second, "injected": injected},
)
trace = brian2.StateMonitor(membrane, "V", record=0, when="end")
brian2.Network(membrane, trace).run(DURATION * brian2.second)
plots.rc_circuit(pulse, np.asarray(trace.V[0]), FINE, R_m=lif.R_m, C_m=lif.tau_m / lif.R_m, V_th=lif.V_th)

# %% [markdown]
# Only if `R_m I` lies above the threshold will it ever fire. The weakest such current is the **rheobase**,
# `V_th/R_m` = 0.2 nA. Four neurons, just below it and above; grey is the refractory period of 2 ms, in which
# the potential is held.

# %% mystnb={"image": {"alt": "Potentials under four constant currents: silent at 0.95 rheobases, one spike at 1.05, six at 2 and eighteen at 6, each followed by a refractory period."}}
drives = np.array([0.95, 1.05, 2, 6])
labels = [f"{drive:g} rheobases, {drive * 1e9 * lif.rheobase:g} nA" for drive in drives]
heard = constant({"lif": lif}, drives * lif.rheobase, DURATION, FINE)
shown, fires_at = traces(heard, "lif", labels)
plots.membrane_traces(shown, fires_at, DURATION, lif.V_th, t_ref=dict.fromkeys(labels, lif.t_ref))

# %% [markdown]
# How long from the onset of the current to the first spike? The membrane reaches the threshold after
# $-\tau_m \ln(1 - 1/J)$, where $J$ is the current in rheobases. From then on it fires every $t_{ref} -
# \tau_m \ln(1 - 1/J)$.

# %%
rows = {}
for drive, label in zip(drives, labels, strict=True):
    times = 1e3 * fires_at[label]
    rows[label] = {
        "first spike (ms)": times[0] if len(times) else np.nan,
        "closed form (ms)": 1e3 * lif_first_spike(drive, lif.tau_m),
        "mean interval (ms)": np.diff(times).mean() if len(times) > 1 else np.nan,
        "its closed form (ms)": 1e3 / rate if (rate := lif.rate(drive * lif.rheobase)) else np.inf,
    }
pd.DataFrame(rows).T.round(2)

# %% [markdown]
# ## 4. Does the time step change the rate?
#
# This is Figure 1 of many a text: the firing rate against the current (Gerstner et al. 2014, section 1.3),
#
# $$f(I) = \frac{1}{t_{ref} - \tau_m \ln\left(1 - \frac{V_{th}}{R_m I}\right)}.$$
#
# A step of 1 ms is half of a refractory period, and a neuron that fires at 200 Hz does so every five steps.
# Does it still keep to the formula? We simulate 60 neurons for ten seconds, at three time steps. (Neurons
# with other reset rules and one without a leak run along in the same program; sections 7 and 8 look at
# them.)

# %% mystnb={"image": {"alt": "Firing rate against current: zero up to 0.2 nA, then rising steeply and levelling off; points of three time steps lie on the closed form."}}
SECONDS, COMPILED = 10, Device("cpp_standalone", "float64")
at = np.linspace(0.9, 12, 60) * lif.rheobase
line = np.linspace(0.5, 12.2, 800) * lif.rheobase
true = lif.rate(at)


def rates(dt, t_ref=lif.t_ref, currents=at):
    """Return the simulated rates, Hz, of LIF neurons with each reset rule and of IF neurons."""
    neurons = {rule: LIF(t_ref=t_ref, reset=rule) for rule in RESET_RULES} | {"IF": IF(t_ref=t_ref)}
    heard = constant(neurons, currents, SECONDS, dt, COMPILED)
    return {name: heard[name].counts_by_neuron / SECONDS for name in neurons}


by_step = {f"dt = {1e3 * dt:g} ms": rates(dt)["exact"] for dt in (1e-3, 0.5e-3, 0.1e-3)}
plots.rate_curves(line, {"closed form": lif.rate(line)}, at, by_step, rheobase=lif.rheobase)

# %% [markdown]
# The three lie on each other. In the figure below they are taken apart: the error of each. A plain Brian2
# model is added, the one that a textbook would write down: `V = 0*mV` as the reset, `refractory=2*ms`,
# steps of 1 ms.


# %% mystnb={"image": {"alt": "Error of the rate against current: zero for all three time steps here, up to 32 % for a plain Brian2 model."}}
def plain_brian2(currents, duration, dt, refractory=lif.t_ref * brian2.second):
    """Return the rates of LIF neurons as one would first write them in Brian2."""
    brian2.start_scope()
    neurons = brian2.NeuronGroup(
        len(currents),
        "dV/dt = (R_m*I - V)/tau_m : volt (unless refractory)\nI : amp",
        threshold="V > V_th",
        reset="V = 0*mV",
        refractory=refractory,
        method="exact",
        dt=dt * brian2.second,
        namespace={
            "R_m": lif.R_m * brian2.ohm,
            "tau_m": lif.tau_m * brian2.second,
            "V_th": lif.V_th * brian2.volt,
        },
    )
    neurons.I = currents * brian2.amp
    spikes = brian2.SpikeMonitor(neurons, record=False)
    brian2.Network(neurons, spikes).run(duration * brian2.second)
    return np.asarray(spikes.count) / duration


by_step["plain Brian2, dt = 1 ms"] = plain_brian2(at, 2, 1e-3)


def error(found):
    return np.where(true > 0, found / np.where(true > 0, true, 1) - 1, np.nan)


errors = {name: error(found) for name, found in by_step.items()}
plots.rate_errors(at, errors, rheobase=lif.rheobase)

# %%
for name, missed in errors.items():
    least, most = 100 * np.nanmin(missed), 100 * np.nanmax(missed)
    print(f"{name:25} misses by {least:+.1f} to {most:+.1f} %")

# %% [markdown]
# Two things are wrong with the plain model, and both are mended here (`docs/physics.md`). Brian2 holds a
# neuron for one step less than it is told, so ours is told `t_ref + dt`. And the charge that arrives
# between the true crossing of the threshold and the end of the step must not be lost; section 7 shows what
# that takes. The first error makes neurons fire too fast, the second too slowly, so that at some currents
# they even cancel.
#
# There is one thing that no rule can mend: in steps of `dt`, two spikes are at least `t_ref + dt` apart.

# %%
strong = np.full(len(at), 30 * lif.rheobase)
for dt in (1e-3, 0.1e-3):
    print(f"30 rheobases, dt = {1e3 * dt:g} ms: {rates(dt, currents=strong)['exact'][0]:.0f} Hz;", end=" ")
    print(f"closed form {lif.rate(strong[0]):.0f} Hz, ceiling {1 / (lif.t_ref + dt):.0f} Hz.")

# %% [markdown]
# ## 5. A curve with a corner
#
# The rate is zero up to the rheobase and then rises at once, with an infinite slope. A network cannot be
# trained on that: below the rheobase there is no slope to follow, and at it there is too much. The usual
# remedy is the **soft LIF** rate (Hunsberger and Eliasmith 2016), in which $J - 1$ is replaced by $\gamma
# \ln(1 + e^{(J-1)/\gamma})$. What does it change?

# %% mystnb={"image": {"alt": "Rate near the rheobase: the closed form has a corner at 0.2 nA, soft curves round it and are above zero below it."}}
near = np.linspace(0.6, 2, 400)
gamma = read_card("mnist-small")["settings"]["slope_width"]
curves = {"closed form": lif.rate(near * lif.rheobase)} | {
    f"soft, gamma = {width:g}": soft_lif_rate(near, lif.tau_m, lif.t_ref, width) for width in (0.02, gamma)
}
close = (at > near[0] * lif.rheobase) & (at < near[-1] * lif.rheobase)
plots.rate_curves(
    near * lif.rheobase,
    curves,
    at[close],
    {"dt = 1 ms": by_step["dt = 1 ms"][close]},
    rheobase=lif.rheobase,
)

# %%
below = soft_lif_rate(0.9, lif.tau_m, lif.t_ref, gamma)
print(f"At 0.9 rheobases a neuron is silent; the soft rate with gamma = {gamma:g} says {below:.1f} Hz.")

# %% [markdown]
# A wide gamma gives a slope to neurons that are silent, but also rates that no simulation shows. So the
# networks here are trained with both: the value is that of the closed form, and only the slope is the soft
# one's, with the gamma of the widest curve. Then what is trained is what is simulated.
#
# ## 6. Refractoriness
#
# The second figure of many a text: what becomes of a spike that arrives while the neuron is refractory?
# Seven spikes come in, at 5, 6, 7, 11, 30, 31 and 33 ms, each of 0.6 nA. The current that they make is the
# same for three neurons, which differ in their refractory period only: the spike at 11 ms meets two of them
# while they are held.

# %% mystnb={"image": {"alt": "One input current and the potentials of three neurons: four spikes without a refractory period, two with 2 ms and two with 10 ms."}}
WEIGHT, SPAN = 0.6e-9, 0.08
moments = np.array([5, 6, 7, 11, 30, 31, 33]) * 1e-3
n_steps = round(SPAN / FINE)
# A spike acts at the end of its step.
step = np.rint(moments / FINE).astype(int) - 1
incoming = SpikeTrains.from_events(
    np.zeros_like(step), step, np.zeros_like(step), n_trials=1, size=1, n_steps=n_steps, dt=FINE
)
periods = {"t_ref = 0": 0.0, "t_ref = 2 ms": 2e-3, "t_ref = 10 ms": 10e-3}
traced, fired_at = {}, {}
for name, t_ref in periods.items():
    heard = simulate(
        one_neuron(LIF(t_ref=t_ref), synapse, WEIGHT), incoming, device=DEVICE, potentials={"neuron"}
    )
    traced[name] = heard["neuron"].potentials[0, :, 0]
    fired_at[name] = (heard["neuron"].spikes.step + 1) * FINE

since = (np.arange(n_steps) + 1)[:, None] * FINE - moments
jumps = np.where(since > -FINE / 2, np.exp(-np.maximum(since, 0) / synapse.tau_s), 0)
current = WEIGHT * jumps.sum(axis=1)
plots.membrane_traces(traced, fired_at, SPAN, lif.V_th, t_ref=periods, current=current)

# %%
held = []
for name, t_ref in periods.items():
    for time in fired_at[name]:
        first, last = round(time / FINE), round((time + t_ref) / FINE)
        window = traced[name][first - 1 : last]
        moved = 1e3 * (traced[name][last] - traced[name][last - 1]) if last < n_steps else np.nan
        held.append(
            {
                "neuron": name,
                "spike (ms)": 1e3 * time,
                "V moves in the window (mV)": 1e3 * np.ptp(window),
                "in the next step (mV)": moved,
                "current at its end (nA)": 1e9 * current[last - 1],
            }
        )
pd.DataFrame(held).set_index("neuron").round(3)

# %% [markdown]
# In the window the potential does not move at all: Brian2 does not integrate it. But the synapse goes on.
# Its current is not part of the membrane, so what is left of it when the window closes drives the neuron
# again from the very next step. A spike that comes in during the refractory period is therefore not lost as
# a whole, only the charge that flows until the period ends. With 10 ms, two time constants of the synapse,
# that is most of it.
#
# In rates, the refractory period is a ceiling of `1/t_ref`, and it bends the curve long before:

# %% mystnb={"image": {"alt": "Firing rate against current for refractory periods of 0, 2 and 5 ms: the longer the period, the lower the curve."}}
kinds = {f"t_ref = {1e3 * t_ref:g} ms": t_ref for t_ref in (0.0, 2e-3, 5e-3)}
plots.rate_curves(
    line,
    {name: LIF(t_ref=t_ref).rate(line) for name, t_ref in kinds.items()},
    at,
    {name: rates(1e-3, t_ref)["exact"] for name, t_ref in kinds.items()},
    rheobase=lif.rheobase,
)

# %% [markdown]
# ## 7. Three ways to reset a membrane
#
# In steps of 1 ms a neuron is found *above* the threshold, never at it. What should happen to the rest?
#
# | rule | what it does | what it loses |
# |---|---|---|
# | `zero` | `V = 0` | all charge since the crossing |
# | `subtract` | `V = V - V_th` | what would not have leaked, had the membrane been reset in time |
# | `exact` | adds that, as if it had been reset at the crossing | nothing, under a constant current |
#
# With `zero` every interval is a whole number of steps. With `subtract` the membrane is late by $dt/(2J)$
# an interval, on average. Both can be computed (lines); do the simulated neurons (markers) do that?

# %% mystnb={"image": {"alt": "Error of the rate of three reset rules: exact stays at zero, subtract below -3 %, zero falls to -20 %."}}
found = rates(1e-3)
errors = {rule: error(found[rule]) for rule in RESET_RULES}

firing = true > 0
J = at[firing] / lif.rheobase
interval = {
    "exact": 1 / true[firing],
    "subtract": 1 / true[firing] + 1e-3 / (2 * J),
    "zero": (np.floor(lif_first_spike(J, lif.tau_m) / 1e-3) + 1) * 1e-3 + lif.t_ref,
}
expected = {rule: np.full(len(at), np.nan) for rule in RESET_RULES}
for rule in RESET_RULES:
    expected[rule][firing] = 1 / interval[rule] / true[firing] - 1
plots.rate_errors(at, errors, expected=expected, rheobase=lif.rheobase)

# %%
for rule, missed in errors.items():
    print(
        f"{rule:9} {100 * np.nanmean(missed):+5.1f} % on average, at worst {100 * np.nanmin(missed):+5.1f} %"
    )

# %% [markdown]
# The teeth of `zero` are whole steps: a neuron that should fire every 6.1 ms fires every 7 ms. They grow
# with the rate, so in a network they do not cancel: strong activations are held down, weak ones are not.
#
# `exact` supposes that the current is constant over the step. Under synaptic currents it is not quite, and
# the rule is bounded then; in a network it is still the best of the three.
#
# Here are the rules in one interval. Which membrane remembers what came before?

# %% mystnb={"image": {"alt": "Potentials of three reset rules under the same current: all fire five times, zero later each time."}}
drive, resets = 6 * lif.rheobase, {rule: LIF(reset=rule) for rule in RESET_RULES}
heard = constant(resets, [drive], 0.03, 1e-3)
shown = {rule: heard[rule].potentials[0, :, 0] for rule in RESET_RULES}
fired = {rule: (heard[rule].spikes.step + 1) * 1e-3 for rule in RESET_RULES}
plots.membrane_traces(shown, fired, 0.03, lif.V_th, t_ref=dict.fromkeys(RESET_RULES, lif.t_ref))

# %% [markdown]
# After a spike, `zero` starts from rest. The other two start from what is left, and it differs from spike
# to spike, so that their *mean* interval can lie between whole steps.
#
# ## 8. The same neuron without a leak
#
# Take the resistance away (let it be infinite) and keep the capacitance of 200 pF: the integrate-and-fire
# (IF) neuron. Most conversions of networks use it: without a refractory period its rate is a straight line,
# the rectifier of a ReLU network. (Ours keeps the 2 ms, which bend it.) What does the leak do?

# %% mystnb={"image": {"alt": "Firing rate of a LIF and of an IF neuron: the IF neuron fires at any current, the LIF from 0.2 nA on; far above they run in parallel."}}
leakless = IF(t_ref=lif.t_ref)
line = np.linspace(0, 12.2, 800) * lif.rheobase
plots.rate_curves(
    line,
    {"LIF": lif.rate(line), "IF": leakless.rate(line)},
    at,
    {"LIF": found["exact"], "IF": found["IF"]},
    rheobase=lif.rheobase,
)

# %% [markdown]
# The IF neuron fires at any current, however weak, if it is given time. The leak sets a floor: weak input
# is forgotten. Far above the rheobase the two differ by little more than a constant current, half of the
# rheobase:

# %%
for drive in (1, 2, 12):
    of_lif, of_if = (float(neuron.rate(drive * lif.rheobase)) for neuron in (lif, leakless))
    shifted = float(leakless.rate((drive - 0.5) * lif.rheobase))
    print(f"{drive:2} rheobases: LIF {of_lif:5.1f} Hz, IF {of_if:5.1f} Hz;", end=" ")
    print(f"IF with half a rheobase less {shifted:5.1f} Hz")

# %% [markdown]
# And memory: two spikes of 0.7 nA come in, 60 ms apart. Each alone does not fire either neuron. Together?

# %% mystnb={"image": {"alt": "Two spikes 60 ms apart: the LIF neuron forgets the first and stays silent, the IF neuron adds them and fires."}}
pair = np.array([10, 70]) * 1e-3
step = np.rint(pair / FINE).astype(int) - 1
span, weight = 0.12, 0.7e-9
incoming = SpikeTrains.from_events(
    [0, 0], step, [0, 0], n_trials=1, size=1, n_steps=round(span / FINE), dt=FINE
)
shown, fired = {}, {}
for name, neuron in {"LIF": lif, "IF": leakless}.items():
    heard = simulate(one_neuron(neuron, synapse, weight), incoming, device=DEVICE, potentials={"neuron"})
    shown[name] = heard["neuron"].potentials[0, :, 0]
    fired[name] = (heard["neuron"].spikes.step + 1) * FINE
plots.membrane_traces(shown, fired, span, lif.V_th)

# %% [markdown]
# The IF neuron counts: whenever enough charge has come, it fires. The LIF neuron detects coincidence:
# spikes count together only if they come within some membrane time constants. In recordings of an event
# camera, where the time of spikes means something, that is the difference that matters (notebook 4).
#
# ## Exercises
#
# 1. Section 2: `tau_s = 19e-3`, close to `tau_m`. The formula divides by their difference; what does the
#    curve do? (Within 1 % of each other, such a synapse is refused.)
# 2. Section 4: `rates(2e-3)`, steps of a whole refractory period, and `rates(1e-3, t_ref=1e-3)`. At which
#    current does the ceiling of `1/(t_ref + dt)` cut in?
# 3. Section 6: move the spike at 11 ms through the window of 10 ms. Is it ever lost as a
#    whole?
# 4. Section 7: take `plain_brian2` with `refractory=3*brian2.ms`, which mends the first error only. Which of the
#    three rules does it resemble?
# 5. Section 8: give the LIF neuron a `tau_m` of 200 ms and `R_m` of 1 Gohm. How near is it to `leakless`
#    now? (Not to a plain `IF()`, which has no refractory period.)

# %% [markdown]
# ## Answers
#
# **1.** As the two time constants approach each other, the difference of two exponentials becomes the alpha
# function, $w R_m (t/\tau_m) e^{-t/\tau_m}$. At 19 ms their peaks differ by 3 %:

# %%
w = CHARGE / 19e-3
almost = postsynaptic_potential(fine, w, lif.R_m, lif.tau_m, 19e-3)
alpha = w * lif.R_m * fine / lif.tau_m * np.exp(-fine / lif.tau_m)
print(f"peak {1e6 * almost.max():.1f} uV, of the alpha function {1e6 * alpha.max():.1f} uV")

# %% [markdown]
# **2.** Two spikes are at least `t_ref + dt` apart, and the closed form has them
# $t_{ref} - \tau_m \ln(1 - 1/J)$ apart. Both are equal where the membrane takes one step to the threshold:
#
# $$J = \frac{1}{1 - e^{-dt/\tau_m}}.$$
#
# The refractory period cancels: only the step counts. Below this current the rate is the closed form's, above it
# the rate stays where it is.

# %%
ceilings = []
for t_ref, dt in ((2e-3, 2e-3), (2e-3, 1e-3), (1e-3, 1e-3)):
    cuts_in = 1 / (1 - np.exp(-dt / lif.tau_m))
    around = cuts_in * np.array([0.8, 0.95, 1.05, 1.5])
    simulated_rates = rates(dt, t_ref, around * lif.rheobase)["exact"]
    ceilings += [
        {
            "t_ref (ms)": 1e3 * t_ref,
            "dt (ms)": 1e3 * dt,
            "ceiling cuts in at (rheobases)": cuts_in,
            "current (rheobases)": J_around,
            "simulated (Hz)": rate,
            "closed form (Hz)": LIF(t_ref=t_ref).rate(J_around * lif.rheobase),
            "ceiling (Hz)": 1 / (t_ref + dt),
        }
        for J_around, rate in zip(around, simulated_rates, strict=True)
    ]
pd.DataFrame(ceilings).set_index(["t_ref (ms)", "dt (ms)"]).astype(float).round(1)

# %% [markdown]
# **3.** No. Its current flows on while the potential is held, and what is left of it when the window closes
# charges the membrane. It would be lost only if all of it had decayed by then, after some five `tau_s`, 25 ms;
# the window lasts for 10 ms. The earlier it comes in the window, the less it counts: the next spike is fired at
# 34.1 ms if it comes at 11 ms, and at 32.8 ms if it comes at 19 ms.
#
# **4.** `zero`: the charge since the crossing is lost, and every interval is a whole number of steps.

# %%
answer = plain_brian2(at, 2, 1e-3, refractory=3 * brian2.ms)
for rule in RESET_RULES:
    apart = np.abs(answer - found[rule])[firing].max()
    print(f"{rule:9} at most {apart:4.1f} Hz from the plain model")

# %% [markdown]
# **5.** `LIF(tau_m=0.2, R_m=1e9)` has the same capacitance, and a rheobase of 0.02 nA in place of 0.2 nA. The
# slower the leak, the nearer:

# %%
slow = LIF(tau_m=0.2, R_m=1e9)
for drive in (0.2e-9, 2.4e-9):
    of_slow, of_leakless = float(slow.rate(drive)), float(leakless.rate(drive))
    print(f"{1e9 * drive:g} nA: LIF {of_slow:.1f} Hz, leakless {of_leakless:.1f} Hz")
