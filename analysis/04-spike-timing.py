# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # What do the times of spikes carry that their number does not?
#
# **Before.** Notebooks 1 to 3. What a firing rate is.
#
# **You learn** three meanings of a rate, measures of regularity and of distance between spike trains, and
# how to ask fairly what spike times carry beyond spike counts.
#
# A trained network knows nothing of time: the activation of its units is a number, and most spiking
# networks that are made from one treat it as a firing rate. But neurons send *events*, and an event has a
# time. Does the time tell anything that counting does not?
#
# We look at it where the question is fair, in recordings of an event camera: it saw handwritten digits
# while it made three small saccades over each, and every change of brightness in a pixel became a spike. A
# spiking network of leaky integrate-and-fire neurons reads these spikes as they come.
#
# 1. The spikes of a trial, from the camera to the last hidden layer.
# 2. Three firing rates of one population, and what each of them cannot see.
# 3. How regular neurons fire, and whom to thank for it.
# 4. First spikes: when, and in which order.
# 5. Two sets of spike trains whose answer we know, to test the tools with.
# 6. Distances between spike trains: on which time scale are trials of one class alike?
# 7. The question itself.
#
# Run the cells from top to bottom; it takes about half a minute.

# %%
# %matplotlib inline
# %config InlineBackend.figure_format = "retina"
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import fill

import numpy as np
import pandas as pd

from bioscnn import (
    LIF,
    Currents,
    Dense,
    ExponentialCurrent,
    Population,
    Projection,
    SpikeTrains,
    SpikingNetwork,
    TimingExperiment,
    conduct,
    decisions,
    metrics,
    plots,
    prepare,
    read_study,
    simulate,
    simulate_reference,
)
from bioscnn.metrics import CONTROL_SETS, decode
from bioscnn.noise import SACCADE_ENDS, parse_perturbation
from bioscnn.seeds import stream
from bioscnn.statistics import proportion

SEED = 1
TRIALS = 200  # 20 of each digit
ENDS = [1e3 * end for end in SACCADE_ENDS]  # of the first two saccades, ms

# %% [markdown]
# ## 1. The spikes of a trial
#
# The study `sims/nmnist.toml` names the recordings, the network and every constant of its neurons. Real
# recordings of N-MNIST are taken where they are on this machine; otherwise a simulated camera looks at
# digits. The next cell says which.

# %%
study = read_study("../sims/nmnist.toml", {"dataset.trials": TRIALS})
prepared = prepare(study)
labels, digits = prepared.examples.labels, prepared.examples.classes
network, device = prepared.network, prepared.device
hidden = [population.name for population in network.neurons if population.name.startswith("conv")]

recording = simulate(network, prepared.stimulus, device=device, potentials={"readout"})
layers = {"input": prepared.stimulus, **{name: recording[name].spikes for name in hidden}}

decided = decisions(recording, prepared.study.config.readout.rule)[:, -1]
print(f"{len(labels)} recordings, {prepared.examples.source}.")
print(f"The spiking network names the right digit in {100 * np.mean(decided == labels):.1f} % of them.")

# %% [markdown]
# One trial as the camera saw it. Left: how often each pixel fired, which is all that a count can know.
# Right: when. The three saccades are three bursts, and within each one the edges of the digit sweep over
# the pixels.

# %% mystnb={"image": {"alt": "Events of a recorded 3, both polarities, over space and time: three bursts of about 25 spikes per ms, one per saccade."}}
TRIAL = int(np.flatnonzero(labels == 3)[0])
plots.input_spikes(prepared.stimulus, TRIAL, prepared.input.shape, ends=ENDS)

# %% [markdown]
# The same trial in the network. Every dot is a spike; dotted lines part the saccades.

# %% mystnb={"image": {"alt": "Spikes from the camera to the output: all layers follow the three saccades; the output neuron of class 3 fires throughout."}}
plots.raster({**layers, "output": recording["output"].spikes}, TRIAL, classes=digits, label=3, ends=ENDS)

