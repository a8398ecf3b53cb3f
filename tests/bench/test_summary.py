"""What the benchmark makes of its measurements: ratios, rows, tables, the search for the best batch."""

from dataclasses import replace

import numpy as np
import pytest

from bench.figures import scaling_figure
from bench.measure import Measured, fastest
from bench.roster import EQUAL_ACCURACY, SAME, VGG, Entry, entries
from bench.scaling import exponents, widened
from bench.summary import against_the_fastest, ratios, rows_of, spread
from bench.tables import markdown
from bioscnn.ann import read_model
from bioscnn.report.document import Document
from bioscnn.seeds import stream

LABELS = np.array([0, 1, 2, 3])


def measured(simulator: str, rates: list[float], **keywords: object) -> Measured:
    entry = Entry(simulator, "small", "mnist-small", "bench.contestants.none", **keywords)
    return Measured(
        entry, batch=16, images=100, classes=[0, 1, 2, 0], layer_spikes=[1200.0, 500.0],
        seconds=[100 / rate for rate in rates], peak_mb=300.0, program_peak_mb=10.0,
    )  # fmt: skip


def everybody() -> list[Measured]:
    return [
        measured("bioscnn, 2 processes", [600, 300, 660], reference=True),
        measured("slow library", [50, 25, 55], kind="torch library"),
        measured("fast library", [100, 60, 110], kind="torch library", batches=(8, 16)),
        measured("torch by hand", [200, 110, 220], kind="by hand"),
        measured("Brian2", [500, 290, 500], kind="brian2", tables=(SAME,)),
    ]


def test_a_ratio_is_taken_within_a_round_and_not_between_medians():
    # A round on a busy machine halves both: the ratio does not move.
    assert ratios([200.0, 100.0, 220.0], [100.0, 50.0, 100.0]) == {"median": 2.0, "low": 2.0, "high": 2.2}
    assert spread([3.0, 1.0, 8.0]) == {"median": 3.0, "low": 1.0, "high": 8.0}
    with pytest.raises(ValueError, match="shorter"):
        ratios([1.0, 2.0], [1.0])


def test_a_row_holds_rate_ratio_accuracy_and_memory_of_an_entry_in_each_of_its_tables():
    rows = rows_of(everybody(), LABELS)
    assert [(row["simulator"], row["table"]) for row in rows if row["kind"] == "brian2"] == [("Brian2", SAME)]
    row = next(row for row in rows if row["simulator"] == "fast library" and row["table"] == EQUAL_ACCURACY)
    assert row["images_per_second"] == pytest.approx({"median": 100, "low": 60, "high": 110})
    assert row["ratio_to_bioscnn"] == pytest.approx({"median": 6, "low": 5, "high": 6})
    assert (row["accuracy"]["value"], row["accuracy"]["n"], row["same_class_as_bioscnn"]) == (0.75, 4, 1.0)
    assert row["accuracy"]["low"] < 0.75 < row["accuracy"]["high"]
    assert (row["batch"], row["peak_mb"], row["spikes_per_image"]) == (16, 300.0, 1700.0)


def test_bioscnn_is_compared_with_the_fastest_torch_library_and_with_the_fastest_peer_of_all():
    library, peer = against_the_fastest(everybody(), EQUAL_ACCURACY)
    assert (library["fastest"], peer["fastest"]) == ("fast library", "torch by hand")
    assert library["times_as_fast"]["median"] == pytest.approx(6)
    assert peer["times_as_fast"]["median"] == pytest.approx(3)
    # Brian2 is faster than both in the other table, and no peer there either.
    assert [one["fastest"] for one in against_the_fastest(everybody(), SAME)] == [
        "fast library",
        "torch by hand",
    ]


def test_nothing_is_compared_when_bioscnn_itself_is_absent():
    with pytest.raises(ValueError, match="bioscnn itself"):
        rows_of(everybody()[1:], LABELS)


def test_the_best_batch_and_variant_are_found_by_trying_neighbours():
    rates = {
        "plain": {8: 10, 16: 20, 32: 30, 64: 25, 128: 20, 256: 99},
        "packed": {8: 12, 16: 40, 32: 35, 64: 1},
    }
    tried = []

    def rate(batch: int, variant: str) -> float:
        tried.append((variant, batch))
        return rates[variant][batch]

    assert fastest(rate, (8, 16, 32, 64, 128, 256), ("plain", "packed")) == (16, "packed", 40)
    assert ("plain", 256) not in tried  # two slower ones in a row were enough


ONE = {"median": 1.0, "low": 0.5, "high": 2.0}
LIMIT = {
    "network": "mnist-small", "images": 2000, "ours": ONE, "by_hand": ONE, "share_of_by_hand": ONE,
    "roofline": 4.0, "share_of_roofline": 0.25, "parts_us": {"input": 1.0, "neurons": 2.0, "synapses": 3.0},
}  # fmt: skip
SHARE = {"value": 0.99, "low": 0.98, "high": 0.995}
PRECISION = {
    "network": "mnist-small", "spikes": 1000, "spikes_that_differ": 7, "trials_with_another_spike": 0.031,
    "classes_that_change": 1, "n": 100, "float32": SHARE, "float64": SHARE,
}  # fmt: skip
SCALING = {
    "points": [
        {
            "axis": axis, "value": value, "trials": 10 * value,
            "seconds": ONE | {"median": 3.0 * value**power},
            "images_per_second": 5.0, "synaptic_events": value**2, "program_peak_mb": 4.5,
        }
        for axis, power in (("trials", 1), ("duration", 1), ("time step", -1), ("width", 1.5))
        for value in (1, 2, 4)
    ]
}  # fmt: skip
SCALING["exponents"] = exponents(SCALING["points"])


