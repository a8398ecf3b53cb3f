"""Convolutional layers, compiled and as a plain Brian2 network, on the same digits in one run.

    python -m bench.stdp_convolutional                # docs/tables/stdp-convolutional-speed.csv

Processor time, so that neighbours on the machine count little. Both show digits to the shipped network, from
the spikes of its retina to the potentials of its second layer; the plain network is built, and has seen one
digit, before its time is taken. The compiled one is timed on more digits. Both have 10 maps of the second
layer: for all 200, Brian2 would hold 25 million synapses. Weights are rounded to multiples of 1/2048.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd

from bioscnn.claims import made_now
from bioscnn.claims.record import write_table
from bioscnn.datasets.mnist import load_embedded
from bioscnn.stdp.convolutional.classify import architecture, keys_of
from bioscnn.stdp.convolutional.layer import pool
from bioscnn.stdp.convolutional.plain import PlainNetwork
from bioscnn.stdp.convolutional.retina import spike_times
from bioscnn.stdp.network import read_network

TABLE = Path("docs/tables/stdp-convolutional-speed.csv")
CODE = ("bioscnn.stdp.convolutional.layer", "bioscnn.stdp.convolutional.plain")
DIGITS, MORE, MAPS = 3, 500, 10
EXACT = np.float32(2048)
"""Sums of multiples of 1/2048 are exact in single precision, so that equal potentials are equal for both."""


def compare(model: str) -> dict[str, object]:
    """Return one row: what both make of the same digits, and their times."""
    digits = load_embedded().take(MORE)
    network = read_network("mnist-stdp-convolutional", "convolutional", 784, digits.classes)
    built = architecture(keys_of(network))
    built = replace(built, neuron=built.neuron.model_copy(update={"model": model}))
    first, second = (network.arrays[name].astype(np.float32) for name in ("first", "second"))
    first, second = (np.round(EXACT * weights) / EXACT for weights in (first, second[..., :MAPS]))
    layer, last = built.layers()
    times = spike_times(digits.intensities(), built.retina, built.neuron)
    size, steps = (28, 28), built.neuron.n_steps
    plain = PlainNetwork(size, first, second, built.first.threshold, built.first.pool, steps, layer.leak)
    plain.show(times[0])
    begun = process_time()
    responses = [plain.show(image_times) for image_times in times[:DIGITS]]
    slow = (process_time() - begun) / DIGITS
    layer.first_spikes(times[:1], first)
    begun = process_time()
    fired = layer.first_spikes(times, first)
    pooled = pool(fired, built.first.pool)
    peaks = last.peak_potentials(pooled, second, pooled.shape[2:])
    quick = (process_time() - begun) / MORE
    differing = sum(int(np.count_nonzero(response.first != fired[k])) for k, response in enumerate(responses))
    largest = max(
        float(np.abs(response.peaks - peaks[k].transpose(2, 0, 1)).max())
        for k, response in enumerate(responses)
    )
    return {
        "neuron": model,
        "digits": DIGITS,
        "plain Brian2, numpy (ms)": round(1e3 * slow, 1),
        "compiled (ms)": round(1e3 * quick, 3),
        "ratio": round(slow / quick),
        "spikes of the first layer": sum(
            int(np.count_nonzero(response.first != 255)) for response in responses
        ),
        "spikes that differ": differing,
        "largest difference of potentials (PSPs)": float(f"{largest:.2g}"),
    }


if __name__ == "__main__":
    rows = [compare(model) for model in ("if", "lif")]
    made = made_now("python -m bench.stdp_convolutional", "digits", *CODE)
    units = dict.fromkeys(("digits", "ratio", "spikes of the first layer", "spikes that differ"), "1")
    write_table(TABLE, pd.DataFrame(rows).to_csv(index=False).encode(), replace(made, units=units))
    print(pd.DataFrame(rows).to_string())
