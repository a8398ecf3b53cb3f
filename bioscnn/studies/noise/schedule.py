"""All units of a study: what is left to do, in which order, in how many processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bioscnn.files import write_npz
from bioscnn.noise import Noise
from bioscnn.simulation.program import build_missing
from bioscnn.simulation.shape import ProgramShape
from bioscnn.studies.kept import kept
from bioscnn.studies.noise.conditions import CLEAN, Amount, fits
from bioscnn.studies.noise.unit import Found, noisy, run_unit
from bioscnn.studies.prepare import Prepared
from bioscnn.studies.watcher import Watcher

EXPLICIT = 3.0
"""About how much longer a simulation takes that lists synapses, as noise of each of them makes it do."""


@dataclass(frozen=True, eq=False)
class Unit:
    """A contestant under a noise.

    Parameters
    ----------
    contestant : str
        Its name.
    noise : str
        The noise's name, or `CLEAN`.
    kind : type of Noise, or None
        The noise, if there is any.
    prepared : Prepared
        The contestant, without noise.
    path : Path
        Where the result is kept.
    """

    contestant: str
    noise: str
    kind: type[Noise] | None
    prepared: Prepared
    path: Path

    def finish(self, amount: Amount) -> Unit:
        """Do it, and keep what it comes to."""
        write_npz(self.path, run_unit(self.prepared, self.kind, amount))
        return self

    def program(self, amount: Amount) -> ProgramShape | None:
        """Return the program that it needs, if the device compiles one; the same at every severity."""
        noise = None if self.kind is None else self.kind.at(amount.severities[-1])
        network = self.prepared.network
        if noise is not None and noise.acts_on == "network":
            network = noisy(self.prepared, noise, amount.seeds[0])[2]
        spike_input, dt = self.prepared.input.spikes is not None, self.prepared.study.config.simulation.dt
        return self.prepared.device.program(network, spike_input, dt)

    def seconds(self, clean: Found, amount: Amount) -> float:
        """Return about how long it takes, judged by how long the contestant takes without noise."""
        encoding, simulating = (float(part) for part in clean["seconds"])
        program, usual = self.program(amount), self.prepared.program
        if program is not None and usual is not None and len(program.explicit) > len(usual.explicit):
            simulating *= EXPLICIT
        if self.kind is None or self.kind.acts_on not in ("images", "events"):
            encoding = 0
        return len(amount.severities) * len(amount.seeds) * (encoding + simulating)


def units_of(prepared: Mapping[str, Prepared], kinds: Mapping[str, type[Noise]], folder: Path) -> list[Unit]:
    """Return every unit of a study: each contestant as it is, and under each noise that fits it."""
    units = []
    for contestant, one in prepared.items():
        fitting = {name: kind for name, kind in kinds.items() if fits(kind, one.study.config) is None}
        for name, kind in {CLEAN: None, **fitting}.items():
            path = folder / f"{contestant.replace(', ', '-').replace(' ', '-')}-{name}.npz"
            units.append(Unit(contestant, name, kind, one, path))
    return units


def run_units(
    units: Sequence[Unit], amount: Amount, jobs: int, progress: Watcher
) -> dict[str, dict[str, Found]]:
    """Return what every unit comes to, by contestant and noise; those that are kept are not repeated.

    Every program is compiled before the first simulation, so that no two processes compile the same one.
    """
    from joblib import Parallel, delayed

    todo = [unit for unit in units if kept(unit.path) is None]
    build_missing((unit.program(amount) for unit in todo), jobs, progress)
    for unit in todo:
        if unit.kind is None:
            unit.finish(amount)
    clean = {unit.contestant: _of(unit) for unit in units if unit.kind is None}
    work = {unit.path: unit.seconds(clean[unit.contestant], amount) for unit in todo if unit.kind}
    # The longest first, so that no process is left alone with one at the end.
    todo = sorted((unit for unit in todo if unit.kind), key=lambda unit: -work[unit.path])
    if todo:
        progress.stage(f"simulating {len(todo)} conditions, {_duration(sum(work.values()) / jobs)}")
    progress.plan(sum(work.values()))
    parallel = Parallel(n_jobs=jobs, return_as="generator_unordered")
    for unit in parallel(delayed(unit.finish)(amount) for unit in todo):
        progress.task(f"{unit.contestant}: {unit.noise}", 1, work[unit.path])
        progress.trial()
    found: dict[str, dict[str, Found]] = {}
    for unit in units:
        found.setdefault(unit.contestant, {})[unit.noise] = _of(unit)
    return found


def _of(unit: Unit) -> Found:
    found = kept(unit.path)
    assert found is not None, unit.path
    return found


def _duration(seconds: float) -> str:
    return f"about {seconds / 60:.0f} min" if seconds > 90 else f"about {seconds:.0f} s"
