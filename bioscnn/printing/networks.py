"""What the command line prints of a trained network, and of one that is exported."""

from __future__ import annotations

import os
import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from bioscnn.printing.shared import (
    Again,
    own_name,
    print_fields,
    print_next,
    print_warnings,
    print_wrapped,
    with_interval,
)
from bioscnn.terminal import OUT

if TYPE_CHECKING:
    from bioscnn.nir import Exported
    from bioscnn.studies.config import StudyConfig


def print_training(card: dict[str, Any], file: Path, config: StudyConfig, again: Again) -> None:
    """Print how good a trained network is, where it lies, and what to do with it."""
    example = "recordings" if "recordings" in card else "images"
    print_wrapped(f"\n[bold]{escape(card['name'])}[/bold]  trained in {card['seconds']:.0f} s\n")
    fields = [("trained network", f"{_share(card['validation'])} validation {example}")]
    if spiking := card["spiking"]:
        read = f"by {card['settings']['readout']} after {spiking['duration_ms']:g} ms"
        come_in = ", those that come in counted" if card["stage"] == "times" else ""
        spikes = f"{spiking['spikes_per_image']:,.0f} spikes per trial{come_in}"
        fields.append(("spiking network", f"{_share(spiking)} {read}, {spikes}"))
    if before := card.get("spiking_before"):
        spikes = f"{before['spikes_per_image']:,.0f} spikes per trial"
        began = "the scales" if card["stage"] == "times" else "the network"
        fields.append(("before", f"{_share(before)}, {spikes}: {began} that it began with"))
    fields.append(("files", f"{escape(str(file))}, and its card {escape(file.with_suffix('.json').name)}"))
    print_fields(fields, 16)
    hints = [_doubt(card["spiking"] or card["validation"], len(card["classes"])), _no_gain(card)]
    print_warnings([{"certain": False, "text": hint} for hint in hints if hint], 16)
    if again.subject.suffix == ".toml":
        print_next(_after_training(card, file, config, again))


def _doubt(part: dict[str, Any], n_classes: int) -> str | None:
    """Return what makes an accuracy on validation data say little, in words."""
    from bioscnn.studies.guards import few_trials

    if (few := few_trials(part["n"])) or part["wilson_95"][0] > 1 / n_classes:
        return few
    return (
        f"the accuracy is no better than guessing, which is right in {100 / n_classes:.3g} % with "
        f"{n_classes} classes: more epochs, examples or layers may help"
    )


def _no_gain(card: dict[str, Any]) -> str | None:
    """Return that fine-tuning on spikes made a network clearly less accurate for nothing, if it did."""
    before, after = card.get("spiking_before"), card["spiking"]
    if not before or card["stage"] == "times" or after["wilson_95"][1] >= before["accuracy"]:
        return None
    if card["settings"]["spike_penalty"] > 0 and after["spikes_per_image"] < before["spikes_per_image"]:
        return None
    return (
        "fine-tuning made the network less accurate on these: keep the one that it began with, or try a "
        "smaller learning_rate, or more epochs"
    )


def _share(part: dict[str, Any]) -> str:
    return with_interval([part["accuracy"], *part["wilson_95"]], part["n"])


def _after_training(
    card: dict[str, Any], file: Path, config: StudyConfig, again: Again
) -> Iterator[tuple[str, str]]:
    """Yield commands that go on from a training: simulate what it made, tune it, or another code."""
    from bioscnn.studies.recipe import why_no_times

    keys = {} if Path(config.network.model) == file else {"network__model": str(file)}
    of_run = replace(again, changes=[c for c in again.changes if not c.lstrip().startswith("training.")])
    stage, own = card["stage"], config.dataset.own
    yield of_run.command("run", **keys, **(_keys_of_times(config) if stage == "times" else {})), ""
    if stage != "rates":
        return
    if card["spiking"]:
        yield f"{again.command('train', **keys)} --on spikes", "fine-tuned, under a name of its own"
    if config.training.activation == "relu" and not why_no_times(config):
        yield f"{again.command('train', **keys)} --on times", "fine-tuned for one spike per neuron"
    elif own is not None and not own.recorded:
        data = f"{own.kind}:{os.path.relpath(own.path)}"
        words = ["new", f"{again.subject.stem}-times", "--data", data, "--code", "time"]
        yield f"{own_name()} {shlex.join(words)}", "a study of one spike per neuron"


def _keys_of_times(config: StudyConfig) -> dict[str, str]:
    """Return the keys of a study, with ``__`` for the dot, that a network tuned on spike times needs."""
    keys = {"network__scale": "1", "encoding__kind": "spike-time"}
    if config.network.code != "time":
        keys |= {"network__code": "time", "simulation__duration": "auto", "readout__rule": "last-potential"}
    elif config.encoding.kind == "spike-time":
        del keys["encoding__kind"]
    return keys


def print_export(exported: Exported, again: Again) -> None:
    """Print which nodes were written, what NIR cannot say of the network, and how to run it."""
    counts, path = Counter(exported.nodes.values()), escape(str(exported.path))
    print_wrapped(f"\n[bold]{path}[/bold]  {', '.join(f'{n} {kind}' for kind, n in counts.items())}\n")
    OUT.print("NIR cannot say, and the metadata alone carry, which no other simulator reads:")
    for part in exported.carried:
        print_wrapped(f"  {part}", 4, markup=False)
    line = again.command("run", network__model=str(exported.path))
    print_next([(line, "the graph in place of the network")])
