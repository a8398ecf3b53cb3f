"""Python and its packages."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from bioscnn.brian_versions import misfit
from bioscnn.doctor.machine import Check, Environment
from bioscnn.extras import how_to_install

_MINIMUM_PYTHON = (3, 11)
_OPTIONAL = {"torch": "train", "neo": "export", "pynwb": "nwb", "onnxruntime": "dev", "playwright": "dev"}
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def check_python(environment: Environment) -> Check:
    """Check the interpreter's version."""
    version = ".".join(map(str, environment.python))
    if environment.python[:2] >= _MINIMUM_PYTHON:
        return Check("Python", "ok", version)
    return Check("Python", "broken", version, "install Python 3.11 and make a new environment with it")


def check_requirements(environment: Environment) -> list[Check]:
    """Check every package that bioscnn requires; a finding for each bad one, or one that all are good."""
    if not environment.requirements:
        return [Check("bioscnn", "missing", "its package is not installed", "pip install -e .")]
    from packaging.requirements import Requirement

    parsed = [Requirement(text) for text in environment.requirements]
    core = [
        required for required in parsed if required.marker is None or required.marker.evaluate({"extra": ""})
    ]
    checks = []
    for requirement in core:
        version = environment.version_of(requirement.name)
        install = f'pip install "{requirement.name}{requirement.specifier}"'
        if version is None:
            checks.append(Check(requirement.name, "missing", "not installed", install))
        elif not requirement.specifier.contains(version, prereleases=True):
            problem = f"{version}, but bioscnn needs {requirement.specifier}"
            checks.append(Check(requirement.name, "broken", problem, install))
    return checks or [Check("packages", "ok", f"all {len(core)} at a version that bioscnn accepts")]


def check_brian2(environment: Environment) -> Check:
    """Check that Brian2 and NumPy fit each other, and that Brian2 really imports.

    Which do is said in `bioscnn.brian_versions`.
    """
    brian2, numpy = environment.version_of("brian2"), environment.version_of("numpy")
    if brian2 is None or numpy is None:
        lacking = "brian2" if brian2 is None else "numpy"
        return Check(
            "Brian2", "missing", f"{lacking} is not installed", 'pip install "brian2>=2.9" "numpy<2.4"'
        )
    pair = f"Brian2 {brian2} with NumPy {numpy}"
    wrong = misfit(brian2, numpy)
    if wrong is not None:
        problem = f"{pair}, but Brian2 before {wrong[0]} needs NumPy before {wrong[1]}"
        return Check("Brian2", "broken", problem, f'pip install "numpy<{wrong[1]}"')
    start = time.perf_counter()
    imported = environment.run([sys.executable, "-c", "import brian2"])
    seconds = time.perf_counter() - start
    if imported.returncode == 0:
        return Check("Brian2", "ok", f"{pair}, imported in {seconds:.1f} s")
    reason = (imported.stderr.strip().splitlines() or ["no message"])[-1]
    fix = f'pip install --force-reinstall "brian2=={brian2}" "numpy=={numpy}"'
    return Check("Brian2", "broken", f"{pair}, but import brian2 fails: {reason}", fix)


def check_optional(environment: Environment) -> list[Check]:
    """Look for the packages that only some tasks need, and for a browser."""
    checks = []
    for name, extra in _OPTIONAL.items():
        version = environment.version_of(name)
        fix = "" if version else how_to_install(extra)
        checks.append(Check(name, "ok" if version else "optional", version or "not installed", fix))
    browser = _find_browser(environment)
    fix = "" if browser else "playwright install chromium"
    checks.append(Check("Chromium", "ok" if browser else "optional", browser or "not found", fix))
    return checks


def _find_browser(environment: Environment) -> str | None:
    on_path = next(filter(None, map(environment.which, _BROWSERS)), None)
    if on_path is not None:
        return on_path
    caches = "Library/Caches" if environment.system == "Darwin" else ".cache"
    home = environment.variables.get("HOME", "")
    default = Path(home, caches, "ms-playwright")
    folder = Path(environment.variables.get("PLAYWRIGHT_BROWSERS_PATH", default))
    return next((str(path) for path in folder.glob("chromium-*")), None)