# %% [markdown]
# ## 2. Three firing rates
#
# "Firing rate" has three meanings (Gerstner et al. 2014, section 7.2), and they differ in what they average
# over:
#
# | rate | averages over | keeps |
# |---|---|---|
# | time-averaged: spikes of a neuron in a trial, over its duration | time | the neuron, the trial |
# | of the population: spikes of all neurons in a short window | neurons | the time, the trial |
# | trial-averaged: spikes of a neuron in a short window, over repetitions | trials | the time, the neuron |
#
# For a stationary population of alike neurons the choice does not matter. Here is one: Poisson neurons, all
# of 15 Hz, all of the time.


# %% mystnb={"image": {"alt": "Three rates of Poisson neurons of 15 Hz: over neurons, over time in the population, and over trials; each is flat but for chance."}}
def poisson(rate, n_trials, size, n_steps, rng, dt=1e-3):
    """Return spike trains of Poisson neurons."""
    trial, step, neuron = np.nonzero(rng.random((n_trials, n_steps, size)) < rate * dt)
    return SpikeTrains.from_events(trial, step, neuron, n_trials=n_trials, size=size, n_steps=n_steps, dt=dt)


def three_rates(trains, window):
    return (
        metrics.time_averaged_rate(trains),
        metrics.population_rate(trains, window),
        metrics.trial_averaged_rate(trains, window),
    )


WINDOW = 10e-3
stationary = poisson(15, 20, 864, 300, stream(SEED, "stationary"))
plots.three_rates(*three_rates(stationary, WINDOW), WINDOW)

# %% [markdown]
# All three say 15 Hz. What is left of a spread is that of counting: a neuron has few spikes in a trial, and
# fewer still in a window; the population has many.
#
# Now the last hidden layer, over the trials of one digit. (They show different handwritings of it, so that
# trials are not exact repetitions.)

# %% mystnb={"image": {"alt": "Three rates of the last hidden layer: most neurons are nearly silent and few fire at 80 Hz; the population rate follows the saccades."}}
LAST = hidden[-1]
of_a_three = layers[LAST].take(np.flatnonzero(labels == 3))
plots.three_rates(*three_rates(of_a_three, WINDOW), WINDOW)

# %% [markdown]
# The mean is the same number in the three panels, by arithmetic. But the left panel shows that the neurons
# are anything but alike, the middle one that the population follows the saccades, and the right one that
# single neurons change by far more than the population does. Each is blind to what the others see:

# %%
by_neuron, population, by_both = three_rates(of_a_three, WINDOW)
course, expected = population.mean(axis=0), np.sqrt(population.mean() / (of_a_three.size * WINDOW))
print(f"Within a trial, the population rate moves between {course.min():.1f} and {course.max():.1f} Hz;")
print(f"its SD over time is {course.std():.1f} Hz, where Poisson neurons would have {expected:.1f} Hz.")
print()

backwards = parse_perturbation("reverse").apply(of_a_three, stream(SEED, "reverse"))
their_neuron, their_population, _ = three_rates(backwards, WINDOW)
print("Every trial played backwards changes")
print(f"  the time-averaged rates by at most {np.abs(their_neuron - by_neuron).max():.1f} Hz,")
print(f"  the population rate by up to {np.abs(their_population - population).max():.1f} Hz.")

swapped = of_a_three.of_neurons(stream(SEED, "swap").permutation(of_a_three.size))
their_neuron, their_population, _ = three_rates(swapped, WINDOW)
print("Every neuron renamed at random changes")
print(f"  the time-averaged rates by up to {np.abs(their_neuron - by_neuron).max():.1f} Hz,")
print(f"  the population rate by at most {np.abs(their_population - population).max():.1f} Hz.")

