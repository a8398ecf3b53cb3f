# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # What does the retina tell the brain?
#
# **Before.** Notebooks 1 to 3.
#
# **You learn** how retinal cells compare a spot with its surround; how much of an image is in the order
# of their first spikes.
#
# An eye does not send pixels. Each ganglion cell of the retina compares a spot with what surrounds it, and
# fires if they differ in its sense; where nothing changes, it is silent. In the foveal pit, the place of
# sharpest vision, there are four kinds of them: midget and parasol cells, each ON (a bright spot) and OFF
# (a dark one). Sen Bhattacharya and Furber (2010) modelled them as differences of Gaussians, and let them
# fire one after the other, the most excited first. Is the *order* of spikes enough to see?
#
# 1. Four kinds of cells.
# 2. What each of them sees of a digit.
# 3. Who fires first?
# 4. How much of the image is in the first spikes?
# 5. Coefficients become spikes: a layer of LIF neurons.
# 6. A network that sees nothing else.
#
# Run the cells from top to bottom; it takes about half a minute, and longer the first time, when a program
# has to be compiled.

# %%
# %matplotlib inline
# %config InlineBackend.figure_format = "retina"
import json
from dataclasses import replace
from pathlib import Path
from textwrap import fill

import numpy as np
import pandas as pd

from bioscnn import (
    LIF,
    Convolution,
    Currents,
    Device,
    FrontEnd,
    Population,
    Projection,
    SpikingNetwork,
    UserError,
    decisions,
    load_dataset,
    metrics,
    plots,
    prepare,
    simulate,
)
from bioscnn.encoding import (
    FOVEAL_PIT,
    SHARES,
    WANTED,
    explained,
    find_cells,
    fitted,
    gain_control,
    lif_layer,
    quality,
    rank_order,
    rank_table,
    reconstruct,
    responses,
    share_needed,
)
from bioscnn.seeds import stream
from bioscnn.statistics import proportion

NAMES, CELLS = list(FOVEAL_PIT), find_cells(FOVEAL_PIT)
N = 60  # digits of which means are taken

digits = load_dataset("mnist", "validation")
try:
    photographs = load_dataset("caltech", "validation", size=(60, 80), download=False).take(2)
except UserError:
    photographs = None
print(
    f"Digits: {digits.source}. Photographs: {photographs.source if photographs else 'none on this machine'}."
)

# %% [markdown]
# ## 1. Four kinds of cells
#
# A kernel says what light at each pixel around a cell does to it: red excites, blue inhibits. Below, the
# profile through its centre. Colours are not linear, since the surrounds are wide and weak.

# %% mystnb={"image": {"alt": "Kernels of four kinds of cells, each a centre with an opposite surround, from 5 pixels across for off-midget to 243 for on-parasol cells."}}
plots.kernels(CELLS)

# %% [markdown]
# The weights of each kernel add up to zero, so a uniform field leaves every cell exactly silent:

# %%
uniform = responses(np.full((1, 1, 28, 28), 0.7), CELLS)
print("Largest answer to a uniform field:", np.abs(uniform).max())

# %% [markdown]
# Why four sizes? Show the cells gratings, coarse ones and fine ones, and ask how strongly each kind
# answers. The dotted line is the width of a digit.

# %% mystnb={"image": {"alt": "Response against the period of a grating: each kind prefers another period, 4 pixels for off-midget, 8 for on-midget, 49 for off-parasol, 126 for on-parasol."}}
plots.spatial_tuning(CELLS, image_size=28)

# %% [markdown]
# Every kind passes a band: too fine, and bright and dark bars average out within the centre; too coarse,
# and centre and surround see the same. Midget cells see strokes and edges, parasol cells the coarse form.
# Two of the kernels are wider than a digit, and what a cell sees beyond the border is then as important as
# the digit. The image goes on there as its outermost pixels; zeros would be an edge, the strongest one of
# all.
#
# ## 2. What each of them sees of a digit
#
# The *coefficient* of a cell is the sum of the pixels around it, weighted with its kernel. Red: the cell is
# excited. Blue: it is inhibited, and will be silent. Above each map is its largest coefficient.

# %% mystnb={"image": {"alt": "The digits 3 and 7 as four kinds of cells see them: midget cells respond along the strokes, parasol cells to one broad blob."}}
rows = [int(np.flatnonzero(digits.labels == label)[0]) for label in (3, 7)]
shown, labels = digits.images[rows], [f"a {digits.classes[digits.labels[row]]}" for row in rows]
coefficients = responses(shown / np.float32(255), CELLS)
plots.cell_maps(shown, coefficients, NAMES, labels)

