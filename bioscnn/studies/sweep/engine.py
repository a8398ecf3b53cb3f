"""The points that are left, in chunks that share a program, until each one is in the table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait
from time import perf_counter
from typing import Any

from bioscnn.errors import UserError
from bioscnn.studies.sweep.model import Model, Result, evaluate
from bioscnn.studies.sweep.points import Point
from bioscnn.studies.sweep.workers import Workers, is_death, is_loss
from bioscnn.studies.watcher import Watcher

LARGEST_CHUNK = 8
"""Points that one process is given at a time: so many are lost with it."""

TRIES = 3
"""So often a point is begun whose process dies: with others, by itself among others, and all alone."""

Chunk = tuple[Point, ...]


def compute(
    model: Model, points: Sequence[Point], shapes: Sequence[str | None], workers: Workers, progress: Watcher
) -> Iterator[Result]:
    """Compute points, and yield what becomes of each one as soon as it is known.

    A process that dies takes its chunk with it; who was at work then is tried again, at last each one alone,
    so that only points that end processes themselves are given up.

    Parameters
    ----------
    model : Model
        What is computed.
    points : sequence of Point
        The points, in the order of the design.
    shapes : sequence of str or None
        The program of each point.
    workers : Workers
        Who computes.
    progress : Watcher
        Told about chunks.

    Raises
    ------
    UserError
        If the cluster is lost. What was yielded before is known.
    """
    rate = _Rate(len(points), progress)
    chunks = chunks_of(points, shapes, workers.n)
    for attempt in range(TRIES):
        suspects: list[Point] = []
        for results, lost in _round(model, chunks, workers, alone=attempt == TRIES - 1):
            rate.tell(len(results))
            yield from results
            suspects += lost
        if not suspects:
            return
        suspects.sort(key=lambda point: point.number)
        chunks = [(point,) for point in suspects]
    for (point,) in chunks:
        rate.tell(1)
        yield Result(
            point, error=f"the process that computed it died, {TRIES} times; is there enough memory?"
        )


def chunks_of(points: Sequence[Point], shapes: Sequence[str | None], n_workers: int) -> list[Chunk]:
    """Return points in chunks that share a program, as even as can be, small enough for all workers."""
    by_shape: dict[str | None, list[Point]] = {}
    for point, shape in zip(points, shapes, strict=True):
        by_shape.setdefault(shape, []).append(point)
    size = max(1, min(LARGEST_CHUNK, len(points) // (4 * n_workers)))
    return [
        tuple(group[first : first + size])
        for group in by_shape.values()
        for first in range(0, len(group), size)
    ]


def build_programs(
    model: Model, points: Sequence[Point], shapes: Sequence[str | None], workers: Workers
) -> None:
    """Compile every program that is needed on every machine, each one once.

    Raises
    ------
    UserError
        If one does not compile.
    """
    first: dict[str, Point] = {}
    for point, shape in zip(points, shapes, strict=True):
        if shape is not None:
            first.setdefault(shape, point)
    if not first:
        return
    executor = workers.executor()
    futures = [
        executor.submit(model.build, point, **machine)
        for machine in workers.machines
        for point in first.values()
    ]
    for future in futures:
        try:
            future.result()
        except (Exception, CancelledError) as error:
            if is_loss(error) or is_death(error):
                raise _lost(error) from error
            raise


def _round(
    model: Model, chunks: Sequence[Chunk], workers: Workers, *, alone: bool
) -> Iterator[tuple[list[Result], Chunk]]:
    """Compute chunks, one at a time or one a worker; yield a chunk's results, or its points if it died."""
    executor, todo = workers.executor(), list(reversed(chunks))
    running: dict[Future[Any], Chunk] = {}
    died = False
    while todo or running:
        if died and not running:
            executor, died = workers.executor(renewed=True), False
        # A pool of which one process has died takes nothing more; what runs elsewhere comes to its end.
        while todo and not died and len(running) < (1 if alone else workers.n):
            chunk = todo.pop()
            try:
                running[executor.submit(evaluate, model, chunk)] = chunk
            except BrokenExecutor:
                todo.append(chunk)
                died = True
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            chunk = running.pop(future)
            try:
                yield future.result(), ()
            except (Exception, CancelledError) as error:
                if is_loss(error):
                    raise _lost(error) from error
                if not is_death(error):
                    raise
                died = True
                yield [], chunk


def _lost(error: BaseException) -> UserError:
    return UserError(
        f"who computes is lost: {type(error).__name__}",
        fix="start the cluster again, or see whether memory is short, and type the same; what is computed "
        "is kept",
    )


class _Rate:
    """Tells how many points are done, and how many a second."""

    def __init__(self, n: int, progress: Watcher) -> None:
        self._n, self._progress, self._done, self._begun = n, progress, 0, perf_counter()
        progress.plan(n)

    def tell(self, more: int) -> None:
        if more:
            self._done += more
            rate = self._done / (perf_counter() - self._begun)
            self._progress.task(f"{self._done} of {self._n} points, {rate:.3g} a second", 1, more)
            self._progress.trial()
