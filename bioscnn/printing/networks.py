"""What the command line prints of networks: trained, compared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioscnn.printing.shared import print_table, with_interval
from bioscnn.terminal import OUT

if TYPE_CHECKING:
    from bioscnn.studies.benchmark import Finished


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
            f"{spiking['spikes_per_image']:,.0f} spikes a trial"
        )
    OUT.print(f"{out / card['name']}.onnx, and its card {card['name']}.json")


def print_benchmark(finished: Finished) -> None:
    """Print how the networks compare, and where the tables and figures are."""
    networks = finished.summary["networks"]
    rows = [
        (
            row["network"],
            f"{100 * row['ann_accuracy']:.2f} %",
            with_interval([row["snn_accuracy"], row["snn_accuracy_low"], row["snn_accuracy_high"]]),
            "never" if row["time_to_98_ms"] is None else f"{row['time_to_98_ms']:g} ms",
            f"{row['spikes']:,.0f}",
            f"{row['ann_to_spiking']:.1f}",
        )
        for row in networks
    ]
    print_table(("network", "trained", "spiking", "98 %", "spikes", "energy"), rows)
    first = networks[0]
    OUT.print(
        f"\n{first['n']:,} {first['split']} images of {first['duration_ms']:g} ms. 98 %: the time at which "
        "so many are right. Energy: that of the trained\nnetwork over that of the spiking one, an estimate. "
        f"Tables and figures: {finished.folder}"
    )
