"""What the command line prints of a trained network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bioscnn.printing.shared import with_interval
from bioscnn.terminal import OUT


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
