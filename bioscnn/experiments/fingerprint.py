"""Which code the outcome of a measure depends on."""

from __future__ import annotations

from functools import cache

from bioscnn.experiments.unit import measure_of
from bioscnn.fingerprint import closure, code_of_modules, hash_of_code


@cache
def code_of(measure: str) -> str:
    """Return the hash of all code that a measure can reach."""
    measure_of(measure)
    return code_of_modules(measure.partition(":")[0])


@cache
def core_of(measure: str) -> str:
    """Return the hash of the code that turns the inputs of a measure into its outcome."""
    own = measure.partition(":")[0]
    return hash_of_code({own, *closure(measure_of(measure).core)})