# %%
excited = responses(digits.take(N).intensities(), CELLS) > 0
for name, share in zip(NAMES, excited.mean(axis=(0, 2, 3)), strict=True):
    print(f"{name:12} {100 * share:3.0f} % of the cells are excited by a digit")

# %% [markdown]
# ON cells mark the stroke; OFF cells what lies beside it. Of the parasol maps there is little more to see
# than where the ink is. And the same of photographs, where they are on this machine. They are not part of
# bioscnn; those in the figures of this notebook are from Caltech 101 (Li et al. 2022, CC BY 4.0).

# %% mystnb={"image": {"alt": "A motorbike and an airplane as four kinds of cells see them: fine edges by midget cells, light and dark regions by parasol cells."}}
if photographs:
    of_photographs = [photographs.classes[label] for label in photographs.labels]
    figure = plots.cell_maps(
        photographs.images, responses(photographs.intensities(), CELLS), NAMES, of_photographs
    )
else:
    figure = print("none here; `bioscnn data fetch caltech` gets them")
figure

# %% [markdown]
# ## 3. Who fires first?
#
# Let the most excited of all cells fire, then the next, and so on: *rank order* (VanRullen and Thorpe
# 2001). But neighbours overlap, and so repeat what has been told already. *FoCal* (Sen Bhattacharya and
# Furber 2010) takes it out: when a cell has fired, its share is taken from every other coefficient before
# the next one is picked.
#
# The order, from the first spike to the last. Cells that stay silent are grey; above each map is the number
# of its spikes.

# %% mystnb={"image": {"alt": "When each cell fires: on-midget cells along the stroke first, off-midget cells around it later, few parasol cells."}}
code = rank_order(coefficients, CELLS, keep=1.0)
plots.firing_order(shown, code, NAMES, labels)

# %%
early = code.first(0.02)
kind = early.neuron // (code.size // len(NAMES))
told = np.bincount(kind, minlength=len(NAMES)) / early.n_spikes
listed = ", ".join(f"{100 * share:.0f} % {name}" for name, share in zip(NAMES, told, strict=True))
print(f"{code.n_spikes / len(shown):,.0f} spikes a digit. Among the first 2 %: {listed}.")

# %% [markdown]
# ## 4. How much of the image is in the first spikes?
#
# To read an image back, put a kernel wherever a cell has fired, as high as its coefficient was, and add
# them up. Here after 1 %, 5 % ... of the spikes. (Kernels have no mean, so that brightness and contrast are
# lost; they are fitted to the original.)


# %% mystnb={"image": {"alt": "Digits rebuilt from the first 1, 5, 10, 30 and 100 % of the spikes: recognisable from 1 %, clear from 5 %."}}
def read_back(images, code):
    """Return the quality of reconstructions by image and share, and the reconstructions."""
    rows, pictures = [], []
    for share in SHARES:
        part = code.first(share)
        read = reconstruct(part, CELLS)
        for k, (image, picture) in enumerate(zip(images[:, 0], read, strict=True)):
            facts = {"image": k, "share": share, "spikes": int(part.start[k + 1] - part.start[k])}
            rows.append(facts | quality(image, picture)._asdict())
        pictures.append([fitted(image, picture) for image, picture in zip(images[:, 0], read, strict=True)])
    return pd.DataFrame(rows), np.swapaxes(np.array(pictures), 0, 1)


table, pictures = read_back(shown / np.float32(255), code)
plots.reconstructions(shown, pictures, table, labels)

# %% mystnb={"image": {"alt": "Photographs rebuilt from the first 1 to 100 % of the spikes: the airplane is clear from 1 %, the motorbike from 5 %."}}
if photographs:
    of_two = rank_order(responses(photographs.intensities(), CELLS), CELLS, keep=1.0)
    figure = plots.reconstructions(
        photographs.images, *reversed(read_back(photographs.intensities(), of_two)), of_photographs
    )
else:
    figure = print("no photographs here")
figure

# %% [markdown]
# A digit can be read after a few dozen spikes. How many are needed? The share of the variance that is
# explained, over many digits (blue: their mean):

# %% mystnb={"image": {"alt": "Quality against the share of spikes for many digits: 80 % of the variance is explained by 1.8 % of the spikes, and little is added after 10 %."}}
many = digits.take(N).intensities()
of_many = rank_order(responses(many, CELLS), CELLS, keep=1.0)
curves, _ = read_back(many, of_many)
needed = share_needed(many, of_many, CELLS)
plots.quality_by_share(curves, needed)

# %%
spikes = of_many.n_spikes / N
print(f"{100 * WANTED:.0f} % of what all {spikes:,.0f} spikes explain is there after {100 * needed:.1f} %,")
print(
    f"{needed * spikes:.0f} spikes. Published: more than 80 % of the information, by a measure of perceived"
)
print("edges, when 10 % of the ganglion cells have fired (Sen Bhattacharya and Furber 2009).")

