"""What the command line prints of networks: trained, compared, cross-validated."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioscnn.printing.shared import print_table, with_interval
from bioscnn.terminal import OUT

if TYPE_CHECKING:
    from bioscnn.studies.cross_validation import CrossValidation


def print_training(card: dict[str, Any], out: Path) -> None:
    """Print how good a trained network is and where it lies."""
    validation = card["validation"]
    share = with_interval([validation["accuracy"], *validation["wilson_95"]], validation["n"])
    example = "recording" if "recordings" in card else "image"
    OUT.print(f"{card['name']}: {share} on validation {example}s, in {card['seconds']:.0f} s")
    if card["spiking"]:
        spiking = card["spiking"]
        share = with_interval([spiking["accuracy"], *spiking["wilson_95"]], spiking["n"])
        OUT.print(
            f"in spikes: {share} by {card['settings']['readout']} after {spiking['duration_ms']:g} ms, "
            f"{spiking['spikes_per_image']:,.0f} spikes per trial"
        )
    OUT.print(f"{out / card['name']}.onnx, and its card {card['name']}.json")


def print_cross_validation(done: CrossValidation) -> None:
    """Print what the folds came to, and where the decisions are."""
    s = done.summary
    shown = {"cross-validated": s["accuracy"]}
    if "before" in s:
        shown[f"{s['began_with']}, as shipped"] = s["before"]
    rows = [(name, *(with_interval(one[name]) for one in shown.values())) for name in s["accuracy"]]
    print_table(("readout", *shown), rows)
    folds = ", ".join(f"{100 * value:.2f}" for value in s["accuracy_by_fold"])
    OUT.print(
        f"\n{s['n']:,} recordings of {s['dataset']} ({s['source']}), {s['folds']} folds: {folds} % by "
        f"{s['readout']}.\nEvery recording was classified by a network that was not trained on it.\n"
        f"Decisions and networks: {done.folder}"
    )