# %% [markdown]
# And the third? A single trial has no trial-averaged rate at all: it is the experimenter's, who has
# repetitions. What comes at another time in each trial averages out of it.
#
# ## 3. Regular or not
#
# Cortical neurons fire irregularly, about as a Poisson process does. Does a leaky integrate-and-fire
# neuron? The usual measures are 0 for a clock and 1 for a Poisson process:
#
# * **CV**: standard deviation of the intervals over their mean. A slow change of the rate raises it.
# * **CV2** and **LV** compare only neighbouring intervals, so that a slow change does not matter.
# * **LvR** is LV, less the regularity that a refractory period (here 2 ms) brings into it by itself.
# * **Fano factor**: variance of the spike count over its mean, over trials.
#
# First, populations whose irregularity we can predict: neurons of the same model and constants as the
# network's, under a constant current, from 1.2 to 4 times the weakest one that makes them fire at all; the
# same neurons under ten excitatory and ten inhibitory Poisson inputs each; and a Poisson process itself, in
# long trials and in short ones. Then the layers.

# %%
lif = LIF()
N, N_STEPS, N_TRIALS = 50, 1000, 10
neurons = Population("neurons", (N,), lif)


def driven_by(connectivity, synapse, stimulus):
    source = Population("input", connectivity.pre_shape)
    wires = Projection("input", "neurons", connectivity, synapse)
    return simulate_reference(SpikingNetwork((source, neurons), (wires,)), stimulus)["neurons"].spikes


drive = np.linspace(1.2, 4, N) * lif.rheobase
constant = Currents(np.tile(drive, (N_TRIALS, 1)).astype(np.float32), N_STEPS, 1e-3)
regular = driven_by(Dense((N,), (N,), np.eye(N)), None, constant)

each = 0.4e-9 * np.repeat([1, -1], 10)  # weight of each input, A
weights = Dense((20 * N,), (N,), np.kron(np.eye(N), each))
noise = poisson(50, N_TRIALS, 20 * N, N_STEPS, stream(SEED, "noise"))
irregular = driven_by(weights, ExponentialCurrent(5e-3), noise)

LEAST = 5  # spikes of a train in a trial; with fewer, an interval has hardly a neighbour


def regularity(trains):
    each_train = metrics.interval_statistics(trains, t_ref=lif.t_ref).query("n_spikes >= @LEAST")
    means = each_train[["cv", "cv2", "lv", "lvr"]].mean()
    return {
        "rate (Hz)": metrics.time_averaged_rate(trains).mean(),
        **means.rename({"cv": "CV", "cv2": "CV2", "lv": "LV", "lvr": "LvR"}),
        "Fano factor": np.nanmean(metrics.fano_factor(trains)),
    }


rows = {
    "LIF, constant current": regular,
    "LIF, balanced Poisson inputs": irregular,
    "Poisson process, 1 s": poisson(30, N_TRIALS, N, N_STEPS, stream(SEED, "long")),
    "Poisson process, 300 ms": poisson(30, 20, 500, 300, stream(SEED, "short")),
    **{f"{name}, digit 3": trains.take(np.flatnonzero(labels == 3)) for name, trains in layers.items()},
}
pd.DataFrame({name: regularity(trains) for name, trains in rows.items()}).T.round(2)

# %% [markdown]
# Read the first two rows against each other. They are the same neurons: both the clock and the noise are in
# what drives them. The model has no noise of its own, so that a constant current gives constant intervals
# (up to the time step of 1 ms), and the same ones in every trial. A network that is shown a still image as
# constant currents fires like clockwork *because of how it is driven*, not because such neurons could not
# do otherwise.
#
# The next two rows say how far to trust the rest. Both are the same process; in trials of 300 ms, CV comes
# out too low. And LvR is above 1, as this process has no refractory period that would have to be allowed
# for.
#
# In the layers, the drive is events. There CV and its local kin part company: between saccades a neuron is
# silent, which makes CV large, while within one its neighbouring intervals are alike, which keeps CV2, LV
# and LvR lower. CV alone would have called regular bursts irregular. (The Fano factor has a second cause
# here: trials are different handwritings.)