# %% [markdown]
# Is that the order's doing, or FoCal's? The same spikes in the order of the coefficients as they are,
# without the correction:

# %%
# As pixels of one tall image, coefficients are sorted, and nothing is corrected.
tall = responses(many, CELLS).reshape(N, 1, -1, many.shape[-1])
sorted_only = replace(rank_order(tall, (), keep=1.0), shape=of_many.shape)
orders = {"FoCal (%)": of_many, "sorted only (%)": sorted_only}
rows = {
    share: {
        name: 100 * explained(many[:, 0], reconstruct(order.first(share), CELLS)).mean()
        for name, order in orders.items()
    }
    for share in SHARES
}
pd.DataFrame(rows).T.rename_axis("share").round(1)

# %% [markdown]
# Without the correction the first spikes say the same thing over and over: the widest cells have large
# coefficients all over the ink, and they all come first.
#
# One thing is still unfair. Each kernel was as high as its coefficient was, but a spike carries no number.
# Who knows the order alone has to guess: what is the coefficient of, say, the hundredth spike? Other digits
# tell, and a table by rank is learned from them (VanRullen and Thorpe 2001).

# %%
others = rank_order(responses(digits.images[-N:] / np.float32(255), CELLS), CELLS, keep=1.0)
by_rank = rank_table(others, bins=200)
rows = {}
for share in SHARES:
    part = of_many.first(share)
    pairs = {"with coefficients (%)": None, "from the order alone (%)": by_rank}
    rows[share] = {
        name: 100 * explained(many[:, 0], reconstruct(part, CELLS, values)).mean()
        for name, values in pairs.items()
    }
pd.DataFrame(rows).T.rename_axis("share").round(1)

# %% [markdown]
# So the order tells nearly as much as the numbers do.
#
# ## 5. Coefficients become spikes
#
# A network of neurons needs spikes in time. In the input layer every cell has a LIF neuron of its own
# (notebook 1). Its constant current is
#
# * `lif-layer`: the coefficient itself, over the largest of its kind;
# * `rank-order`: its rank. Of N spikes, rank r gets (N - r)/N of the full current; only the first 30 % of
#   the cells take part;
# * and in `latency`, each of these cells fires just once, the first rank first, over the whole trial.
#
# The full current is 2 nA, ten times the rheobase. One digit, 60 ms, the `lif-layer` first:

# %% mystnb={"image": {"alt": "Input spikes of the lif-layer over space and time: strong cells fire first, on-parasol cells send most spikes."}}
DT, STEPS = 1e-3, 60
one = shown[:1] / np.float32(255)
kinds = {name: FrontEnd(name, tuple(NAMES)) for name in ("lif-layer", "rank-order", "latency")}
inputs = {name: end.stimulus(one, STEPS, DT, stream(1, name)) for name, end in kinds.items()}
shape = (len(NAMES), 28, 28)
plots.input_spikes(inputs["lif-layer"], 0, shape, names=NAMES)

# %% [markdown]
# Strong cells fire within milliseconds, and weak ones later. Each kind is scaled by its own largest
# coefficient, so that the widest cells, which are excited all over the image, send most of the spikes and
# tell the least. In rank order all kinds compete, and FoCal has taken out what the wide cells repeat:

# %% mystnb={"image": {"alt": "Input spikes in rank order: on-midget cells along the stroke fire most, parasol cells hardly."}}
plots.input_spikes(inputs["rank-order"], 0, shape, names=NAMES)

# %% [markdown]
# What do a cell's spikes say of its coefficient? Every dot is one cell:

# %% mystnb={"image": {"alt": "First spike and number of spikes of each cell against its coefficient: one curve for the lif-layer, no such line in rank order, one spike each in latency."}}
relative = gain_control(responses(one, CELLS)).ravel().astype(float)
latencies = {name: metrics.first_spike_latency(trains)[0] for name, trains in inputs.items()}
counts = {name: trains.counts()[0] for name, trains in inputs.items()}
plots.spikes_of_coefficients(relative, latencies, counts)

# %%
pd.DataFrame(
    {
        name: {
            "spikes": trains.n_spikes,
            "cells that fire": int((counts[name] > 0).sum()),
            "median first spike (ms)": 1e3 * np.nanmedian(latencies[name]),
        }
        for name, trains in inputs.items()
    }
).T

