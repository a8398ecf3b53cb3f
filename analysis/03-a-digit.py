# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # What happens to a digit on its way through the network?
#
# **Before.** Notebooks 1 and 2: the neuron, and how a network is made of it.
#
# **You learn** how a digit travels through the layers as spikes; when and where the decision falls; what
# goes wrong in the digits that are lost.
#
# An accuracy says how often a network is right, and nothing of what goes on in it. Here we follow single
# digits: from pixels to the currents that they drive into the first neurons, from layer to layer as spikes,
# to the potentials from which the class is read, and to the moment in which the decision falls.
#
# 1. From pixels to currents.
# 2. Spikes, layer by layer: when, and where.
# 3. Single neurons: their potential, and the current that drives it.
# 4. The decision: an easy digit, and two that the network gets wrong.
# 5. What if we had stopped after half the time?
# 6. A digit that comes as events of a camera.
# 7. A photograph through the cells of a retina, if there are photographs on this machine.
#
# Run the cells from top to bottom; it takes about half a minute.

# %%
# %matplotlib inline
# %config InlineBackend.figure_format = "retina"
from dataclasses import dataclass

import numpy as np
import pandas as pd
from IPython.display import display
from scipy.signal import lfilter

from bioscnn import Prepared, Recording, decisions, list_datasets, metrics, plots, prepare, simulate
from bioscnn.encoding import responses
from bioscnn.network import OUTPUT, READOUT
from bioscnn.readout import READOUTS
from bioscnn.simulation import input_current
from bioscnn.statistics import proportion

# %% [markdown]
# A study file in `sims/` names the data, the network and every constant of its neurons. We take 1,000 of
# the digits that come with bioscnn and simulate them all. Every spike is kept, and the potentials of the
# readout: neurons without threshold, one a class, from which the class is read.


# %%
@dataclass
class Seen:
    """A study, and what its network did."""

    prepared: Prepared
    recording: Recording
    decided: np.ndarray  # class after each step, shape (n_trials, n_steps)
    lead: np.ndarray  # of the true class over the best other one in the end, V
    latency: np.ndarray  # from when on the decision stays what it is in the end, s

    @property
    def labels(self):
        return self.prepared.examples.labels

    @property
    def right(self):
        return self.decided[:, -1] == self.labels

    @property
    def potentials(self):
        return self.recording[READOUT].potentials

    @property
    def layers(self):
        return {p.name: self.recording[p.name].spikes for p in self.prepared.network.neurons if p.spikes}


def see(name, trials, changes=None):
    """Simulate a study of `sims/` with the data of this machine."""
    prepared = prepare(f"../sims/{name}.toml", {"dataset.trials": trials} | (changes or {}))
    network, rule = prepared.network, prepared.study.config.readout.rule
    recording = simulate(network, prepared.stimulus, device=prepared.device, potentials={READOUT})
    evidence, potentials = READOUTS[rule](recording), recording[READOUT].potentials
    informed = metrics.first_informed_step(potentials, recording.dt, network[READOUT].neuron.tau_m)
    decided = decisions(recording, rule)
    last, is_true = evidence[:, -1], np.eye(evidence.shape[-1], dtype=bool)[prepared.examples.labels]
    lead = last[is_true] - np.where(is_true, -np.inf, last).max(axis=1)
    return Seen(prepared, recording, decided, lead, metrics.decision_latency(decided, recording.dt, informed))


digits = see("mnist", 1000)
network, dt, n_steps = digits.prepared.network, digits.recording.dt, digits.recording.n_steps
images, labels, classes = digits.prepared.examples.images, digits.labels, digits.prepared.examples.classes
print(f"{len(labels):,} digits, each shown for {1e3 * n_steps * dt:g} ms.")
print(f"The spiking network names {100 * digits.right.mean():.1f} % of them rightly,", end=" ")
print(f"the trained one that it was made from {100 * np.mean(digits.prepared.ann_class == labels):.1f} %.")

