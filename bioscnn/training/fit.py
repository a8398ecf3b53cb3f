"""The training loop of all stages: batches, schedule, measurements, checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
import torch
from torch.nn.functional import one_hot, softmax

from bioscnn import seeds
from bioscnn.ann import LayerGraph
from bioscnn.errors import UserError
from bioscnn.training.checkpoint import Checkpoint, State
from bioscnn.training.examples import Examples, batches
from bioscnn.training.measure import EpochRecord, Objective, measure
from bioscnn.training.rates import activation, rate_logits
from bioscnn.training.settings import TrainingSettings
from bioscnn.training.torch_network import TorchNetwork

_WARM_UP = 200  # batches, or a tenth of a short training
_CHECKPOINT_EVERY = 100  # batches

Progress = Callable[[int, int, list[EpochRecord]], None]


def fit(
    graph: LayerGraph,
    teacher: LayerGraph | None,
    objective: Objective,
    training: Examples,
    validation: Examples,
    checkpoint: Checkpoint,
    progress: Progress,
) -> tuple[LayerGraph, State]:
    """Train a network; return it as it was after its best epoch, the last of equal ones, and where it ended.

    A run that was interrupted continues from its checkpoint, with the same result.

    Parameters
    ----------
    graph : LayerGraph
        The network to begin with.
    teacher : LayerGraph or None
        A network whose classes are asked for beside the true ones.
    objective : Objective
        What to make small.
    training, validation : Examples
        Those of validation choose the epoch; they train nothing.
    checkpoint : Checkpoint
        Where the state is kept.
    progress : callable
        Called as ``progress(batches done, batches in all, records of the epochs done)``.

    Raises
    ------
    UserError
        If the loss is no longer a number.
    """
    settings = objective.settings
    network = objective.network(graph, training)
    tutor = None if teacher is None else _Teacher(teacher, training, objective)
    optimiser = torch.optim.AdamW(network.parameters, lr=1.0, weight_decay=settings.weight_decay)
    generators = {
        "order": generator(settings.seed, "order"),
        "augmentation": generator(settings.seed, "augmentation"),
        **objective.generators,
    }
    n_batches = math.ceil(len(training) / settings.batch_size)
    n_steps = settings.epochs * n_batches
    state = checkpoint.resume(network, optimiser, generators, n_batches, settings.epochs)
    begun = time.perf_counter() - state.seconds
    progress(state.step, n_steps, state.records)
    while state.step < n_steps and not _is_over(state.records, objective, settings):
        epoch, first = divmod(state.step, n_batches)
        state.order = generators["order"].get_state()
        order = torch.randperm(len(training), generator=generators["order"])
        for index in range(first, n_batches):
            batch = order[index * settings.batch_size : (index + 1) * settings.batch_size]
            for group in optimiser.param_groups:
                group["lr"] = settings.learning_rate * _schedule(state.step, n_steps)
            x = training.augmented(batch, settings, generators["augmentation"], objective.steps)
            targets = one_hot(training.labels[batch], graph.n_classes).to(x.dtype)
            if tutor is not None:
                targets = targets.lerp(tutor.probabilities(x, batch), settings.teacher_weight)
            if settings.noise > 0:  # after the teacher, who was shown the example without
                x = training.with_noise(x, settings, generators["augmentation"], objective.steps)
            network.training = True
            loss = objective.loss(network, x, targets)
            network.training = False
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            if network.fires:
                network.hold_at_rheobase()
            state.losses.append(loss.item())
            state.step += 1
            if settings.average > 0:
                state.move_average(network, settings.average)
            state.seconds = time.perf_counter() - begun
            progress(state.step, n_steps, state.records)
            if state.step % _CHECKPOINT_EVERY == 0 and index + 1 < n_batches:
                checkpoint.write(state, network, optimiser, generators)
        if not np.isfinite(state.losses).all():
            checkpoint.remove()  # it would refuse the settings that are right
            raise UserError(
                f"the loss is no longer a number in epoch {epoch + 1}",
                key="learning_rate",
                value=settings.learning_rate,
                fix="use a smaller learning rate",
            )
        with state.averaged(network):
            record = measure(network, training, validation, objective, epoch + 1, state.losses)
            state.end_epoch(record, network, best=_is_best(record, state.records, objective))
        state.seconds = time.perf_counter() - begun
        checkpoint.write(state, network, optimiser, generators)
        progress(state.step, n_steps, state.records)
    network.set_state(state.best)
    return network.to_graph(), state


class _Teacher:
    """What a better network takes examples for, beside their true classes."""

    def __init__(self, graph: LayerGraph, training: Examples, objective: Objective) -> None:
        self._network, self._objective = TorchNetwork(graph), objective
        self._answers: torch.Tensor | None = None
        if objective.settings.teacher_sees == "clean":
            clean = batches(training, torch.arange(len(training)), objective.steps)
            self._answers = torch.cat([self._logits(examples) for examples, _ in clean])

    def probabilities(self, distorted: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """Return the probabilities of the classes of a batch, shape (n, classes)."""
        logits = self._logits(distorted) if self._answers is None else self._answers[rows]
        return softmax(logits / self._objective.settings.temperature, 1)

    def _logits(self, examples: torch.Tensor) -> torch.Tensor:
        clock, settings = self._objective.clock, self._objective.settings
        with torch.no_grad():
            return rate_logits(self._network, examples, activation, clock, settings)


def generator(seed: int, purpose: str) -> torch.Generator:
    """Return torch's random generator of one purpose of a training."""
    return torch.Generator().manual_seed(int(seeds.stream(seed, "training", purpose).integers(2**63)))


def _schedule(step: int, n_steps: int) -> float:
    """Fraction of the highest learning rate: a linear rise, then half a cosine down to 0."""
    return min(1.0, (step + 1) / min(_WARM_UP, n_steps / 10)) * (
        0.5 + 0.5 * math.cos(math.pi * step / n_steps)
    )


def _is_best(record: EpochRecord, before: list[EpochRecord], objective: Objective) -> bool:
    return all(objective.score(record) >= objective.score(earlier) for earlier in before)


def _is_over(records: list[EpochRecord], objective: Objective, settings: TrainingSettings) -> bool:
    """Say whether `patience` epochs in a row have not been better than the best before them."""
    if settings.patience == 0 or len(records) <= settings.patience:
        return False
    scores = [objective.score(record) for record in records]
    return max(scores[-settings.patience :]) <= max(scores[: -settings.patience])