# %% [markdown]
# In the `lif-layer` the spikes are a function of the coefficient: the first comes after $-\tau_m \ln(1 -
# I_{rheobase}/I)$, and cells below the rheobase, a tenth of the largest, are silent. In rank order there is
# no such line: what a cell has to tell beyond the others is what counts, so that of two cells of one
# coefficient one may be first and the other silent. Contrast is lost; order is kept.
#
# None of this was simulated. Under a constant current the spikes have a closed form, which is what the
# encoding uses. Is it right? Brian2 simulates the same layer for five digits:

# %%
five = gain_control(responses(digits.take(5).intensities(), CELLS))
currents = Currents(five.reshape(5, -1) * np.float32(FrontEnd().full_current), STEPS, DT)
one_to_one = Convolution(shape, shape, (1, 1), (0, 0, 0, 0), np.ones((len(NAMES), 1, 1, 1)), len(NAMES))
layer = SpikingNetwork(
    (Population("input", shape), Population("cells", shape, LIF())),
    (Projection("input", "cells", one_to_one, None),),
)
brian2 = simulate(layer, currents, device=Device("numpy"))["cells"].spikes
formula = lif_layer(currents, LIF())
print(f"{formula.n_spikes:,} spikes by the formula, {brian2.n_spikes:,} by Brian2;", end=" ")
print("all the same." if formula == brian2 else "they differ!")

# %% [markdown]
# ## 6. A network that sees nothing else
#
# `sims/mnist-foveal.toml` names a network that was trained on such spikes: all four cells, in rank order.
# It sees 30 % of the spikes of each digit, and of these only their order. What can it still tell?

# %% mystnb={"image": {"alt": "Accuracy against time of the network behind the retina: at chance until 18 ms, 97 % by spike count after 60 ms."}}
prepared = prepare("../sims/mnist-foveal.toml", {"dataset.trials": 200})
truth = prepared.examples.labels
heard = simulate(prepared.network, prepared.stimulus, device=prepared.device, potentials={"readout"})
rules = ("mean-potential", "peak-potential", "spike-count", "first-spike")
accuracies = {rule: [proportion(chosen == truth) for chosen in decisions(heard, rule).T] for rule in rules}
plots.accuracy_over_time(
    accuracies,
    heard.dt,
    reference=proportion(prepared.ann_class == truth),
    chosen=prepared.study.config.readout.rule,
)

# %%
rule = prepared.study.config.readout.rule
curve = accuracies[rule]
soon = next(k for k, part in enumerate(curve) if part.value >= 0.9 * curve[-1].value)
came = prepared.stimulus.n_spikes / len(truth)
print(f"{curve[-1]} of {len(truth)} digits by {rule} after {STEPS} ms ({came:,.0f} input spikes a digit);")
print(f"nine tenths of that after {soon + 1} ms.")

# %% [markdown]
# Do the filters help? That takes many networks: of pixels and of cells, each without and with gain control,
# trained anew and tested clean and in noise. `make retina DATASET=mnist` (half an hour) or `QUICK=1`
# (minutes) does it. Where it has been done, its verdict is read here.

# %%
finished = sorted(Path("../results/filters").glob("*/latest"))
for folder in finished:
    summary = json.loads((folder / "summary.json").read_text())
    print(f"{folder}: {summary['title']}, {summary['n_test']:,} test images, {summary['n_seeds']} seeds.")
    print(fill(" ".join(summary["verdict"]), 100), end="\n\n")
if not finished:
    print("No study of the filters here.")

# %%
if finished:
    means = pd.read_csv(finished[-1] / "means.csv", keep_default_na=False)
    figure = plots.accuracy_in_noise(means, list(means["front_end"].unique())[:6])
else:
    figure = None
figure

# %% [markdown]
# ## Exercises
#
# 1. Section 2: turn the digit into its negative (`255 - shown`). Which cells take over?
# 2. Section 3: only the midget cells (`find_cells(["off-midget", "on-midget"])`). How many spikes then make
#    80 % of it, and what is missing in the pictures?
# 3. Section 4: `rank_table(others, bins=5)`. How coarse may the table be?
# 4. Section 5: double `full_current` in `FrontEnd`. What becomes of the silent cells, and what of the time
#    between first and last?
# 5. Section 6: `--set encoding.keep=0.1` means `"encoding.keep=0.1"` in the list beside `dataset.trials`.
#    How few spikes are enough for a network that was trained on 30 %?

# %% [markdown]
# ## Answers
#
# **1.** ON and OFF cells exchange their roles: a bright spot on black has become a dark one on white, so the
# OFF cells now respond where the ON cells did. Gain control leaves the size of the responses alone.
#
# **4.** Twice the current takes more cells above the rheobase, so fewer are silent, and the first spikes come
# sooner: the time between first and last grows, as the weakest of them still take all of the trial.
