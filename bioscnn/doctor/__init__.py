"""What is missing on this machine, and the command that mends it.

Works where the packages it examines cannot be imported: Brian2 is tried in another process.
"""

from __future__ import annotations

from collections.abc import Callable

from bioscnn.doctor.disk import check_cache
from bioscnn.doctor.genn import check_cuda, check_genn, check_gpu, find_genn, find_gpu, require_genn
from bioscnn.doctor.machine import Check, Environment, this_machine
from bioscnn.doctor.packages import check_brian2, check_optional, check_python, check_requirements
from bioscnn.doctor.toolchain import locate_make, require_compiler, try_compiler

__all__ = [
    "Check",
    "Environment",
    "diagnose",
    "find_genn",
    "find_gpu",
    "require_compiler",
    "require_genn",
    "this_machine",
]

_EXAMINATIONS: tuple[Callable[[Environment], Check | list[Check]], ...] = (
    check_python,
    check_requirements,
    check_brian2,
    try_compiler,
    locate_make,
    check_cache,
    check_optional,
    check_genn,
    check_cuda,
    check_gpu,
)


def diagnose(environment: Environment | None = None) -> list[Check]:
    """Examine this machine.

    Parameters
    ----------
    environment : Environment, optional
        Another machine to examine, for tests.

    Returns
    -------
    list of Check
        In the order in which things should be mended. Takes a few seconds: Brian2 is imported by another
        process and a C++ program is compiled.
    """
    environment = environment or this_machine()
    checks: list[Check] = []
    for examine in _EXAMINATIONS:
        try:
            finding = examine(environment)
        except ModuleNotFoundError as error:  # packaging, which comes with the packages examined
            finding = Check(f"{error.name}", "missing", "not installed", f"pip install {error.name}")
        checks.extend(finding if isinstance(finding, list) else [finding])
    return checks
