"""How long a trial has to last: until decisions no longer change; and whether those of a run still did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import LayerGraph
from bioscnn.errors import UserError
from bioscnn.network import READOUT
from bioscnn.quantities import format_quantity, parse_quantity
from bioscnn.readout import READOUTS, output_names
from bioscnn.simulation import Progress, simulate_batches
from bioscnn.statistics import difference, proportion
from bioscnn.studies.config import StudyConfig
from bioscnn.studies.config.tables import MOST_STEPS
from bioscnn.studies.disturbance import without_noise
from bioscnn.studies.prepare import device_of, network_for, trained_network, training_input, windows_of
from bioscnn.studies.scores import Scores
from bioscnn.studies.shipped import find_study
from bioscnn.studies.study import AUTO, Study, read_study, read_tables, study_of, with_changes

BETTER = 0.01
"""Share of trials in which another readout has to be nearer to the trained network before a run says so."""

OFTEN_OTHER = 0.02
"""Share of trials whose class may differ from the trained network's before a run says what may help."""

CANDIDATES = tuple(1e-3 * ms for ms in (20, 30, 40, 60, 80, 120, 160, 240, 320, 480, 640))
"""Durations that are tried, s."""

_IMAGES = 400
"""Training images that are simulated."""

_STRIDE = 4
"""Candidates that the search passes over while decisions have not settled."""

TOLERANCE = 0.005
"""Share of decisions that may be others at twice the duration."""

RESTLESS = 0.05
"""Share of decisions that may fall in the last third of a trial before a run says so."""


