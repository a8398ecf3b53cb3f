"""The units of an experiment that are left, until each one is in the store."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from time import perf_counter
from typing import Any

from bioscnn.errors import UserError
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.executors import Executor, LostExecutorError, is_death
from bioscnn.experiments.fingerprint import code_of, core_of
from bioscnn.experiments.form import fits
from bioscnn.experiments.store import Kept, MadeBy, Store
from bioscnn.experiments.unit import Outcome, Unit, measure_of
from bioscnn.files import is_of_disk
from bioscnn.fingerprint import environment_of_results
from bioscnn.studies.watcher import Watcher

LARGEST_CHUNK = 8
"""Units that a process is given at a time: so many are lost with it."""

TRIES = 3
"""So often a unit is begun whose process dies: with others, by itself among others, and all alone."""


@dataclass(frozen=True)
class Chunk:
    """Units that one process measures one after the other.

    Parameters
    ----------
    data : Path or None
        Data folder.
    recordings : Path or None
        Folder in which spikes and potentials are kept.
    units : tuple of Unit
        What to measure.
    stored_inputs : mapping
        Of units whose outcome was made by other code: the hashes of its core and of its inputs.
    outcomes : mapping
        Outcomes of earlier rounds that the units need.
    made_from : mapping
        Of every unit: the hashes of its measure's code, and of its data and network, as they are where the
        outcomes are kept.
    """

    data: Path | None
    recordings: Path | None
    units: tuple[Unit, ...]
    stored_inputs: Mapping[str, tuple[str, str]]
    outcomes: Mapping[str, Outcome]
    made_from: Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Result:
    """What has become of a unit.

    Parameters
    ----------
    unit : Unit
        Which.
    outcome : mapping of ndarray, or None
        None if it failed, or if the outcome in the store still holds.
    inputs : str
        Hash of what the outcome was computed from.
    seconds : float
        Time that it took.
    error : str
        Why it failed, in one line.
    holds : bool
        Whether the outcome in the store still holds.
    problem : UserError, optional
        The same as `error`, where a user can mend it.
    disk : bool
        Whether a disk was full or could not be written, which says nothing of the unit.
    """

    unit: Unit
    outcome: Outcome | None = None
    inputs: str = ""
    seconds: float = 0.0
    error: str = ""
    holds: bool = False
    problem: UserError | None = None
    disk: bool = False


def measure_chunk(chunk: Chunk) -> list[Result]:
    """Measure units one after the other; one that fails does not stop the others.

    Linear algebra takes one thread: several round otherwise, and every executor is to come to the same.

    Raises
    ------
    LostExecutorError
        If this process has other code, data or networks than the one that keeps the outcomes.
    """
    from threadpoolctl import threadpool_limits

    bench = bench_of(chunk.data)
    bench.given = dict(chunk.outcomes)
    bench.recordings = chunk.recordings
    for unit in chunk.units:
        _check_same(unit, bench, *chunk.made_from[unit.id])
    with threadpool_limits(1, user_api="blas"):
        return [_measure(unit, bench, chunk.stored_inputs.get(unit.id)) for unit in chunk.units]


def _check_same(unit: Unit, bench: Bench, code: str, contents: str) -> None:
    """Refuse a unit whose outcome would be kept under a name that does not fit it."""
    if code_of(unit.measure) != code:
        raise LostExecutorError(
            "the code of bioscnn here is not the code that the experiment was started with",
            value=socket.gethostname(),
            fix="start the workers again with the same code, edit nothing meanwhile, and type the same: what "
            "is computed is kept",
        )
    if bench.contents(unit.study.config) != contents:
        bench.forget()  # a worker may be older than the files
        if bench.contents(unit.study.config) != contents:
            raise LostExecutorError(
                "a worker has other data or another network than the machine that keeps the results",
                value=f"{unit.study.config.network.model}, {bench.data or 'usual data folder'} on "
                f"{socket.gethostname()}",
                fix="give --data and network.model as absolute paths, to the same files on all machines",
            )


@lru_cache(maxsize=1)
def bench_of(data: Path | None) -> Bench:
    """Return the bench of this process."""
    return Bench(data)


def _measure(unit: Unit, bench: Bench, stored_inputs: tuple[str, str] | None) -> Result:
    begun = perf_counter()
    try:
        measure, inputs = measure_of(unit.measure), ""
        if measure.inputs is not None:
            inputs = measure.inputs(unit, bench)
            if stored_inputs is not None and stored_inputs == (core_of(unit.measure), inputs):
                return Result(unit, inputs=inputs, seconds=perf_counter() - begun, holds=True)
        outcome = measure.run(unit, bench)
        if measure.form is not None and not fits(outcome, measure.form(unit)):
            raise RuntimeError(f"the outcome of {unit.measure} does not have its form")
    except UserError as error:
        took, disk = perf_counter() - begun, is_of_disk(error)
        return Result(unit, seconds=took, error=one_line(error), problem=error, disk=disk)
    except Exception as error:
        # Whatever it is, it must not take the outcomes of other units with it.
        took, message = perf_counter() - begun, one_line(f"{type(error).__name__}: {error}")
        return Result(unit, seconds=took, error=message, disk=is_of_disk(error))
    return Result(unit, outcome, inputs, perf_counter() - begun)


def one_line(message: object) -> str:
    """Return a message in one line, as a cell of a table."""
    return "; ".join(" ".join(line.split()) for line in str(message).splitlines() if line.strip())


@dataclass
class Round:
    """The units of one round, as far as they are in the store.

    Parameters
    ----------
    outcomes : dict
        By identity, of the units that went well.
    made : dict of MadeBy
        By identity, of all units.
    computed : int
        Units that were computed now.
    """

    outcomes: dict[str, Outcome]
    made: dict[str, MadeBy]
    computed: int = 0

    def take(self, unit: Unit, stored: Kept) -> None:
        """Take in what is in the store of a unit."""
        self.made[unit.id] = stored.made_by
        if not stored.made_by.error:
            self.outcomes[unit.id] = stored.outcome

    def add(self, store: Store, units: Iterable[Unit]) -> bool:
        """Take in units that others have brought into the store; return whether these were all that is left.

        What other code made is not taken: who measures it has not been there yet.
        """
        for unit in units:
            if unit.id not in self.made:
                stored = store.read(unit)
                if (
                    stored is None
                    or not _same_environment(stored)
                    or stored.made_by.code != code_of(unit.measure)
                ):
                    return False
                self.take(unit, stored)
        return True


def complete(
    units: Sequence[Unit],
    store: Store,
    executor: Executor,
    data: Path | None,
    progress: Watcher,
    *,
    commit: str,
    recordings: Path | None = None,
    keep_failures: bool = False,
    retry: bool = False,
    outcomes: Mapping[str, Outcome] | None = None,
) -> Round:
    """Bring every unit into the store: what holds is kept, what is missing or made by other code is measured.

    Parameters
    ----------
    units : sequence of Unit
        All of a round, in the order of its plan.
    store : Store
        Where outcomes are kept.
    executor : Executor
        Who measures.
    data : Path or None
        Data folder.
    progress : Watcher
        Told about units.
    commit : str
        Commit of the code that runs.
    recordings : Path, optional
        Folder in which spikes and potentials are kept, to be read out again after a change of the readout.
    keep_failures : bool
        Whether a unit that fails is an outcome like others; otherwise, and where a disk is full, it ends the
        experiment.
    retry : bool
        Whether units that failed are measured again.
    outcomes : mapping, optional
        Outcomes of earlier rounds, by identity.

    Raises
    ------
    UserError
        If a unit fails that may not, who measures is lost, or the disk is full. What is in the store by then
        is kept.
    """
    units = list({unit.id: unit for unit in units}.values())
    done = Round({}, {})
    # At the beginning: the code may be edited while units are measured.
    made_from = {unit.id: (code_of(unit.measure), store.contents(unit)) for unit in units}
    stored_inputs: dict[str, tuple[str, str]] = {}
    todo: list[Unit] = []
    progress.plan(sum(unit.work for unit in units))
    earlier: dict[str, Kept] = {}
    damaged = 0
    for unit in units:
        stored = store.read(unit)
        damaged += stored is None and store.path(unit).exists()
        if stored is None or (stored.made_by.error and retry) or not _same_environment(stored):
            todo.append(unit)
        elif stored.made_by.code == code_of(unit.measure):
            done.take(unit, stored)
            progress.skip(unit.work)
        else:
            earlier[unit.id] = stored
            if stored.made_by.inputs:
                stored_inputs[unit.id] = (stored.made_by.core, stored.made_by.inputs)
            todo.append(unit)
    if todo:
        again = f", {damaged} of them again: their files are damaged or of another form" if damaged else ""
        progress.stage(f"measuring {len(todo)} of {len(units)} units{again}")
    tasks = _Tasks(data, recordings, stored_inputs, outcomes or {}, made_from)
    for result in _compute(todo, executor, tasks):
        unit = result.unit
        if result.error and (result.disk or not keep_failures):
            raise result.problem or UserError(f"{unit.label} failed", value=result.error)
        made_by = MadeBy(
            code_of(unit.measure),
            core_of(unit.measure),
            result.inputs,
            environment_of_results(),
            commit,
            result.seconds,
            result.error,
        )
        if result.holds:
            stored = earlier[unit.id]
            # Who computed it stays who computed it.
            made_by = replace(made_by, commit=stored.made_by.commit, seconds=stored.made_by.seconds)
            outcome = stored.outcome
        else:
            outcome = result.outcome or {}
            done.computed += 1
        store.write(unit, outcome, made_by)
        done.take(unit, Kept(outcome, made_by))
        progress.task(unit.label, 1, unit.work)
        progress.trial()
    return done


def _same_environment(stored: Kept) -> bool:
    return stored.made_by.environment == environment_of_results()


@dataclass(frozen=True)
class _Tasks:
    """Makes chunks: what of an experiment each of them is given."""

    data: Path | None
    recordings: Path | None
    stored_inputs: Mapping[str, tuple[str, str]]
    outcomes: Mapping[str, Outcome]
    made_from: Mapping[str, tuple[str, str]]

    def chunk(self, units: Sequence[Unit]) -> Chunk:
        needed = {need: self.outcomes[need] for unit in units for need in unit.needs}
        stored_inputs = {
            unit.id: self.stored_inputs[unit.id] for unit in units if unit.id in self.stored_inputs
        }
        made_from = {unit.id: self.made_from[unit.id] for unit in units}
        return Chunk(self.data, self.recordings, tuple(units), stored_inputs, needed, made_from)


def _compute(units: Sequence[Unit], executor: Executor, tasks: _Tasks) -> Iterator[Result]:
    """Measure units, and yield what becomes of each one as soon as it is known.

    A process that dies takes its chunk with it; who was at work then is tried again, at last each one alone,
    so that only units that end processes themselves are given up.
    """
    together = [unit for unit in units if not unit.exclusive]
    alone = [[unit] for unit in units if unit.exclusive]
    for chunks, one_at_a_time in ((chunks_of(together, executor.n), False), (alone, True)):
        for attempt in range(TRIES):
            suspects: list[Unit] = []
            last = one_at_a_time or attempt == TRIES - 1
            for results, lost in _round([tasks.chunk(chunk) for chunk in chunks], executor, alone=last):
                yield from results
                suspects += lost
            if not suspects:
                break
            chunks = [[unit] for unit in units if unit in suspects]
        else:
            for unit in suspects:
                yield Result(
                    unit,
                    error=f"the process that measured it died, {TRIES} times; is there enough memory?",
                )


def chunks_of(units: Sequence[Unit], n_workers: int) -> list[list[Unit]]:
    """Return units in chunks, those that need programs of their own first, then the longest first.

    The first unit of each kind compiles the program that the others of its kind share, so it goes by itself
    and early. Within a chunk units keep their order: neighbours share data and encodings.
    """
    scouts: dict[object, Unit] = {}
    for unit in units:
        scouts.setdefault(_kind(unit), unit)
    first = set(map(id, scouts.values()))
    rest = [unit for unit in units if id(unit) not in first]
    size = max(1, min(LARGEST_CHUNK, len(rest) // (4 * n_workers)))
    chunks = [rest[start : start + size] for start in range(0, len(rest), size)]
    chunks.sort(key=lambda chunk: -sum(unit.work for unit in chunk))
    return [[unit] for unit in sorted(scouts.values(), key=lambda unit: -unit.work)] + chunks


def _kind(unit: Unit) -> tuple[Any, ...]:
    return (unit.program,) if unit.program else (unit.variant, unit.condition, unit.measure)


def _round(
    chunks: Sequence[Chunk], executor: Executor, *, alone: bool
) -> Iterator[tuple[list[Result], tuple[Unit, ...]]]:
    """Measure chunks, one at a time or one per worker; yield a chunk's results, or its units if it died."""
    todo = list(reversed(chunks))
    running: dict[Future[Any], Chunk] = {}
    died = False
    while todo or running:
        if died and not running:
            executor.renew()
            died = False
        # A pool of which one process has died takes nothing more; what runs elsewhere comes to its end.
        while todo and not died and len(running) < (1 if alone else executor.n):
            chunk = todo.pop()
            try:
                running[executor.submit(measure_chunk, chunk)] = chunk
            except BrokenExecutor:
                todo.append(chunk)
                died = True
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            chunk = running.pop(future)
            try:
                yield future.result(), ()
            except Exception as error:
                if not is_death(error):
                    raise
                died = True
                yield [], chunk.units