# %% [markdown]
# We follow three of them. The **easy** one is that whose class leads by most in the end. Of those that the
# spiking network gets wrong, the **lost** one is the first that the trained network gets right, so that
# something went missing on the way from numbers to spikes; the **hard** one is the first that both get
# wrong.


# %%
def follow(seen):
    """Return an easy trial, and a lost and a hard one if there are such."""
    ann_right = seen.prepared.ann_class == seen.labels
    chosen = {"easy": int(seen.lead.argmax())}
    for name, these in (("lost", ~seen.right & ann_right), ("hard", ~seen.right & ~ann_right)):
        if these.any():
            chosen[name] = int(these.argmax())
    return chosen


def table(seen, chosen):
    rows = {
        name: {
            "digit": seen.prepared.examples.classes[seen.labels[trial]],
            "trained network": seen.prepared.examples.classes[seen.prepared.ann_class[trial]],
            "spiking network": seen.prepared.examples.classes[seen.decided[trial, -1]],
            "lead of the truth (mV)": round(1e3 * seen.lead[trial], 2),
            "decided after (ms)": round(1e3 * seen.latency[trial]),
        }
        for name, trial in chosen.items()
    }
    return pd.DataFrame(rows).T


chosen = follow(digits)
EASY = chosen["easy"]
table(digits, chosen)

# %% [markdown]
# ## 1. From pixels to currents
#
# A network in time needs an input in time. A photograph has none, so it is shown again in every step:

# %% mystnb={"image": {"alt": "The same image of a 3 in every step, and the currents of a bright, a middling and a dim pixel, which stay constant for 30 ms."}}
injected = digits.prepared.stimulus[EASY : EASY + 1].values[0]
plots.image_over_steps(images[EASY], injected, n_steps, dt)

# %% [markdown]
# Each pixel injects a constant current in proportion to its brightness, 1 nA if it is white. The first layer
# weighs and adds the currents of 3 by 3 pixels, in eight different ways: its eight channels. What arrives at
# a neuron of it is a constant current again. One that stays below the *rheobase* never makes it fire; above
# it, the stronger the current, the sooner and the faster it fires. Which neurons of the first layer does the
# easy digit reach?

# %% mystnb={"image": {"alt": "The digit 3 and the current into each of eight channels: red where it is above the rheobase, mostly along edges of the stroke; blue where it is negative."}}
conv1 = network["conv1"]
LIF = conv1.neuron
into_conv1 = input_current(network, conv1, digits.prepared.stimulus[EASY : EASY + 1].values)[0]
plots.current_maps(images[EASY], into_conv1.reshape(conv1.shape), LIF.rheobase)

# %%
fired = digits.layers["conv1"][EASY : EASY + 1].counts()[0] > 0
reached = into_conv1 > LIF.rheobase
print(f"{reached.sum():,} of {reached.size:,} neurons get more than {1e9 * LIF.rheobase:g} nA.")
print(
    f"{fired.sum():,} neurons fire within {1e3 * n_steps * dt:g} ms; {(fired & ~reached).sum()} of these",
    end=" ",
)
print("get less than that.")

# %% [markdown]
# Channels see edges of one direction or the inside of strokes; most are driven *down* by what the others
# like. Some of the neurons above the rheobase stay silent all the same: theirs is so weak a current that
# the threshold is still ahead when the trial ends.
#
# ## 2. Spikes, layer by layer
#
# Every dot is a spike of the easy digit; blue, in the last panel, are those of the output neuron of its
# class.

# %% mystnb={"image": {"alt": "Spikes of the easy digit layer by layer: the first layer begins at 4 ms, the second at 8, the third at 12, the output at 18 ms, all from the neuron of class 3."}}
plots.raster(digits.layers, EASY, image=images[EASY], classes=classes, label=int(labels[EASY]))

# %% [markdown]
# A wave runs through the network. The first layer starts within some milliseconds, and each further one has
# to wait until enough spikes have charged it. (The columns are the time steps, 1 ms each; in the last step
# of a trial no neuron may fire, so that trials cannot disturb each other.)
#
# When does the wave arrive? For each layer, the time of the first spike of any neuron, and the share of
# neurons that ever fire:

