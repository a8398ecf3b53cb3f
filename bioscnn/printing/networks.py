"""What the command line prints of a trained network, and of one that is exported."""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from bioscnn.printing.shared import Again, own_name, print_next, print_wrapped, with_interval
from bioscnn.terminal import OUT

if TYPE_CHECKING:
    from bioscnn.nir import Exported


def print_training(card: dict[str, Any], file: Path, model: str, again: Again) -> None:
    """Print how good a trained network is, where it lies, and what to do with it."""
    validation = card["validation"]
    share = with_interval([validation["accuracy"], *validation["wilson_95"]], validation["n"])
    example = "recording" if "recordings" in card else "image"
    print_wrapped(f"{card['name']}: {share} on validation {example}s, in {card['seconds']:.0f} s")
    if card["spiking"]:
        spiking = card["spiking"]
        share = with_interval([spiking["accuracy"], *spiking["wilson_95"]], spiking["n"])
        print_wrapped(
            f"in spikes: {share} by {card['settings']['readout']} after {spiking['duration_ms']:g} ms, "
            f"{spiking['spikes_per_image']:,.0f} spikes per trial"
        )
    print_wrapped(f"{escape(str(file))}, and its card {escape(file.with_suffix('.json').name)}")
    if again.subject.suffix != ".toml":
        return
    network_keys = {} if Path(model) == file else {"network__model": str(file)}
    if card["stage"] == "times":
        network_keys |= {"network__code": "time", "network__scale": "1", "encoding__kind": "spike-time"}
    of_run = replace(again, changes=[c for c in again.changes if not c.lstrip().startswith("training.")])
    commands = [(of_run.command("run", **network_keys), "")]
    if card["stage"] == "rates" and card["spiking"]:
        tuned = f"{again.command('train', **network_keys)} --on spikes"
        commands.append((tuned, "fine-tuned, under a name of its own"))
    print_next(commands)


def print_export(exported: Exported, study: Path) -> None:
    """Print which nodes were written, what NIR cannot say of the network, and how to run it."""
    counts, path = Counter(exported.nodes.values()), escape(str(exported.path))
    print_wrapped(f"\n[bold]{path}[/bold]  {', '.join(f'{n} {kind}' for kind, n in counts.items())}\n")
    OUT.print("NIR cannot say, and the metadata alone carry, which no other simulator reads:")
    for part in exported.carried:
        print_wrapped(f"  {part}", 4, markup=False)
    setting = shlex.quote(f"network.model={exported.path}")
    line = f"{own_name()} run {shlex.quote(str(study))} --set {setting}"
    print_next([(line, "the graph in place of the network")])
