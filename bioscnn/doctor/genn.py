"""What the device genn needs: GeNN 4, brian2genn with the old packages it runs on, and for a GPU, CUDA.

Nothing here imports Brian2, so that a simulation can ask before it begins.
"""

from __future__ import annotations

import re
from pathlib import Path

from bioscnn.doctor.machine import Check, Environment, Status, this_machine
from bioscnn.errors import UserError

PINS = {
    "brian2genn": "==1.7.0",
    "brian2": ">=2.5.4,<2.6",
    "numpy": "<2",
    "cython": "<3.1",
    "setuptools": "<82",
}
"""What brian2genn needs to work. Its own metadata do not say so, and pip installs newer ones."""

_WHY = {
    "brian2": "its code generation fits no other",
    "numpy": "it uses names that NumPy 2 no longer has",
    "cython": "with a newer one Brian2 silently takes its slow target",
    "setuptools": "it imports pkg_resources, which newer ones no longer have",
}
_GENN_PATH = "install GeNN 4.9.0 (conda channel brian-team) and export GENN_PATH=its folder"
_TOGETHER = "in an environment of its own: make env DEVICE=genn, or pip install " + " ".join(
    f'"{name}{pin}"' for name, pin in PINS.items()
)


def check_genn(environment: Environment) -> list[Check]:
    """Check GeNN's version, and brian2genn with its packages: a finding for each that does not fit.

    brian2genn 1.7.0 needs GeNN 4.2.1 to 4.9. It accepts GeNN 5 as well, builds for 90 s, and then dies with
    an error code; so the version is read from ``GENN_PATH/version.txt`` before anything is built. Where
    neither ``GENN_PATH`` is set nor brian2genn is installed, nobody wants GeNN, and it is optional.
    """
    folder = _check_folder(environment)
    if folder.status == "optional":
        return [folder]
    brian2genn = environment.version_of("brian2genn")
    if brian2genn is None:
        return [folder, Check("brian2genn", "missing", "not installed", _TOGETHER)]
    bad = [check for name in PINS if (check := _check_pin(name, environment)) is not None]
    return [folder, *(bad or [Check("brian2genn", "ok", f"{brian2genn}, with packages that it works with")])]


def _check_folder(environment: Environment) -> Check:
    from packaging.version import InvalidVersion, Version

    genn_path = environment.variables.get("GENN_PATH")
    if not genn_path:
        expected = environment.version_of("brian2genn") is not None
        problem = "GENN_PATH is not set" + (", but brian2genn is installed" if expected else "")
        return Check("GeNN", "missing" if expected else "optional", problem, _GENN_PATH)
    file = Path(genn_path) / "version.txt"
    try:
        version = Version(file.read_text(encoding="utf-8").strip())
    except (OSError, InvalidVersion, UnicodeDecodeError):
        return Check("GeNN", "broken", f"no version in {file}", _GENN_PATH)
    if not Version("4.2.1") <= version < Version("5"):
        problem = f"GeNN {version} in {genn_path}, but brian2genn needs 4.2.1 to 4.9"
        return Check("GeNN", "broken", problem, _GENN_PATH)
    return Check("GeNN", "ok", f"GeNN {version} in {genn_path}")


def _check_pin(name: str, environment: Environment) -> Check | None:
    from packaging.specifiers import SpecifierSet

    version, pin = environment.version_of(name), PINS[name]
    if version is not None and SpecifierSet(pin).contains(version, prereleases=True):
        return None
    why = f" ({_WHY[name]})" if name in _WHY else ""
    problem = f"{version or 'not installed'}, but brian2genn needs {name}{pin}{why}"
    status: Status = "missing" if version is None else "broken"
    return Check(f"{name} for GeNN", status, problem, f'pip install "{name}{pin}"')


def check_cuda(environment: Environment) -> Check:
    """Look for nvcc, in CUDA_PATH or on the PATH; GeNN 4 does not compile against CUDA 13."""
    folder = environment.variables.get("CUDA_PATH")
    nvcc = str(Path(folder, "bin", "nvcc")) if folder else environment.which("nvcc")
    if nvcc is None:
        return Check("CUDA", "optional", "no nvcc on the PATH", "for a GPU: install the CUDA 12 toolkit")
    answer = environment.run([nvcc, "--version"])
    release = re.search(r"release (\d+)\.(\d+)", answer.stdout)
    fix = "install the CUDA 12 toolkit and export CUDA_PATH=its folder"
    if release is None:
        return Check("CUDA", "broken", f"{nvcc} does not tell its version", fix)
    version = f"CUDA {release[1]}.{release[2]} ({nvcc})"
    if int(release[1]) >= 13 and environment.variables.get("GENN_PATH"):
        return Check("CUDA", "broken", f"{version}, but GeNN 4 needs CUDA 12 or older", fix)
    return Check("CUDA", "ok", version)


def check_gpu(environment: Environment) -> Check:
    """Ask nvidia-smi for a GPU; GeNN needs one when it generates code for one."""
    program = environment.which("nvidia-smi")
    if program is None:
        return Check("GPU", "optional", "no nvidia-smi on the PATH", "for a GPU: install NVIDIA's driver")
    listing = environment.run([program, "--query-gpu=name,driver_version", "--format=csv,noheader"])
    names = listing.stdout.strip().splitlines()
    if listing.returncode == 0 and names:
        return Check("GPU", "ok", "; ".join(names))
    answer = (listing.stdout.strip() or listing.stderr.strip()).splitlines() or ["nothing"]
    status: Status = "broken" if environment.variables.get("GENN_PATH") else "optional"
    fix = "install or restart NVIDIA's driver until nvidia-smi lists a GPU"
    return Check("GPU", status, f"nvidia-smi says: {answer[0]}", fix)


def find_genn(environment: Environment | None = None) -> Path | None:
    """Return the folder of a GeNN that brian2genn can use; None if it or anything that it needs is amiss."""
    environment = environment or this_machine()
    usable = all(check.status == "ok" for check in check_genn(environment))
    return Path(environment.variables["GENN_PATH"]) if usable else None


def find_gpu(environment: Environment | None = None) -> bool:
    """Return whether there is a GPU, and a CUDA that GeNN can compile with."""
    environment = environment or this_machine()
    return all(check(environment).status == "ok" for check in (check_cuda, check_gpu))


def require_genn(environment: Environment | None = None, *, use_gpu: bool = False) -> Path:
    """Return the folder of GeNN, or refuse at once, before anything is built.

    Parameters
    ----------
    environment : Environment, optional
        Another machine to examine, for tests.
    use_gpu : bool
        Whether a GPU and CUDA are needed too.

    Raises
    ------
    UserError
        If GeNN, brian2genn or a package that it needs is missing or does not fit; with the fix of the first.
    """
    environment = environment or this_machine()
    checks = check_genn(environment)
    if use_gpu:
        checks += [check_cuda(environment), check_gpu(environment)]
    for check in checks:
        if check.status != "ok":
            raise UserError(
                f"the device genn cannot run: {check.name}",
                key="simulation.device",
                value=check.found,
                fix=f"{check.fix}; `bioscnn doctor` names all that is amiss",
            )
    return Path(environment.variables["GENN_PATH"])
