"""Is what would be released whole? ``python -m tests.release``, or ``make release-check``.

An sdist and a wheel are built and checked by twine, and the citation by its schema. The wheel is installed,
with what pip chooses and without this repository's constraints, into an empty environment of each Python that
is named. There, outside the repository, digits are classified, a user's own images become a study that is
run with a network made there, and with ``--train`` with one that is trained on them. With ``--audit`` known
faults are looked up of what was installed, and of what ``make env`` installs. Prints a line per check; ends
with code 1 if one failed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
LARGEST_WHEEL = 10e6
"""Bytes."""
PINS = ROOT / "constraints" / "python3.11.txt"
"""What ``make env`` installs."""
AUDIT = ("-m", "pip_audit", "--strict", "--disable-pip", "--no-deps")
NETWORK = "network.model=stripes.onnx"

DIGITS = 200
RIGHT = 198
"""Of the first digits of the test images; other packages may round one of them otherwise."""

OWN_IMAGES = """
import numpy as np
from bioscnn.ann import Dense, Flatten, LayerGraph, ReLU, write_onnx
y = np.arange(300) % 3
x = np.random.default_rng(1).random((300, 1, 12, 12)) / 2
for row, label in enumerate(y):
    x[row, 0, 4 * label : 4 * label + 4] += 0.5
