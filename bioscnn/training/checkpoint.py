"""The state of a training on disk, so that an interrupted one continues as if nothing had happened."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bioscnn.errors import UserError
from bioscnn.files import read_npz, write_atomically
from bioscnn.training.measure import EpochRecord
from bioscnn.training.torch_network import TorchNetwork

Array = np.ndarray[Any, Any]
_MOMENTS = ("exp_avg", "exp_avg_sq")  # what Adam keeps for each weight, beside the number of its steps


@dataclass
class State:
    """Where a training stands, beside the weights, the optimiser and the random generators."""

    step: int = 0  # batches done
    losses: list[float] = field(default_factory=list)  # of the batches of this epoch
    records: list[EpochRecord] = field(default_factory=list)
    best: list[Array] = field(default_factory=list)  # weights after the best epoch
    average: list[Array] = field(default_factory=list)  # running average of the weights, where one is wanted
    seconds: float = 0.0  # that it took so far, interruptions left out
    order: torch.Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.uint8))
    """State that the generator of the order of the images had when this epoch began."""

    def move_average(self, network: TorchNetwork, keeps: float) -> None:
        """Move the running average of the weights to those of a batch, of the first ones faster."""
        if not self.average:
            self.average = network.copy_state()
        moves = 1 - min(keeps, (1 + self.step) / (10 + self.step))
        for average, present in zip(self.average, network.state, strict=True):
            average += np.float32(moves) * (present.detach().numpy() - average)

    @contextmanager
    def averaged(self, network: TorchNetwork) -> Iterator[None]:
        """Give a network the average of its weights meanwhile, if there is one."""
        if not self.average:
            yield
            return
        present = network.copy_state()
        network.set_state(self.average)
        if network.fires:
            network.hold_at_rheobase()
        yield
        network.set_state(present)

    def end_epoch(self, record: EpochRecord, network: TorchNetwork, best: bool) -> None:
        """Note what an epoch came to."""
        self.records.append(record)
        self.losses = []
        if best:
            self.best = network.copy_state()


@dataclass(frozen=True)
class Checkpoint:
    """A file with the state of a training.

    Parameters
    ----------
    path : Path or None
        The file, an uncompressed ``.npz``; None to keep nothing.
    identity : str
        What is trained on what and how, as a hash; a checkpoint of another training is refused.
    """

    path: Path | None = None
    identity: str = ""

    def write(
        self,
        state: State,
        network: TorchNetwork,
        optimiser: torch.optim.Optimizer,
        generators: Mapping[str, torch.Generator],
    ) -> None:
        """Replace the file by the present state."""
        if self.path is None:
            return
        moments = [optimiser.state[tensor] for tensor in network.parameters]
        whole: dict[str, list[Array]] = {
            "weights": network.copy_state(),
            "best": state.best,
            "average": state.average,
        }
        for name in _MOMENTS:
            whole[name] = [moment[name].numpy() for moment in moments]
        arrays = {f"{name}-{index}": a for name, group in whole.items() for index, a in enumerate(group)}
        for name, generator in generators.items():
            arrays[f"generator-{name}"] = generator.get_state().numpy()
        if state.losses:  # within an epoch, whose order has to be drawn again
            arrays["generator-order"] = state.order.numpy()
        facts = {
            "identity": self.identity,
            "step": state.step,
            "seconds": state.seconds,
            "losses": state.losses,
            "records": [asdict(record) for record in state.records],
        }
        buffer = io.BytesIO()
        np.savez(buffer, facts=np.array(json.dumps(facts)), **arrays)  # type: ignore[arg-type]
        write_atomically(self.path, buffer.getvalue())

    def remove(self) -> None:
        """Remove the file of a training that can come to nothing."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)

    def resume(
        self,
        network: TorchNetwork,
        optimiser: torch.optim.Optimizer,
        generators: Mapping[str, torch.Generator],
        n_batches: int,
        n_epochs: int,
    ) -> State:
        """Set everything to the state in the file, if there is one, of a training of epochs of batches.

        Raises
        ------
        UserError
            If the file is of another training, or no checkpoint.
        """
        arrays = None if self.path is None else read_npz(self.path)
        if arrays is None:
            if self.path is not None and self.path.exists():
                raise self._damaged()
            return State()
        try:
            facts = json.loads(str(arrays["facts"]))
            identity = str(facts["identity"])
        except (ValueError, KeyError, TypeError, RecursionError):
            raise self._damaged() from None
        if identity != self.identity:
            raise UserError(
                "the checkpoint is of another training (other settings, data or weights to begin with)",
                file=self.path,
                fix="remove it to begin anew, or give --out another folder",
            )
        try:
            state = _restored(arrays, facts, network, optimiser, generators)
            _check(state, n_batches, n_epochs)
            return state
        except (ValueError, KeyError, TypeError, RuntimeError, OverflowError):
            raise self._damaged() from None

    def _damaged(self) -> UserError:
        return UserError("not a checkpoint, or a damaged one", file=self.path, fix="remove it")


def _check(state: State, n_batches: int, n_epochs: int) -> None:
    """Raise ValueError if what is done is not what so many steps come to."""
    done, within = divmod(state.step, n_batches)
    shares = [r.train_accuracy for r in state.records] + [r.validation_accuracy for r in state.records]
    if (
        state.step > n_batches * n_epochs
        or [record.epoch for record in state.records] != [*range(1, done + 1)]
        or len(state.losses) != within
        or not all(0 <= share <= 1 for share in shares)
    ):
        raise ValueError("the steps, losses and records do not belong together")


def _restored(
    arrays: Mapping[str, Array],
    facts: Mapping[str, Any],
    network: TorchNetwork,
    optimiser: torch.optim.Optimizer,
    generators: Mapping[str, torch.Generator],
) -> State:
    """Set everything to a state; ValueError, KeyError, TypeError or RuntimeError if it is none."""

    def group(name: str, like: list[torch.Tensor]) -> list[Array]:
        stored = [arrays[f"{name}-{index}"] for index in range(len(like))]
        if any((a.shape, a.dtype) != (t.shape, np.float32) for a, t in zip(stored, like, strict=True)):
            raise ValueError(name)
        return stored

    step, losses, seconds = facts["step"], facts["losses"], float(facts.get("seconds", 0))
    records = [EpochRecord(**record) for record in facts["records"]]
    numbers = [value for record in records for value in asdict(record).values() if value is not None]
    if type(step) is not int or step < 0 or not all(isinstance(n, int | float) for n in (*losses, *numbers)):
        raise ValueError("step, losses or records")
    if not 0 <= seconds < math.inf:
        raise ValueError("seconds")
    weights = group("weights", network.state)
    moments = {name: group(name, network.parameters) for name in _MOMENTS}
    best = group("best", network.state) if records else []
    average = group("average", network.state) if "average-0" in arrays else []
    network.set_state(weights)
    for index, tensor in enumerate(network.parameters):
        optimiser.state[tensor] = {
            "step": torch.tensor(float(step)),
            **{name: torch.zeros_like(tensor).copy_(torch.from_numpy(moments[name][index]))
               for name in _MOMENTS},
        }  # fmt: skip
    for name, generator in generators.items():
        generator.set_state(torch.from_numpy(arrays[f"generator-{name}"]))
    return State(step, losses, records, best, average, seconds)