# %%
waves = {}
for name, trains in digits.layers.items():
    first = np.where(trains.first_step() < n_steps, trains.first_step() + 1.0, np.nan)
    with_spikes = np.isfinite(first).any(axis=1)
    waves[name] = {
        "first spike, easy digit (ms)": 1e3 * dt * np.nanmin(first[EASY]),
        "first spike, median of all digits (ms)": 1e3 * dt * np.median(np.nanmin(first[with_spikes], axis=1)),
        "neurons that fire (%)": 100 * np.isfinite(first).mean(),
        "spikes of a digit": trains.n_spikes / trains.n_trials,
    }
pd.DataFrame(waves).T.round(1)

# %% [markdown]
# The raster shows when. *Where* do the spikes fall? In a convolutional layer neurons have a place: of each
# layer we take the two channels that fire most, and lay their spikes out as images, for 5 ms at a time.

# %% mystnb={"image": {"alt": "Where neurons of two channels of each layer fire, in six windows of 5 ms: first the outline of the 3, then coarser parts of it."}}
hidden = {name: trains for name, trains in digits.layers.items() if name != OUTPUT}
plots.spike_maps(hidden, {name: network[name].shape for name in hidden}, EASY, 5e-3)

# %% [markdown]
# In the first layer the strokes are still there to be seen; the most strongly driven parts come first, the
# others follow. The second layer is coarser, and the third has but 5 by 5 places, at which it tells which
# of 32 features are there.
#
# ## 3. Single neurons
#
# What makes one of these neurons fire? A spike adds the weight of its synapse to the synaptic current of the
# neuron behind, which decays with a time constant of 5 ms; the potential follows the current with one of
# 20 ms. The devices record potentials but no synaptic currents, so we compute these from the spikes that
# were recorded, as the equation says.

# %% mystnb={"image": {"alt": "Potential and current of six neurons: constant current and regular spikes in the first layer, fluctuating currents deeper down, one neuron inhibited to -200 mV."}}
trials = np.array(list(chosen.values()))
shown = digits.prepared.stimulus.take(trials)
everything = {population.name for population in network.neurons}
followed = simulate(network, shown, device=digits.prepared.device, potentials=everything)


def current_into(name):
    """Return the current into a population's neurons after each step, shape (n_trials, n_steps, size)."""
    constant = input_current(network, network[name], shown.values)
    total = np.repeat(constant[:, None], n_steps, axis=1)
    for projection in network.onto(name):
        if projection.synapse is not None:
            before = followed[projection.pre].spikes
            arrived = np.zeros((before.n_trials, n_steps, before.size))
            arrived[before.trial(), before.step, before.neuron] = 1
            jumps = (projection.connectivity.matrix() @ arrived.reshape(-1, before.size).T).T
            decay = np.exp(-dt / projection.synapse.tau_s)
            total += lfilter([1], [1, -decay], jumps.reshape(total.shape), axis=1)
    return total


into = {name: current_into(name) for name in everything}


def trace(name, neuron, trial=0):
    """Return what one neuron did in one of the trials that are followed."""
    of_trial = followed[name].spikes[trial : trial + 1]
    spikes = of_trial.step[of_trial.neuron == neuron]
    return plots.NeuronTrace(
        followed[name].potentials[trial, :, neuron], into[name][trial, :, neuron], spikes
    )


counts = {name: followed[name].spikes[:1].counts()[0] for name in digits.layers}
weakest = int(np.argmin(np.where(fired, into_conv1, np.inf)))
lowest = int(followed["conv2"].potentials[0].min(axis=0).argmin())
neurons = {
    "conv1, the strongest drive": trace("conv1", int(into_conv1.argmax())),
    "conv1, the weakest that still fires": trace("conv1", weakest),
    "conv2, the busiest": trace("conv2", int(counts["conv2"].argmax())),
    "conv2, the most inhibited": trace("conv2", lowest),
    "conv3, the busiest": trace("conv3", int(counts["conv3"].argmax())),
    f"output, class {classes[labels[EASY]]}": trace(OUTPUT, int(labels[EASY])),
}
plots.neuron_traces(neurons, LIF.V_th, LIF.rheobase, dt)