np.savez("stripes.npz", x=x, y=y)
stripe = np.eye(3, dtype=np.float32).repeat(4 * 12, axis=1) / 48
layers = Flatten(), Dense(stripe, None), ReLU(), Dense(2 * np.eye(3, dtype=np.float32) - 1, None)
write_onnx(LayerGraph("stripes", (1, 12, 12), layers), "stripes.onnx")
"""


@dataclass
class Checks:
    """What was checked, whether it is well, and in how many seconds."""

    rows: list[tuple[str, bool, float, str]] = field(default_factory=list)

    def run(self, what: str, command: Sequence[object], folder: Path) -> bool:
        """Run a command in a folder, without this repository on its path."""
        environment = {
            k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "BIOSCNN_", "PIP_CONSTRAINT"))
        }
        environment["BIOSCNN_CACHE"] = str(folder / "cache")
        begun = time.perf_counter()
        done = subprocess.run(
            list(map(str, command)), cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:] if done.returncode else []
        self.say(what, done.returncode == 0, time.perf_counter() - begun, *last)
        return done.returncode == 0

    def say(self, what: str, well: bool, seconds: float = 0.0, note: str = "") -> None:
        """Take in, and print, what came of a check."""
        self.rows.append((what, well, seconds, note))
        print(f"{'ok  ' if well else 'FAIL'} {seconds:6.1f} s  {what}  {note}", flush=True)


def build(checks: Checks, tools: Path, folder: Path) -> Path | None:
    """Build the sdist, and from it the wheel; return the wheel."""
    source = folder / "source"
    files = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for name in filter(None, files.split("\0")):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, source / name)
    dist = folder / "dist"
    if not checks.run("sdist and wheel are built", [tools, "-m", "build", "--outdir", dist], source):
        return None
    wheel, sdist = next(dist.glob("*.whl")), next(dist.glob("*.tar.gz"))
    checks.run("twine check", [tools, "-m", "twine", "check", "--strict", wheel, sdist], folder)
    names = zipfile.ZipFile(wheel).namelist()
    size = wheel.stat().st_size
    checks.say("the wheel holds the licence", any(name.endswith("licenses/LICENSE") for name in names))
    checks.say(
        "the wheel holds studies and networks",
        {"bioscnn/sims/mnist.toml", "bioscnn/models/mnist-small.onnx"} <= {*names},
    )
    checks.say(
        "the wheel holds nothing of tests or data",
        not any(n.startswith(("tests/", "bench/", "results/")) for n in names),
    )
    checks.say(f"the wheel is {size / 1e6:.1f} MB, at most {LARGEST_WHEEL / 1e6:.0f}", size <= LARGEST_WHEEL)
    with tarfile.open(sdist) as packed:
        checks.say("the sdist holds the licence", any(n.endswith("/LICENSE") for n in packed.getnames()))
    return wheel


def use(checks: Checks, python: str, wheel: Path, folder: Path, torch: str | None, audit: list[str]) -> None:
    """Install the wheel into an empty environment, and do with it what a user would do first."""
    place = Path(tempfile.mkdtemp(prefix=Path(python).name, dir=folder))
    if not checks.run(f"{python}: an empty environment", [python, "-m", "venv", place / "venv"], folder):
        return
    own, bioscnn = place / "venv" / "bin" / "python", place / "venv" / "bin" / "bioscnn"
    packages = [wheel, *([torch] if torch else [])]
    if not checks.run(f"{python}: pip install", [own, "-m", "pip", "install", "-q", *packages], place):
        return
    if checks.run(f"{python}: {DIGITS} digits", [bioscnn, "run", "mnist", "--trials", DIGITS], place):
        accuracy_is(checks, f"{python}: digits", place / "results" / "mnist", RIGHT / DIGITS)
    checks.run(f"{python}: arrays of one's own", [own, "-c", OWN_IMAGES], place)
    checks.run(f"{python}: new", [bioscnn, "new", "stripes", "--data", "npz:stripes.npz"], place)
    if checks.run(f"{python}: run", [bioscnn, "run", "stripes.toml", "--set", NETWORK], place):
        accuracy_is(checks, f"{python}: own images", place / "results" / "stripes", 1.0)
    if torch:
        (place / "stripes.onnx").unlink()  # made by hand, which no training writes over
        checks.run(f"{python}: train", [bioscnn, "train", "stripes.toml", "--epochs", "20"], place)
        if checks.run(f"{python}: run what was trained", [bioscnn, "run", "stripes.toml"], place):
            accuracy_is(checks, f"{python}: what was trained", place / "results" / "stripes", 1.0)
    checks.run(f"{python}: pip check", [own, "-m", "pip", "check"], place)
    if audit:
        freeze = [own, "-m", "pip", "list", "--format", "freeze", "--exclude", "bioscnn"]
        installed = subprocess.run(list(map(str, freeze)), capture_output=True, text=True, check=True).stdout
        (place / "installed.txt").write_text(installed)
        checks.run(f"{python}: known vulnerabilities", [*audit, "-r", "installed.txt"], place)


def accuracy_is(checks: Checks, what: str, results: Path, expected: float) -> None:
    """Compare the accuracy of the latest run, of which one trial in 200 may be another."""
    summary = json.loads((results / "latest" / "summary.json").read_text())
    accuracy = summary["accuracy"]["peak-potential"][0]
    checks.say(
        f"{what}: accuracy {accuracy:.3f}, expected {expected:.3f}", abs(accuracy - expected) < 1.5 / DIGITS
    )


def main() -> int:
    """Run all checks; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--python", action="append", help="such as python3.12, repeatable (default: this one)"
    )
    parser.add_argument(
        "--train", metavar="TORCH", nargs="?", const="torch", help="train too, with this torch"
    )
    parser.add_argument(
        "--audit", action="store_true", help="look up known vulnerabilities (needs a network)"
    )
    options = parser.parse_args()
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="release-") as scratch:
        folder = Path(scratch)
        subprocess.run([sys.executable, "-m", "venv", folder / "tools"], check=True)
        tools = folder / "tools" / "bin" / "python"
        wanted = ["build", "twine", "cffconvert", *(["pip-audit"] if options.audit else [])]
        checks.run("tools", [tools, "-m", "pip", "install", "-q", *wanted], folder)
        citation = [tools.with_name("cffconvert"), "--validate", "-i", ROOT / "CITATION.cff"]
        checks.run("CITATION.cff keeps to its schema", citation, folder)
        # Strict, since a package that could not be looked up is no package without a fault.
        audit = [str(tools), *AUDIT] if options.audit else []
        if audit:
            checks.run(f"known vulnerabilities of {PINS.name}", [*audit, "-r", PINS], folder)
        wheel = build(checks, tools, folder)
        for python in options.python or [sys.executable] if wheel else []:
            use(checks, python, wheel, folder, options.train, audit)
    failed = [what for what, well, _, _ in checks.rows if not well]
    print(f"{len(checks.rows) - len(failed)} of {len(checks.rows)} checks are well")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