@dataclass(frozen=True)
class ChosenDuration:
    """The shortest duration whose decisions agree with those at twice that duration.

    Parameters
    ----------
    duration : float
        Of a trial, s.
    changed : float
        Share of images whose decision is another one at twice the duration, or had no evidence before it;
        1 if the decisions do not follow those of the trained network yet.
    n : int
        Images that were simulated.
    split : str
        Where they are from; their labels are not looked at.
    settled : bool
        Whether `changed` is within `TOLERANCE`; otherwise `duration` is the longest that was tried.
    seconds : float
        What the search took, s.
    """

    duration: float
    changed: float
    n: int
    split: str
    settled: bool
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return the entry of the summary of a run."""
        return {
            "duration_ms": 1e3 * self.duration,
            "changed_at_twice": self.changed,
            "n_images": self.n,
            "split": self.split,
            "tolerance": TOLERANCE,
            "settled": self.settled,
        }


def read_settled_study(
    path: Path, changes: Sequence[str], data: Path | None, progress: Progress
) -> tuple[Study, ChosenDuration | None]:
    """Read a study file, with a duration in place of ``simulation.duration = "auto"``.

    Parameters
    ----------
    path : Path
        The file.
    changes : sequence of str
        As of `read_study`.
    data : Path or None
        Data folder.
    progress : Progress
        Told what is tried.

    Returns
    -------
    (Study, ChosenDuration or None)
        The study, and how its duration was found; None if the file has one, or the windows of the time code
        make it.

    Raises
    ------
    UserError
        As `read_study` and a run do.
    """
    path = find_study(path)
    tables = read_tables(path)
    changed = with_changes(tables, changes)
    if not _is_auto(changed):
        return study_of(path, tables, changes), None
    if _table(changed, "network").get("code") == "time":
        return _lasting_its_windows(path, tables, changes), None
    return _search(path, changes, data, progress)


def read_study_of_any_duration(
    path: Path, changes: Sequence[str], images: str = "1 s", events: str = "1 s"
) -> Study:
    """Read a study file; if its duration is ``"auto"``, a trial lasts so long, of images or of recordings."""
    path = find_study(path)
    tables = read_tables(path)
    changed = with_changes(tables, changes)
    if _is_auto(changed):
        encoding = changed.get("encoding")
        recorded = isinstance(encoding, dict) and encoding.get("kind") == "events"
        changes = [*changes, f"simulation.duration={events if recorded else images}"]
    return study_of(path, tables, changes)


def _is_auto(tables: Mapping[str, Any]) -> bool:
    return _table(tables, "simulation").get("duration") == AUTO


def _table(tables: Mapping[str, Any], name: str) -> dict[str, Any]:
    table = tables.get(name)
    return table if isinstance(table, dict) else {}


def _lasting_its_windows(path: Path, tables: Mapping[str, Any], changes: Sequence[str]) -> Study:
    """Return a study of the time code whose trials end with the window in which the output is read."""
    dt = _table(with_changes(tables, changes), "simulation").get("dt", "1 ms")

    def lasting(steps: int) -> Study:
        with suppress(UserError):  # what is no time step is refused with the study
            duration = format_quantity(steps * parse_quantity(dt, "time"), "time")
            return study_of(path, tables, [*changes, f"simulation.duration={duration}"])
        return study_of(path, tables, [*changes, "simulation.duration=1 s"])

    config = lasting(MOST_STEPS).config
    return lasting(windows_of(config, trained_network(config)))


def lasting_its_windows(study: Study, graph: LayerGraph, **keys: Mapping[str, Any]) -> Study:
    """Return a study of the time code, some keys changed, whose trials are as long as its windows.

    Parameters
    ----------
    study : Study
        Any of the time code.
    graph : LayerGraph
        A network of its architecture; weights do not matter.
    **keys : mapping
        As of `Study.changed`.
    """
    simulation = dict(keys.get("simulation", {}))
    dt = parse_quantity(simulation.get("dt", format_quantity(study.config.simulation.dt, "time")), "time")

    def lasting(steps: int) -> Study:
        duration = format_quantity(steps * dt, "time")
        return study.changed(**{**keys, "simulation": {**simulation, "duration": duration}})

    return lasting(windows_of(lasting(MOST_STEPS).config, graph))


def _search(
    path: Path, changes: Sequence[str], data: Path | None, progress: Progress
) -> tuple[Study, ChosenDuration]:
    """Return the shortest candidate that has settled: in large strides first, then between the last two."""

    def tried(index: int) -> tuple[Study, ChosenDuration]:
        study, twice = (_lasting(path, changes, factor * CANDIDATES[index]) for factor in (1, 2))
        progress.stage(f"trying {format_quantity(study.config.simulation.duration, 'time')}")
        return study, _try(study, twice, data, progress)

    begun, unsettled, index = perf_counter(), -1, 0
    best = tried(index)
    while not best[1].settled and index < len(CANDIDATES) - 1:
        unsettled, index = index, min(index + _STRIDE, len(CANDIDATES) - 1)
        best = tried(index)
    while best[1].settled and index - unsettled > 1:
        middle = (unsettled + index) // 2
        between = tried(middle)
        if between[1].settled:
            best, index = between, middle
        else:
            unsettled = middle
    return best[0], replace(best[1], seconds=perf_counter() - begun)


def _lasting(path: Path, changes: Sequence[str], duration: float) -> Study:
    """Return the study with trials of a duration, the nearest whole number of steps."""

    def lasting(text: str) -> Study:
        return read_study(path, [*changes, f"simulation.duration={text}"])

    anything = lasting("1 s").config
    if anything.encoding.kind == "events":
        raise UserError(
            "a recording lasts as long as it does",
            file=path,
            key="simulation.duration",
            value=AUTO,
            expected="a time with a unit, such as 300 ms",
        )
    dt = anything.simulation.dt
    return lasting(format_quantity(max(2, round(duration / dt)) * dt, "time"))


def _try(study: Study, twice: Study, data: Path | None, progress: Progress) -> ChosenDuration:
    """Simulate training images for twice the duration of a study, converted for that duration."""
    config, longer = without_noise(study.config), without_noise(twice.config)
    images = training_input(longer, _IMAGES, data, progress)
    network = network_for(config, images, data, progress)
    rule, step = config.readout.rule, config.simulation.n_steps
    scores = Scores(network, rule, len(images.examples), images.spikes)
    record = {*output_names(population.name for population in network.neurons), READOUT}
    for batch in simulate_batches(network, images.stimulus, device_of(config), record=record):
        scores.add(batch)
    changed = float(np.mean(undecided(scores, step)))
    if not config.is_nir:
        ann_class = images.ann_class(trained_network(config))
        changed = changed if follows(scores.decided()[:, step - 1], ann_class) else 1.0
    n = len(images.examples)
    return ChosenDuration(config.simulation.duration, changed, n, images.examples.split, changed <= TOLERANCE)


def undecided(scores: Scores, step: int) -> NDArray[np.bool_]:
    """Return which trials had not decided after a number of steps as they did in the end.

    A trial without evidence so far, which answers what its biases favour, has not decided.
    """
    decided = scores.decided()
    return np.asarray((decided[:, step - 1] != decided[:, -1]) | (scores.informed() >= step))


def follows(decided: NDArray[np.integer], ann_class: NDArray[np.int64]) -> bool:
    """Whether decisions are nearer to those of the trained network than to one answer for all images.

    Before an image has passed all layers, the output may fire by its biases alone, and always for one class.
    """
    constant = np.bincount(ann_class).max() / len(ann_class)
    return bool(np.mean(decided == ann_class) >= (1 + constant) / 2)


def restlessness(scores: Scores, config: StudyConfig) -> float | None:
    """Return the share of trials that decided in the last third of their duration; None if none decides."""
    if (scores.informed() >= config.simulation.n_steps).all():
        return None
    return float(np.mean(undecided(scores, max(1, 2 * config.simulation.n_steps // 3))))


def settling_hint(share: float | None, config: StudyConfig) -> str | None:
    """Return a hint if the decisions of a run have not settled, or there are none; None if they have."""
    settled = share is not None and share <= RESTLESS
    if settled or config.encoding.kind == "events" or config.network.code == "time":
        return None
    longer = config.simulation.duration * (4 if share is None or share > 0.2 else 2)
    problem = (
        "no spike reaches the readout in any trial, so none comes to a decision"
        if share is None
        else f"{100 * share:.0f} % of the decisions were made or changed in the last third"
    )
    return f'{problem}: try --set simulation.duration="{format_quantity(longer, "time")}", or "{AUTO}"'


def silence_hint(scores: Scores, config: StudyConfig) -> str | None:
    """Return a hint if the output of a run never fires: what reads its spikes reads potentials instead.

    In the time code the output has a window to fire in only if its first spike is to be read.
    """
    if config.network.code == "time" and config.readout.rule == "last-potential":
        return None
    names = output_names(population.name for population in scores.network.neurons)
    if not names or any(scores.fires(name) for name in names):
        return None
    return (
        "no output neuron fires in any trial, so spike-count and first-spike, which then take the largest "
        "potential, are no readouts of their own"
    )


def readout_hint(scores: Scores, config: StudyConfig, ann_class: NDArray[np.int64]) -> str | None:
    """Return a hint if another readout gives the trained network's class more often.

    The labels are not looked at. ``peak-potential`` never forgets the first volleys, which in a deep network
    come long before it is right.
    """
    rule = config.readout.rule
    agrees = {name: scores.chosen(name) == ann_class for name in READOUTS}
    best = max(agrees, key=lambda name: float(agrees[name].mean()))
    if config.encoding.kind == "events" or difference(agrees[best], agrees[rule]).low <= BETTER:
        return None
    shares = (f"{name} in {100 * agrees[name].mean():.1f} %" for name in (rule, best))
    return (
        f"the class of the trained network is given by {', by '.join(shares)}: try --set readout.rule={best}"
    )


def conversion_hint(scores: Scores, config: StudyConfig, ann_class: NDArray[np.int64]) -> str | None:
    """Return what a run says whose converted network often gives another class than the trained one.

    The labels are not looked at. What it names helped deep networks (docs/your-network.md) and may not help
    this one.
    """
    differs = proportion(scores.chosen(config.readout.rule) != ann_class)
    if differs.low <= OFTEN_OTHER or config.encoding.kind != "currents" or config.noise:
        return None
    keys = ["network.percentile=99"] if config.network.percentile > 99 else []
    keys += ["simulation.start=spread"] if config.simulation.start == "rest" else []
    if not keys or config.network.code == "time":
        return None
    return (
        f"the class is another than the trained network's in {100 * differs.value:.1f} % of trials: these "
        f"may help, {' '.join(f'--set {key}' for key in keys)} (docs/your-network.md, How long)"
    )
