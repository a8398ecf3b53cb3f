"""Compiled programs: one for each shape of network, cached on disk, reused for any weights and stimuli.

What shapes the code (equations, sizes, connectivity, steps, precision, recording, versions, machine) is
hashed into the name of the program's folder. Parameters, weights and stimuli are read from files by the
program when it runs (see ``cpp/stream.h``), so changing them needs no compiler.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from bioscnn.caches import cache_folder
from bioscnn.doctor import require_compiler
from bioscnn.errors import UserError
from bioscnn.network import SpikingNetwork
from bioscnn.simulation.equations import border_statements, equations_of, threshold_of

TEMPLATES = Path(__file__).parent / "cpp"
"""C++ that is ours: templates for Brian2's code generation, and the files' format."""


@dataclass(frozen=True)
class Program:
    """A compiled program.

    Attributes
    ----------
    folder : Path
        Holds ``main`` and the arrays of the connectivity; the program runs in it and never writes to it.
    seconds : float
        What the build took; 0 if the program came from the cache.
    """

    folder: Path
    seconds: float

    @property
    def executable(self) -> Path:
        """The program."""
        return self.folder / "main"


@dataclass(frozen=True)
class ProgramShape:
    """Everything that decides what a compiled program looks like.

    Parameters
    ----------
    network : SpikingNetwork
        Its weights and parameter values do not matter here.
    spike_input : bool
        Whether the stimulus consists of spikes.
    n_steps : int
        Steps of a trial.
    dt : float
        Duration of a step, s.
    precision : str
        ``"float32"`` or ``"float64"``.
    """

    network: SpikingNetwork
    spike_input: bool
    n_steps: int
    dt: float
    precision: str

    def key(self) -> str:
        """Return the hash that names the program."""
        populations = []
        for population in self.network.neurons:
            assert population.neuron is not None
            text = equations_of(self.network, population), threshold_of(population, self.n_steps)
            neuron = population.neuron
            integration = neuron.method if isinstance(neuron.method, str) else neuron.method(None)
            rules = neuron.reset_statement, neuron.refractory, integration
            populations.append(
                (population.name, population.size, *text, *rules, border_statements(self.network, population))
            )
        projections = [
            (p.pre, p.post, p.connectivity.geometry, p.synapse.on_pre, p.synapse.weight)
            for p in self.network.projections
            if p.synapse is not None
        ]
        shape = [
            populations, projections, self.network.source.size if self.spike_input else None,
            self.n_steps, self.dt, self.precision,
            version("brian2"), _machine(), _own_sources(),
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(shape).encode()).hexdigest()[:20]


@cache
def _own_sources() -> str:
    """Hash the modules and templates that generate code."""
    here = Path(__file__).parent
    files = [here / "brian.py", here / "build.py", here / "program.py", *sorted(TEMPLATES.iterdir())]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


@cache
def _machine() -> list[str]:
    """Name processor and compiler: programs made with ``-march=native`` run on like machines only."""
    cpuinfo = Path("/proc/cpuinfo")
    flags = [line for line in cpuinfo.read_text().splitlines() if line.startswith(("model name", "flags"))][
        :2
    ]
    compiler = shutil.which(os.environ.get("CXX", "g++"))
    asked = (
        [] if compiler is None else subprocess.check_output([compiler, "--version"], text=True).split("\n")
    )
    return [platform.system(), platform.machine(), *flags, *asked[:1]]


def obtain(shape: ProgramShape) -> Program | None:
    """Return the cached program of a shape, or None."""
    folder = cache_folder() / "programs" / shape.key()
    return Program(folder, 0.0) if (folder / "main").is_file() else None


def build(shape: ProgramShape) -> Program:
    """Compile the program of a shape, and cache it.

    Two processes may build the same program at once; the one that ends later keeps the other's.

    Raises
    ------
    UserError
        Without a compiler, if compilation fails, or if the cache folder is not writable.
    """
    from time import perf_counter

    from bioscnn.simulation.build import generate_source

    require_compiler()
    start = perf_counter()
    programs = cache_folder() / "programs"
    final = programs / shape.key()
    try:
        programs.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".building-", dir=programs) as scratch:
            folder = Path(scratch) / "program"
            generate_source(shape, folder)
            # Without DEPS, make does not preprocess every file once more to find what depends on what.
            command = ["make", "-f", str(TEMPLATES / "precompiled.mk"), f"-j{os.cpu_count() or 1}", "DEPS="]
            made = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            if made.returncode != 0:
                raise UserError(
                    "the C++ compiler could not build the network",
                    value=made.stderr.strip()[-2000:],
                    fix="run `bioscnn doctor`; if it finds nothing, report this message",
                )
            for leftover in [*folder.rglob("*.o"), *folder.glob("*.gch")]:
                leftover.unlink()
            if not (final / "main").is_file():
                shutil.rmtree(final, ignore_errors=True)
                folder.replace(final)
    except OSError as error:
        if (final / "main").is_file():
            return Program(final, perf_counter() - start)
        raise UserError(
            f"cannot keep the compiled program: {error.strerror}",
            file=programs,
            fix="free some space there, or set BIOSCNN_CACHE to a folder that has some",
        ) from error
    return Program(final, perf_counter() - start)
