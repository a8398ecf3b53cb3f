"""Everything that decides what a compiled program looks like, and its hash.

Equations, sizes, connectivity, precision, versions and machine shape the code. Parameters, weights, stimuli,
the time step, the duration and what is recorded do not: the program reads them from files when it runs (see
``cpp/stream.h``).
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from inspect import getsource
from itertools import takewhile
from pathlib import Path
from typing import Any, ClassVar

from bioscnn.network import Population, Projection, SpikingNetwork
from bioscnn.simulation.equations import (
    border_statements,
    equations_of,
    method_of,
    parameters_of,
    reset_of,
    threshold_of,
)
from bioscnn.simulation.procedural import Patches, delivery, patches

TEMPLATES = Path(__file__).parent / "cpp"
"""C++ that is ours: templates for Brian2's code generation, and the files' format."""


@dataclass(frozen=True)
class ProgramShape:
    """Everything that decides what a compiled program looks like.

    Parameters
    ----------
    network : SpikingNetwork
        Its weights and parameter values do not matter here.
    spike_input : bool
        Whether the stimulus consists of spikes.
    precision : str
        ``"float32"`` or ``"float64"``.
    connectivity : str
        ``"auto"``: the program computes each projection that it can, and reads a list of synapses for the
        others; ``"procedural"``: it computes all of them; ``"explicit"``: all are `brian2.Synapses`.
    """

    network: SpikingNetwork
    spike_input: bool
    precision: str
    connectivity: str = "auto"

    arguments: ClassVar[tuple[str, ...]] = ()
    """What the program is called with."""

    @property
    def procedural(self) -> tuple[Projection, ...]:
        """The projections through synapses that the program computes."""
        return self._delivered("procedural")

    @property
    def listed(self) -> tuple[Projection, ...]:
        """The projections whose synapses it reads from a list."""
        return self._delivered("listed")

    @property
    def explicit(self) -> tuple[Projection, ...]:
        """The projections that are `brian2.Synapses`."""
        return self._delivered("explicit")

    def _delivered(self, how: str) -> tuple[Projection, ...]:
        return tuple(p for p in self._through_synapses if delivery(p, self.connectivity) == how)

    @property
    def _through_synapses(self) -> tuple[Projection, ...]:
        return tuple(p for p in self.network.projections if p.synapse is not None)

    def parameters(self, population: Population) -> dict[str, float]:
        """Return the numbers that all neurons of a population share, and a program reads."""
        return parameters_of(self.network, population)

    def injection(self, name: str) -> Patches | None:
        """Return the patches by which the program turns currents of the stimulus into those of a population.

        None where it is told them neuron by neuron.
        """
        driving = [p for p in self.network.onto(name) if p.synapse is None]
        return patches(self.network, driving[0]) if len(driving) == 1 else None

    def key(self) -> str:
        """Return the hash that names the program."""
        populations = []
        for population in self.network.neurons:
            assert population.neuron is not None
            text = equations_of(self.network, population), threshold_of(population)
            method = method_of(self.network, population)
            solution = method if isinstance(method, str) else getsource(method)
            rules = reset_of(self.network, population), population.neuron.refractory, solution
            rest = border_statements(self.network, population)
            noisy = population.noise is not None
            populations.append((population.name, population.shape, *text, *rules, rest, noisy))
        listed = self.listed
        projections = [
            (
                p.pre, p.post, () if p in listed else p.connectivity.geometry, p in self.explicit,
                p.failure is not None, p.synapse and (p.synapse.on_pre, p.synapse.target, p.synapse.weight),
            )
            for p in self.network.projections
        ]  # fmt: skip
        with_axons = [p.name for p in self.network.populations if p.axons is not None]
        shape = [
            populations, projections, with_axons, self.network.source.shape, self.spike_input, self.precision,
            *made_by(),
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(shape).encode()).hexdigest()[:20]


def made_by() -> list[Any]:
    """Return the versions of what makes programs: Brian2, machine and compiler, and our own code."""
    return [_brian2(), _machine(), _own_sources()]


@cache
def _brian2() -> str:
    """Return the version of Brian2; to find it out takes a millisecond."""
    return version("brian2")


@cache
def _own_sources() -> str:
    """Hash the modules and templates that generate code."""
    here = Path(__file__).parent
    files = [
        here / "brian.py",
        here / "build.py",
        here / "numbering.py",
        here / "procedural.py",
        here / "shape.py",
        here / "source.py",
        here / "translation_unit.py",
        *sorted(TEMPLATES.iterdir()),
    ]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


@cache
def _machine() -> list[str]:
    """Name processor and compiler: programs made with ``-march=native`` run on like machines only."""
    return [platform.system(), platform.machine(), processor(), *_compiler()]


PROCESSOR_LINES = ("model name", "flags", "CPU implementer", "CPU part", "Features")
"""How lines of ``/proc/cpuinfo`` begin, on x86 and on ARM."""


@cache
def processor() -> str:
    """Name the processor and, on Linux, all that it can do."""
    if not (cpuinfo := Path("/proc/cpuinfo")).exists():
        return platform.processor()
    with cpuinfo.open() as lines:  # there may be hundreds of processors: of the first one
        first = takewhile(str.strip, lines)
        return "".join(line for line in first if line.startswith(PROCESSOR_LINES))


def _compiler() -> list[str]:
    """Name the compiler; one that is broken, which will be told when it compiles, need not answer."""
    compiler = shutil.which(os.environ.get("CXX", "g++"))
    if compiler is None:
        return []
    try:
        answer = subprocess.run([compiler, "--version"], stdout=subprocess.PIPE, text=True, errors="replace")
    except OSError:
        return []
    return answer.stdout.split("\n")[:1]