# %% [markdown]
# The two neurons of the first layer see constant currents, and climb to the threshold fast or slowly. After
# a spike the potential starts again from near zero (it keeps what came in after the threshold was crossed),
# and stands still for the refractory period of 2 ms. The others see currents that jump with every spike that
# comes in.
#
# Weights have signs, so there are neurons that the digit pushes down. How far, no real neuron would follow:
# there, inhibition ends at the reversal potential of its ion channels, some ten millivolts below rest. Here
# a synapse injects its current whatever the potential is, as in the artificial network a sum may be as
# negative as it likes.
#
# Is this really what the simulation computed? The readout has no threshold, so its potential is nothing but
# the current into it, filtered by the membrane. We filter it by hand:

# %%
readout = network[READOUT].neuron
tau_s = network.synapse_onto(READOUT).tau_s
constant = input_current(network, network[READOUT], shown.values)[:, None]
synaptic = into[READOUT] - constant
decay_m, decay_s = np.exp(-dt / readout.tau_m), np.exp(-dt / tau_s)
# Exact for exponential currents: what flows during a step is what there was at the end of the step before.
charge = readout.R_m * tau_s / (readout.tau_m - tau_s) * (decay_m - decay_s)
before = np.concatenate([np.zeros_like(synaptic[:, :1]), synaptic[:, :-1]], axis=1)
gains = charge * before + readout.R_m * (1 - decay_m) * constant
by_hand = lfilter([1], [1, -decay_m], gains, axis=1)
difference = np.abs(by_hand - followed[READOUT].potentials).max()
print(f"Potentials of the readout reach {1e3 * np.abs(by_hand).max():.1f} mV;", end=" ")
print(f"by hand and as simulated, they differ by at most {1e9 * difference:.2g} nV.")

# %% [markdown]
# ## 4. The decision
#
# Each class has a readout neuron, and the class whose potential has been the highest so far is what the
# network answers. Blue is the true class, orange the one that is taken for it, and the dashed line the
# moment from which on the answer stays what it is in the end.


# %% mystnb={"image": {"alt": "Potentials of the readout for three digits: the easy 3 leads clearly from 17 ms on; the lost 5 is narrowly behind 1, the hard 9 behind 8."}}
def potentials(seen, trials, **options):
    return plots.output_potentials(
        seen.potentials[trials],
        dt,
        seen.labels[trials],
        seen.decided[trials, -1],
        seen.prepared.examples.classes,
        images=seen.prepared.input.pictures(trials),
        decided=seen.latency[trials],
        **options,
    )


potentials(digits, trials)

# %% [markdown]
# For the first half of the trial nothing depends on the digit: the potentials follow the biases of their
# neurons alone. Then the spikes of the last layer arrive, and within a few milliseconds one class is ahead.
# In the easy digit it runs away from the others. In the two others the true class and the wrong one stay
# close together.
#
# Here are the spikes of the lost digit, to be laid beside those of the easy one above.

# %% mystnb={"image": {"alt": "Spikes of the lost digit, a 5 that looks like a 1: all layers fire less, and the output only twice."}}
LOST = chosen.get("lost", EASY)
plots.raster(digits.layers, LOST, image=images[LOST], classes=classes, label=int(labels[LOST]))

# %% [markdown]
# Nothing in them looks wrong. How much would have had to be different? The truth is behind by a fraction of
# a millivolt, and each spike of the third layer adds to both potentials, to one more than to the other:

