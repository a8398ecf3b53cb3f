"""What the GPU needs: CUDA, GeNN 4 and brian2genn."""

from __future__ import annotations

import re
from pathlib import Path

from bioscnn.doctor.machine import Check, Environment, this_machine
from bioscnn.errors import UserError

_GENN_PATH = "install GeNN 4.9.0 (conda channel brian-team) and export GENN_PATH=its folder"
_BRIAN2GENN = 'in an environment of its own: make env DEVICE=genn, or pip install "bioscnn[genn]"'
_VERSION = "1.7.0"


def check_genn(environment: Environment) -> Check:
    """Check GeNN's version and brian2genn.

    brian2genn 1.7.0 needs GeNN 4.2.1 to 4.9. It accepts GeNN 5 as well, builds for 90 s, and then dies with
    an error code; so the version is read from ``GENN_PATH/version.txt`` before anything is built.
    """
    from packaging.version import InvalidVersion, Version

    given = environment.variables.get("GENN_PATH")
    if not given:
        return Check("GeNN", "optional", "GENN_PATH is not set", _GENN_PATH)
    file = Path(given) / "version.txt"
    try:
        version = Version(file.read_text().strip())
    except (OSError, InvalidVersion, UnicodeDecodeError):
        return Check("GeNN", "broken", f"no version in {file}", _GENN_PATH)
    if not Version("4.2.1") <= version < Version("5"):
        return Check(
            "GeNN", "broken", f"GeNN {version} in {given}, but brian2genn needs 4.2.1 to 4.9", _GENN_PATH
        )
    brian2genn = environment.version_of("brian2genn")
    if brian2genn is None:
        return Check("GeNN", "missing", f"GeNN {version}, but brian2genn is not installed", _BRIAN2GENN)
    if brian2genn != _VERSION:
        found = f"brian2genn {brian2genn}, but bioscnn is written for {_VERSION}"
        return Check("GeNN", "broken", found, _BRIAN2GENN)
    return Check("GeNN", "ok", f"GeNN {version} with brian2genn {brian2genn}")


def check_cuda(environment: Environment) -> Check:
    """Look for nvcc, in CUDA_PATH or on the PATH; GeNN 4 does not compile against CUDA 13."""
    folder = environment.variables.get("CUDA_PATH")
    nvcc = str(Path(folder, "bin", "nvcc")) if folder else environment.which("nvcc")
    if nvcc is None:
        return Check("CUDA", "optional", "no nvcc on the PATH", "for a GPU: install the CUDA 12 toolkit")
    answer = environment.run([nvcc, "--version"])
    release = re.search(r"release (\d+)\.(\d+)", answer.stdout)
    if release is None:
        return Check("CUDA", "broken", f"{nvcc} does not tell its version", "install the CUDA 12 toolkit")
    found = f"CUDA {release[1]}.{release[2]} ({nvcc})"
    if int(release[1]) >= 13 and environment.variables.get("GENN_PATH"):
        fix = "install the CUDA 12 toolkit and export CUDA_PATH=its folder"
        return Check("CUDA", "broken", f"{found}, but GeNN 4 needs CUDA 12 or older", fix)
    return Check("CUDA", "ok", found)


def require_genn(use_gpu: bool, environment: Environment | None = None) -> None:
    """Refuse at once, before anything is loaded or built, where a simulation on GeNN cannot succeed.

    Parameters
    ----------
    use_gpu : bool
        Whether CUDA is needed too.
    environment : Environment, optional
        Another machine to examine, for tests.

    Raises
    ------
    UserError
        If GeNN, brian2genn or, for a GPU, CUDA is missing or of a wrong version.
    """
    environment = environment or this_machine()
    for check in (check_genn, *([check_cuda] if use_gpu else [])):
        found = check(environment)
        if found.status != "ok":
            raise UserError(
                f"the device genn needs {found.name}",
                key="simulation.device",
                value=found.found,
                fix=f'{found.fix}; or set simulation.device = "cpp_standalone", which needs none of it',
            )