# %% mystnb={"image": {"alt": "Histogram of intervals: a sharp peak at 17 ms under constant current, broad ones for Poisson inputs, short intervals of 4 to 5 ms in the layers."}}
one_current = regular.of_neurons(np.array([N // 4]))
plots.intervals_histogram(
    {
        "LIF, one constant current": metrics.intervals(one_current),
        "LIF, balanced Poisson inputs": metrics.intervals(irregular),
        "Poisson process": metrics.intervals(rows["Poisson process, 1 s"]),
        "input": metrics.intervals(layers["input"]),
        LAST: metrics.intervals(layers[LAST]),
    },
    1e-3,
)

# %% [markdown]
# ## 4. First spikes
#
# The first spike of a neuron could be enough. The stronger the drive, the sooner it comes, and a reader
# that only looks at who is first (the *rank* of a neuron) need not even know when the stimulus began
# (Thorpe and Gautrais 1998).

# %% mystnb={"image": {"alt": "Share of neurons that have fired against time: the first layer leads, the second overtakes it, two thirds of the last stay silent."}}
latencies = {name: metrics.first_spike_latency(trains) for name, trains in layers.items()}
plots.latency_distribution(latencies, 0.3)

# %%
order = {}
for name, trains in layers.items():
    rank, fires = metrics.first_spike_rank(trains), np.isfinite(latencies[name])
    alone = [len(np.unique(row[np.isfinite(row)])) / np.isfinite(row).sum() for row in rank]
    order[name] = {
        "neurons that fire (%)": 100 * fires.mean(),
        "of those, in saccade 1 (%)": 100 * np.mean(latencies[name][fires] < SACCADE_ENDS[0]),
        "different ranks for them (%)": 100 * np.mean(alone),
    }
pd.DataFrame(order).T.round(1)

# %% [markdown]
# The last column is a caution. Times are whole steps of 1 ms, and hundreds of neurons share some 300 of
# them: most first spikes are ties, and a code of ranks is coarser than it sounds.
#
# ## 5. Tools that are known to work
#
# Before asking, we have to know whether our tools can answer. Two sets of spike trains are made for it, of
# 50 neurons and 10 classes each. In one, the class is in the **times alone**: the first spike of each
# neuron comes at a time of its class, give or take 1 ms, and the number of spikes says nothing. In the
# other, it is in their **number alone**. Decoders are trained on some trials and tested on others; they are
# told each neuron's count, the latency of its first spike, the rank of that, or counts and times together.
#
# The timing experiment tries them before it asks anything else, `make timing DATASET=nmnist` of 1,000
# recordings, every layer, and thirty perturbations. Where that has been done, its tables are read here;
# where not, the next cell conducts a small one, of the recordings above and the input alone.

# %% mystnb={"image": {"alt": "Accuracy of four decoders on two made sets: where only times tell, counts are at chance and latencies at 100 %; where only counts tell, the reverse."}}
ASKED = ("jitter 2 ms", "jitter 10 ms", "jitter 50 ms", "collapse", "equalise 2")


def read(folder):
    """Read what a timing experiment wrote."""
    tables = {table.stem: pd.read_csv(table) for table in folder.glob("*.csv")}
    return tables, json.loads((folder / "summary.json").read_text())


def ask():
    """Conduct a small experiment, of which nothing is kept."""
    experiment = TimingExperiment(study, perturb=ASKED, layers=("input",))
    with TemporaryDirectory() as results:
        return read(conduct(experiment, jobs=1, results=results).folder)


folders = (path.parent for path in Path("../results/timing").glob("nmnist*/latest/effects.csv"))
finished = sorted(folders)  # real recordings before simulated ones
tables, summary = read(finished[0]) if finished else ask()
controls = tables["controls"]
plots.control_sets(controls)

# %% [markdown]
# Full markers are the spikes as made, open ones the same with every spike moved at random (SD 100 ms). A
# decoder that finds something where there is nothing, or nothing where there is something, would get a red
# cross.

# %%
clean = controls[controls["label"] == "clean"].set_index(["set", "method"])["accuracy"]
print(f"{controls['passed'].sum()} of {len(controls)} came out as they had to.")
print(f"Times alone: counts {100 * clean['timing only', 'counts']:.0f} %, latencies", end=" ")
print(f"{100 * clean['timing only', 'latencies']:.0f} %.")
print(f"Counts alone: counts {100 * clean['counts only', 'counts']:.0f} %, latencies", end=" ")
print(f"{100 * clean['counts only', 'latencies']:.0f} %.")

# %% [markdown]
# Jitter destroys what is in the times and spares what is in the counts. So if a decoder that is trained anew
# on jittered spikes does worse, something was in the times.
#
# ## 6. On which time scale?
#
# A decoder says whether the class is there. A distance between spike trains says at which precision, since
# its time scale is ours to choose. The van Rossum distance filters both trains with an exponential of time
# constant $\tau$ and measures how far the two curves are apart: at 1 ms only near coincidences make trains
# alike, at 100 ms it is the number of spikes and their coarse course. We take 100 neurons of each layer,
# drawn at random, and 8 trials of each digit. (Silent neurons count too: silence is an answer.)

# %% mystnb={"image": {"alt": "Matrix of distances between trials of ten classes: dark along the diagonal, most clearly for class 1."}}
CHOSEN = np.concatenate([np.flatnonzero(labels == digit)[:8] for digit in range(10)])
few_labels = labels[CHOSEN]


def some(trains, n=100):
    rng = stream(SEED, "some neurons", trains.size)
    return trains.of_neurons(np.sort(rng.permutation(trains.size)[:n])).take(CHOSEN)


few = {name: some(trains) for name, trains in layers.items()}
equal = parse_perturbation("equalise 2").apply(few["input"], stream(SEED, "equal"))
close = metrics.van_rossum_distance(few[LAST], 10e-3)
plots.distance_matrix(close, few_labels, digits, name="van Rossum distance, 10 ms")

# %% [markdown]
# Dark squares on the diagonal are digits whose trials are alike. How well are they told apart? For each
# trial we ask how often a trial of another digit is further away than one of the same: 50 % if the distance
# knows nothing, 100 % if all others are further away than all of the same.
#
# Beside two layers, the figure has the two sets of which we know the answer, and the input with its counts
# taken away: every neuron fires twice in every trial; surplus spikes are deleted, missing ones put
# anywhere.

# %% mystnb={"image": {"alt": "Separation of classes against time scale: that of the layers and of counts grows with it, that of the set with timing only falls beyond 10 ms."}}
TAUS = (1e-3, 2e-3, 5e-3, 10e-3, 20e-3, 50e-3, 100e-3)
known = {name: make(SEED) for name, make in CONTROL_SETS.items()}
compared = {
    "input": (few["input"], few_labels),
    "input, counts made equal": (equal, few_labels),
    LAST: (few[LAST], few_labels),
    **{f"made: {name}": (trains[:80], classes[:80]) for name, (trains, classes) in known.items()},
}


def separation(name, scale, distances, classes):
    found = metrics.class_separation(distances, classes)
    mean, error = found.share.mean(), found.share.std(ddof=1) / np.sqrt(len(classes))
    return {
        "spikes": name, "scale": scale, "within": found.within.mean(), "between": found.between.mean(),
        "share": mean, "low": mean - 1.96 * error, "high": mean + 1.96 * error,
    }  # fmt: skip


scales = pd.DataFrame(
    [
        separation(name, tau, metrics.van_rossum_distance(trains, tau), classes)
        for name, (trains, classes) in compared.items()
        for tau in TAUS
    ]
)
plots.separation_by_scale(scales)

# %%
best = scales.loc[scales.groupby("spikes", sort=False)["share"].idxmax()].set_index("spikes")
for name, row in best.iterrows():
    long = scales[(scales["spikes"] == name) & (scales["scale"] == TAUS[-1])].iloc[0]
    print(
        f"{name}: best at {1e3 * row['scale']:g} ms, {100 * row['share']:.0f} % "
        f"[{100 * row['low']:.0f}, {100 * row['high']:.0f}]; at 100 ms {100 * long['share']:.0f} %"
    )

# %% [markdown]
# First the controls: the set of times is told apart on short scales and less and less on long ones, the set
# of counts the other way round. So the figure shows what it is meant to.
#
# Then the layers. A curve that rises to the right says that this distance sees the class in *how many*
# spikes there are, and that precision only adds noise; a curve with a peak says at which precision the
# times count. But mind what a distance is: it weighs all spikes alike. Where it finds nothing better on a
# short scale, times may still hold what a reader can learn that is told *which* times matter. The input
# with equal counts is the test: no count can help there. (Something does leak from counts into times: a
# neuron that was silent now fires at random moments, not in step with the saccades. So this line shows what
# times carry at most; section 7 measures the leak.)
#
# Is all this peculiar to one distance? Victor and Purpura count what it costs to turn one train into
# another, by adding or removing spikes (1 each) or moving them (a price per time); for free, only counts
# matter. The SPIKE-distance has no time scale to choose. Both take longer to compute, so we use 15 of the
# neurons.

# %%
fewer = few[LAST].of_neurons(np.arange(15))
distances = {
    "Victor-Purpura, moving is free": metrics.victor_purpura_distance(fewer, 0),
    "Victor-Purpura, moving by 50 ms costs 1": metrics.victor_purpura_distance(fewer, 1 / 50e-3),
    "Victor-Purpura, moving by 5 ms costs 1": metrics.victor_purpura_distance(fewer, 1 / 5e-3),
    "van Rossum, 10 ms": metrics.van_rossum_distance(fewer, 10e-3),
    "SPIKE": metrics.spike_distance(fewer),
}
others = pd.DataFrame([separation(name, np.nan, d, few_labels) for name, d in distances.items()])
others.set_index("spikes").drop(columns="scale").rename_axis("distance").round(3)

# %% [markdown]
# ## 7. The question
#
# Now the spikes of the recordings are perturbed: some perturbations keep the number of spikes of every
# neuron in every trial and take time out of them (jitter, equal intervals), one takes the number away
# (every neuron fires twice, whatever it did before). Each time the network reads what is left, and so do
# decoders that are trained anew on spikes perturbed alike.
#
# Ten questions of the experiment are fixed in its code, and corrected together; all others are exploratory.

# %%
found, changed, compared_codes = tables["accuracy"], tables["effects"], tables["comparisons"]
n, chance = summary["n"], summary["chance"]
made = f"Read from {finished[0]}" if finished else "The small experiment"
print(f"{made}: {n:,} {'simulated ' if summary['simulated'] else ''}recordings of N-MNIST.")

# %% [markdown]
# First the jitter. A line that falls has lost something that was in the times; the line of the counts
# cannot fall, since jitter leaves them as they are.

# %% mystnb={"image": {"alt": "Accuracy against jitter: the spiking network keeps 99 % up to 10 ms and has 73 % at 50 ms; decoders of the input stay where they are."}}
plots.accuracy_against_jitter(found, chance=chance)

# %% [markdown]
# Then all perturbations, as differences to the unperturbed spikes of the same trials. Full markers:
# significant. In `collapse` the spikes of each neuron come at equal intervals, so that
# nothing is left but their number; in `equalise` every neuron fires equally often, so that a count says
# nothing.

# %% mystnb={"image": {"alt": "Differences to clean spikes: jitter of 50 ms costs the spiking network 26 points, collapsed times 74, equal counts about a third; decoders of counts lose only with equal counts."}}
plots.perturbation_effects(changed, "input")

# %% [markdown]
# Two numbers decide, and they answer different questions. What do times *carry*? That is what a decoder
# still finds where every neuron fires equally often. What do they carry *that the number does not*? That is
# what a decoder gains that is told of the times beside the counts. The first can be large and the second
# nothing: then times and counts say the same thing twice.
#
# The first needs a floor. A neuron that was silent, or fired once, gets its missing spikes at random moments,
# and so betrays its count by its times. How much comes through that way? Trains whose times follow from
# their counts alone (`collapse`), made equal in the same way, tell.

# %%
alone = found.query("layer == 'input' and kind == 'equalise' and method in ('counts', 'counts and times')")
for _, row in alone.iterrows():
    print(
        f"Every neuron fires equally often, a decoder of {row['method']}: {100 * row['accuracy']:.1f} % "
        f"[{100 * row['low']:.1f}, {100 * row['high']:.1f}]; chance {100 * chance:.0f} %."
    )
rng = stream(SEED, "floor")
no_times = parse_perturbation("collapse").apply(layers["input"], rng)
betrayed = decode(
    parse_perturbation("equalise 2").apply(no_times, rng), labels, "counts and times", seed=SEED
)
floor = proportion(betrayed == labels)
print(
    f"The floor: had the times been nothing but counts, {100 * floor.value:.1f} % "
    f"[{100 * floor.low:.1f}, {100 * floor.high:.1f}] ({floor.trials} trials)."
)
gain = compared_codes.query("layer == 'input' and first == 'counts' and second == 'counts and times'").iloc[0]
print(
    f"Times beside counts: {100 * gain['difference']:+.1f} points "
    f"[{100 * gain['low']:+.1f}, {100 * gain['high']:+.1f}], p = {gain['p_holm']:.2g}."
)

# %% [markdown]
# And the verdict: of a finished study, in the words that it made of its numbers alone. Of a small one there
# is none, and the next cell says why.

# %%
half = 100 * (gain["high"] - gain["low"]) / 2
if finished:
    print(fill(" ".join(summary["verdict"]), 100), end="\n\n")
    print(f"With {n:,} trials, the gain by times is known to about {half:.1f} points either way.")
else:
    print(f"No verdict: {n} trials are too few, and one layer is not the network.")
    better = half * (n / 1000) ** 0.5
    print(f"The decoders learn from {n * 4 // 5} trials at a time, and the gain by times is known to")
    print(f"about {half:.1f} points either way; 1,000 trials would make that {better:.1f}.")
    print("Type `make timing DATASET=nmnist`, then run this section again.")

# %% [markdown]
# Keep two questions apart. *Is the class in the times?* is what the decoders answer, whose times were
# trained on. *Does this network use them?* is what the spiking network answers: it may ignore what is
# there, and it may suffer from a perturbation only since it never saw such spikes in training.
#
# And a third: *does a network need them?* For that, networks have to be trained without times:
# `bioscnn times-needed sims/nmnist.toml`, and docs/timing.md says what came out.
#
# ## Exercises
#
# 1. `TRIALS = 1000` in the first cell. Which intervals shrink, and which differences outlive it?
# 2. Section 2: take all digits instead of one. Which of the three rates changes, and why?
# 3. Section 3: raise the weight of the Poisson inputs, or make them all excitatory. At which drive does the
#    noise stop to matter, and what does LvR do then?
# 4. Section 4: look at the second saccade alone (`trains.from_step(105)`). Does the order of the layers
#    change?
# 5. Section 6: which time scale is best for the deepest layer, and for the first? Is it one of the neuron's
#    own (20 ms of the membrane, 5 ms of the synapse), or one of the stimulus?
# 6. Section 7: add `"reorder 3-2-1"` (the saccades in another order) or `"shift 20 ms"` (each neuron's train
#    as a whole) to `ASKED`. What do they spare that jitter does not?

# %% [markdown]
# ## Answers
#
# **1.** Intervals shrink with the root of the number of trials: a thousand in place of two hundred make them
# less than half as wide. A difference survives if its corrected interval leaves zero out.
#
# **6.** Reordering the saccades keeps every interval within a saccade and destroys the long-range order
# alone; a shift of each neuron as a whole keeps all intervals of that neuron and destroys what neurons say
# together. Jitter destroys both, from its own time scale downwards.