# %%
truth, taken = labels[LOST], digits.decided[LOST, -1]
weights = network.onto(READOUT)[0].connectivity.matrix().toarray()
time = dt * np.arange(n_steps)
response = (
    readout.R_m * tau_s / (readout.tau_m - tau_s) * (np.exp(-time / readout.tau_m) - np.exp(-time / tau_s))
)
shift = 1e3 * response.max() * np.abs(weights[truth] - weights[taken])
print(
    f"The truth is behind by {-1e3 * digits.lead[LOST]:.2f} mV. A spike of the third layer shifts the balance"
)
print(f"by {np.median(shift):.2f} mV (median of its neurons), at most by {shift.max():.2f} mV.")

# %% [markdown]
# So a handful of spikes decides. That is a matter of precision: what was a number in the trained network is
# a whole number of spikes here, and the first layers use up half of the time before any of them can be
# counted. Would more time have helped?

# %%
longer = {1e3 * n_steps * dt: digits}
for duration in (60, 120):
    longer[float(duration)] = see("mnist", 1000, {"simulation.duration": f"{duration} ms"})
wrong = np.flatnonzero(~digits.right)
of_these = {
    f"{duration:g} ms": {
        "accuracy (%)": 100 * seen.right.mean(),
        "of the digits wrong after 30 ms, right now": seen.right[wrong].sum(),
        "of the digits right after 30 ms, wrong now": (~seen.right[digits.right]).sum(),
        "spikes of a digit": sum(trains.n_spikes for trains in seen.layers.values()) / len(labels),
    }
    for duration, seen in longer.items()
}
print(f"{len(wrong)} digits are wrong after 30 ms;", end=" ")
print(f"the trained network has {np.sum(digits.prepared.ann_class != labels)} wrong.")
pd.DataFrame(of_these).T.round(1)

# %% [markdown]
# Twice the time sets much of it right, for more than twice the spikes; still more time adds little. What
# then remains wrong is wrong in the trained network too, or nearly so.
#
# ## 5. Half the time
#
# And less time? The answer of the network is defined after every step, so we need no other simulation to
# see it. First, when the decisions fall:

# %% mystnb={"image": {"alt": "Histogram of decision times: most decisions fall between 15 and 20 ms, the median is 18 ms; the few wrong ones are spread over the same range."}}
plots.latency_histogram(digits.latency, digits.right, dt, width=plots.style.WIDE)

# %% mystnb={"image": {"alt": "Accuracy against time for five readouts: at chance until 14 ms, then up to 98.9 % by the peak potential; the mean potential is slowest."}}
curves = {
    rule: [proportion(step == labels) for step in decisions(digits.recording, rule).T] for rule in READOUTS
}
ann = proportion(digits.prepared.ann_class == labels)
chosen_rule = digits.prepared.study.config.readout.rule
plots.accuracy_over_time(curves, dt, reference=ann, chosen=chosen_rule)

