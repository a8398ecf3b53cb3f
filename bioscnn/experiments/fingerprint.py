"""Which code the outcome of a measure depends on."""

from __future__ import annotations

from functools import cache

from bioscnn.experiments.unit import measure_of
from bioscnn.fingerprint import closure, code_of_modules, hash_of_code, kept_hash

EXPERIMENTS = "bioscnn.experiments."


@cache
def code_of(measure: str) -> str:
    """Return the hash of all code that a measure can reach."""
    measure_of(measure)
    return code_of_modules(measure.partition(":")[0])


@cache
def core_of(measure: str) -> str:
    """Return the hash of the code that turns the inputs of a measure into its outcome.

    This is the core that the measure names, its own module, and the modules of `bioscnn.experiments` that it
    is made of.
    """
    module, core = measure.partition(":")[0], measure_of(measure).core

    def compute() -> str:
        own = {name for name in closure([module]) if name.startswith(EXPERIMENTS)}
        return hash_of_code(own | closure(core))

    return kept_hash((module, *core), compute, "core")
