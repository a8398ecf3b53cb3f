"""A process that holds one contestant with one problem and answers requests, a JSON object a line.

    python -m bench.worker bench.contestants.torch_loop results/bench/problems/"mnist-small-relu, IF"

Requests: ``{"do": "classify", "images": 512, "batch": 64, "variant": ""}`` is answered by the seconds from
examples (images or recordings) in memory to classes in memory; ``"do": "classes"`` by the classes; ``"do":
"spikes"`` by the spikes of each layer per example; ``"do": "memory"`` by the peak memory of this process so
far, and of the programs that it starts for one more, untimed, classification. What goes wrong is answered by
``{"error": ...}``.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bench.memory import ProgramsWatch, peak_of_this_process
from bench.problem import Problem, Stimulus, read_problem


class Contestant(Protocol):
    """A network that is ready to classify; the module of a contestant makes one by ``load(problem)``.

    Whatever needs to be done once, such as compiling, may be done by ``load`` or by the first call.
    """

    def classify(self, stimulus: Stimulus, batch: int, variant: str) -> NDArray[np.int64]:
        """Return the class of each example, shape (n,)."""

    def spikes(self, stimulus: Stimulus, batch: int, variant: str) -> list[float]:
        """Return how many spikes each layer before the last one fires per example."""


def answer(contestant: Contestant, problem: Problem, request: dict[str, Any]) -> dict[str, Any]:
    """Do what a request asks for."""
    how = problem.stimulus(request["images"]), request["batch"], request["variant"]
    match request["do"]:
        case "classify":
            begun = perf_counter()
            contestant.classify(*how)
            return {"seconds": perf_counter() - begun}
        case "classes":
            return {"classes": contestant.classify(*how).tolist()}
        case "spikes":
            return {"spikes": contestant.spikes(*how)}
        case "memory":
            with ProgramsWatch() as programs:
                contestant.classify(*how)
            return {
                "process_mb": peak_of_this_process(),
                "program_mb": programs.largest_mb,
                "programs_mb": programs.together_mb,
            }
        case unknown:
            raise ValueError(f"unknown request: {unknown}")


def main() -> None:
    """Say that the contestant is ready, then answer until the input ends."""
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever a library prints goes to the log
    module, folder = sys.argv[1:]

    def reply(content: dict[str, Any]) -> None:
        replies.write(json.dumps(content) + "\n")

    try:
        problem = read_problem(Path(folder))
        contestant = import_module(module).load(problem)
    except Exception as error:
        traceback.print_exc()
        reply({"error": f"{type(error).__name__}: {error}"})
        return
    reply({"ready": True})
    for line in sys.stdin:
        try:
            reply(answer(contestant, problem, json.loads(line)))
        except Exception as error:
            traceback.print_exc()
            reply({"error": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    main()