# %%
half = n_steps // 2
shorter = see("mnist", 1000, {"simulation.duration": f"{1e3 * half * dt:g} ms"})
same = np.mean(shorter.decided[:, -1] == digits.decided[:, half - 1])
answers, times = np.unique(digits.decided[:, half - 1], return_counts=True)
favourite = classes[answers[times.argmax()]]
for steps in (half, 2 * n_steps // 3, n_steps):
    share = proportion(digits.decided[:, steps - 1] == labels)
    print(f"After {1e3 * steps * dt:g} ms: {100 * share.value:.1f} % right", end=" ")
    print(f"[{100 * share.low:.1f}, {100 * share.high:.1f}].")
print(
    f"After {1e3 * half * dt:g} ms the most frequent answer is {favourite}, given to {times.max():,} digits."
)
print(f"A simulation that really stops there gives the same answer to {100 * same:g} % of the digits.")

# %% [markdown]
# Half the time is no use at all, and two thirds are nearly enough. The histogram says why: no decision that
# rests on spikes falls in the first third, since the wave has not arrived. Before it does, the network
# answers what its biases favour, whatever it is shown. So time is not spent evenly: the first half carries
# the digit to the last layer, and the decision takes a few milliseconds.
#
# ## 6. A digit as events
#
# An image that stands still is a strange thing to show to neurons that live in time. An event camera sends
# something else: a spike whenever a pixel becomes brighter or darker, here while it makes three small
# saccades over a digit. Real recordings of N-MNIST are taken where they are on this machine; otherwise a
# simulated camera looks at the digits.

# %%
events = see("nmnist", 100)
ENDS = events.prepared.input.facts()["saccade_ends_ms"]
print(f"{len(events.labels)} recordings, {events.prepared.examples.source};")
print(f"{100 * events.right.mean():.0f} % are named rightly,", end=" ")
print(f"decided after {1e3 * np.median(events.latency):.0f} ms (median).")
seen_by_camera = follow(events)
table(events, seen_by_camera)

# %% mystnb={"image": {"alt": "Events of a recorded 0, both polarities, over space and time: three bursts, one per saccade."}}
CAMERA = seen_by_camera["easy"]
plots.input_spikes(events.prepared.stimulus, CAMERA, events.prepared.input.shape, ends=ENDS)

# %% mystnb={"image": {"alt": "Spikes of the recording layer by layer: three waves, one per saccade; the output neuron of class 0 fires throughout."}}
plots.raster(
    {"input": events.prepared.stimulus, **events.layers},
    CAMERA,
    image=events.prepared.input.pictures(np.array([CAMERA]))[0],
    classes=classes,
    label=int(events.labels[CAMERA]),
    ends=ENDS,
)

# %% [markdown]
# The three saccades are three bursts. On their way they blur, as each layer charges and leaks with time
# constants of its own: in the third layer the pauses have nearly gone, and the output neuron of the right
# class hardly stops. Each saccade shows other edges, none of them everything; therefore this network decides
# by the *mean* potential of the whole trial so far. The potentials themselves rise and fall:

# %% mystnb={"image": {"alt": "Potentials over 300 ms for two recordings: the 0 leads clearly; the 5 is overtaken by 1."}}
potentials(events, np.array(list(seen_by_camera.values())), ends=ENDS)

# %%
events_before = [
    np.mean(events.prepared.stimulus[k : k + 1].step * dt < latency)
    for k, latency in enumerate(events.latency)
]
early, middle, late = 1e3 * np.percentile(events.latency, (5, 50, 95))
print(f"Half of the decisions fall before {middle:.0f} ms, and 90 % between {early:.0f} and {late:.0f} ms;")
print(f"by then, the camera has sent {100 * np.median(events_before):.0f} % of its events (median).")

# %% [markdown]
# Compare this with the still image. That drives the neurons at full strength from the first moment on, so
# that the time to a decision is that of the network. Here the time is that of the stimulus: the camera has
# to move before there is anything to see. But the decision falls while most of the recording is still to
# come, mostly in the first saccade, and what follows confirms it or not.
#
# ## 7. A photograph through a retina
#
# The last example is the task for which such networks were put behind the filters of a retina (Gupta and
# Bhattacharya 2020): motorbikes against airplanes, photographs of Caltech101. Ganglion cells filter the
# photograph; what they make of it drives a layer of neurons, whose spikes go into the network for 60 ms.
# The photographs are not part of bioscnn; those in the figures are from Caltech 101 (Li et al. 2022, CC BY 4.0).

# %% mystnb={"image": {"alt": "A motorbike and an airplane as three kinds of retinal cells see them: midget cells see edges, parasol cells a broad blur."}}
(found,) = (row for row in list_datasets() if (row.name, row.split) == ("caltech", "test"))
vehicles = None if found.available == "needs download" else see("caltech", found.n)
if vehicles is None:
    print("There are no photographs on this machine, so nothing is shown here: bioscnn data fetch caltech")
else:
    photographs, cells = vehicles.prepared.examples, vehicles.prepared.input.front_end.cells
    BIKE = int(np.where(vehicles.labels == 0, vehicles.lead, -np.inf).argmax())
    pair = np.array([BIKE, int(np.where(vehicles.labels == 1, vehicles.lead, -np.inf).argmax())])
    names = [cell.name for cell in cells]
    seen_by_cells = responses(photographs.images[pair] / np.float32(255), cells)
    display(
        plots.cell_maps(
            photographs.images[pair],
            seen_by_cells,
            names,
            [photographs.classes[k] for k in vehicles.labels[pair]],
        )
    )
    print(f"{100 * vehicles.right.mean():.1f} % of {len(vehicles.labels)} photographs are named rightly.")

# %% mystnb={"image": {"alt": "Spikes of the motorbike layer by layer over 60 ms; only the output neuron of motorbikes fires."}}
if vehicles is not None:
    display(
        plots.raster(
            {"input": vehicles.prepared.stimulus, **vehicles.layers},
            BIKE,
            image=photographs.images[BIKE],
            classes=photographs.classes,
            label=0,
        )
    )

# %% mystnb={"image": {"alt": "Potentials of the two classes for three photographs: motorbike and airplane lead clearly in two, the third is wrong."}}
if vehicles is not None:
    wrong_ones = np.flatnonzero(~vehicles.right)[:1]
    display(potentials(vehicles, np.concatenate([pair, wrong_ones])))

# %% [markdown]
# Midget cells respond to edges, each kind at its own scale; parasol cells of the on type are wider than the
# photograph, and tell little more than how bright it is. The layer behind the cells sends the strongest
# responses first. From there on it is as before: a wave, a few milliseconds of weighing, and a decision long
# before the 60 ms are over.
#
# ## What to take along
#
# * A trial has two parts: a wave has to reach the last layer, and then spikes have to outweigh each other.
#   A trial that is too short loses the second part, and with it everything.
# * A digit that is lost looks like any other in the raster. What differs is the balance of a few spikes.
# * More time buys precision, up to that of the trained network, and costs spikes in proportion.
#
# ## Exercises
#
# 1. Section 1: which digit drives the most neurons of the first layer above the rheobase, and is it decided
#    sooner (`digits.latency`)?
# 2. Section 3: give the network a quicker membrane (`see("mnist", 1000, {"neuron.tau_m": "10 ms"})`). Does
#    the wave arrive sooner? Is the answer as good?
# 3. Section 4: take all digits that are lost. Are their leads smaller than those of the ones that are right?
# 4. Section 5: when do decisions fall that turn out wrong? Is a late decision a warning?
# 5. Section 6: `{"dataset.recordings": "simulated"}`, if you have real recordings. Where do the two differ?

# %% [markdown]
# ## Answers
#
# **2.** A quicker membrane reaches the threshold sooner, so the wave arrives sooner: the decision falls after
# half the time. The network was trained for 20 ms, and its accuracy hardly suffers:

# %%
quicker = see("mnist", 1000, {"neuron.tau_m": "10 ms"})
for name, seen in {"20 ms": digits, "10 ms": quicker}.items():
    share = proportion(seen.right)
    print(f"tau_m = {name}: decided after {1e3 * np.median(seen.latency):.0f} ms (median),", end=" ")
    print(f"{100 * share.value:.1f} % right [{100 * share.low:.1f}, {100 * share.high:.1f}]")

# %% [markdown]
# **4.** A late decision is hardly a warning here: wrong answers fall about as soon as right ones.

# %%
for name, these in {"right": digits.right, "wrong": ~digits.right}.items():
    print(f"{name}: {these.sum():,} digits, decided after {1e3 * np.median(digits.latency[these]):.0f} ms")

# %% [markdown]
# References:
#
# * Gerstner, Kistler, Naud and Paninski (2014), *Neuronal Dynamics*, Cambridge University Press.
# * Gupta and Bhattacharya (2020), *Implementing a foveal-pit inspired filter in a spiking convolutional
#   neural network: a preliminary study*, IJCNN.
# * Orchard, Jayawant, Cohen and Thakor (2015), *Converting static image datasets to spiking neuromorphic
#   datasets using saccades*, Front. Neurosci. 9:437.
