"""What a trained network answers to examples, kept: it is the same for all neurons, synapses and readouts."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import LayerGraph
from bioscnn.caches import cache_folder
from bioscnn.errors import UserError
from bioscnn.files import read_npz, write_npz
from bioscnn.fingerprint import code_of_modules, environment_of_results, hash_of
from bioscnn.studies.inputs import Input

ARRAY = "class"


def answers(graph: LayerGraph, examples_input: Input) -> NDArray[np.int64]:
    """Return the class that a trained network gives each example, shape (n_trials,).

    They are kept in the cache folder under a hash of the network, of what it is shown, and of the code.
    """
    code = code_of_modules(LayerGraph.__module__, type(examples_input).__module__)
    key = hash_of(graph.sha256(), code, environment_of_results(), *examples_input.ann_input())
    path = cache_folder() / "answers" / f"{key}.npz"
    stored = read_npz(path)
    if stored is not None and ARRAY in stored and len(stored[ARRAY]) == len(examples_input.examples):
        return stored[ARRAY]
    classes = examples_input.ann_class(graph)
    with suppress(OSError, UserError):  # where the folder cannot be written, they are computed each time
        path.parent.mkdir(parents=True, exist_ok=True)
        write_npz(path, {ARRAY: classes})
    return classes