def test_powers_are_those_of_the_curves():
    assert {axis: round(power, 9) for axis, power in SCALING["exponents"].items()} == {
        "trials": 1, "duration": 1, "time step": 1, "width": 0.75,
    }  # fmt: skip


def test_the_figure_of_growth_shows_each_curve_with_its_power():
    figure = scaling_figure(SCALING)
    assert [axes.get_title("left") for axes in figure.axes] == ["power 1.00"] * 3 + ["power 0.75"]


def test_a_widened_network_computes_the_same_with_the_square_of_the_synapses():
    graph, rng = read_model("mnist-small"), stream(1, "images")
    image = rng.random((3, 1, 28, 28)).astype(np.float32)
    wide = widened(graph, 3)
    assert np.allclose(wide.forward(image), graph.forward(image), atol=1e-3)
    hidden = [[layer.weight.size for layer in g.layers[2:6:2]] for g in (graph, wide)]
    assert hidden[1] == [9 * size for size in hidden[0]]


def test_the_tables_are_written_from_the_summary_alone(tmp_path):
    people = everybody()
    summary = {
        "command": "make bench", "machine": {"processor": "a processor"}, "threads": 2, "rounds": 3,
        "shown": {"small": "test images"}, "load_before": 3.0, "busy": True, "rows": rows_of(people, LABELS),
        "fastest": against_the_fastest(people, EQUAL_ACCURACY),
        "absent": [{"simulator": "spyx", "network": "mnist-small", "size": "small", "reason": "no wheel"}],
        "limits": [LIMIT], "precision": [PRECISION], "scaling": SCALING,
    }  # fmt: skip
    page = tmp_path / "speed.md"
    page.write_text("before\n<!-- benchmark peers: begin -->\n<!-- benchmark peers: end -->\nafter\n")
    Document(page, "peers").write(markdown(summary))
    text = page.read_text()
    assert text.startswith("before") and text.endswith("after\n")
    row = next(line for line in text.splitlines() if line.startswith("| fast library"))
    assert [cell.strip() for cell in row.strip("|").split("|")] == [
        "fast library", "`mnist-small`", "100 [60, 110]", "6.00 [5.00, 6.00]", "75.00 [30.06, 95.44] of 4",
        "1,700", "16 (plain, an end of the range)", "300 (program 10)",
    ]  # fmt: skip
    assert "bioscnn, 2 processes, `mnist-small`: 3.00 [2.73, 3.00] times as fast as the fastest peer" in text
    assert "The machine was busy" in text and "Not measured: spyx with mnist-small: no wheel" in text
    summary["busy"] = False
    assert "The machine was busy" not in markdown(summary)


def test_of_random_weights_spikes_of_each_layer_are_compared_and_no_accuracy():
    everyone = [measured(name, [2.0, 1.0, 2.5], reference=name == "bioscnn") for name in ("bioscnn", "torch")]
    for one, layers in zip(everyone, ([3000.0, 40.0], [3100.0, 50.0]), strict=True):
        one.entry, one.layer_spikes = replace(one.entry, size=VGG, tables=(SAME,)), layers
    everyone[1].classes = [0, 1, 0, 2]
    summary = {
        "command": "make bench SIZE=vgg", "machine": {"processor": "a processor"}, "threads": 2, "rounds": 3,
        "shown": {VGG: "test images"}, "busy": False, "rows": rows_of(everyone, None), "fastest": [],
        "absent": [{"simulator": "sinabs", "size": "small", "network": "mnist-small", "reason": "no wheel"}],
    }  # fmt: skip
    lines = markdown(summary, (VGG,)).splitlines()
    assert "Weights are random, so there is no accuracy; classes and spikes are compared" in lines[0]
    row = next(line for line in lines if line.startswith("| torch | `mnist-small`"))
    assert row.endswith("| 1.00 [1.00, 1.00] | 2 of 4 | 3,150 |  | 300 (program 10) |")
    at = lines.index("| layer | bioscnn | torch |")
    assert lines[at + 2 : at + 4] == ["| 1 | 3,000 | 3,100 |", "| 2 | 40 | 50 |"]
    assert not any("sinabs" in line for line in lines)


@pytest.mark.parametrize("size", ["small", "large", "nmnist", "vgg"])
def test_every_table_has_one_reference_and_no_two_entries_of_one_name(size):
    everyone = list(entries(size))
    keys = [entry.key for entry in everyone]
    assert len(set(keys)) == len(keys)
    for table in {table for entry in everyone for table in entry.tables}:
        assert sum(entry.reference for entry in everyone if table in entry.tables) == 1
