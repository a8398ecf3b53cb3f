"""What the command line prints of networks that learn without labels: a run, a training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from bioscnn.printing.shared import Again, print_fields, print_next, print_sentences, print_wrapped

if TYPE_CHECKING:
    from bioscnn.stdp.run import LearnedRun


def print_learned_run(done: LearnedRun) -> None:
    """Print how many images were classified right, with how many spikes, and where the report is."""
    summary = done.summary
    print_wrapped(f"\n[bold]{escape(summary['title'])}[/bold]  {escape(summary['source'])}\n")
    print_sentences(summary["verdict"])
    spikes = ", ".join(f"{n:,.0f} {name}" for name, n in summary["spikes_by_population"].items())
    fields = [
        ("network", f"{escape(summary['network'])}, {summary['rule']}"),
        ("spikes", f"{spikes} per image"),
    ]
    fields += [("note", escape(note)) for note in summary["notes"]]
    print_fields([*fields, ("report", escape(str(done.folder / "report.html")))], 8)


def print_learned_training(file: Path, card: dict[str, Any], again: Again) -> None:
    """Print what a network has seen, where it lies, and how it is run."""
    from bioscnn.stdp.network import LABELS_FOR

    labels = card.get("labels_used")
    after = f"; {labels:,} labelled ones {card.get('labels_for', LABELS_FOR)}" if labels else ""
    print_wrapped(f"{escape(card['name'])}: learned from {card['images_seen']:,} presented images{after}")
    print_wrapped(f"{escape(str(file))}, and its card {escape(file.with_suffix('.json').name)}")
    print_next([(again.command("run", learning__network=str(file)), "")])
