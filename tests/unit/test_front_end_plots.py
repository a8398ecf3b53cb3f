"""The figures of the retina experiment: what is drawn is what was given."""

import numpy as np
import pandas as pd

from bioscnn import plots

SETS = ("pixels", "off-midget", "off-midget + on-parasol")
CONDITIONS = (("none", 0), ("gaussian-noise", 2), ("gaussian-noise", 4), ("salt-and-pepper", 4))


def means():
    """A made-up accuracy for every front end and condition, all of them different."""
    rng = np.random.default_rng(1)
    rows = [
        {"cells": cells, "front_end": cells, "noise": noise, "severity": severity,
         "accuracy": rng.uniform(0.5, 1)}
        for cells in SETS for noise, severity in CONDITIONS
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    return table.assign(low=table["accuracy"] - 0.1, high=table["accuracy"] + 0.1)


def test_every_accuracy_stands_in_the_row_of_its_cells_and_the_column_of_its_condition():
    table = means()
    figure = plots.front_end_accuracies(table.sample(frac=1, random_state=2))
    order = list(dict.fromkeys(table.sample(frac=1, random_state=2)["cells"]))
    accuracy = table.set_index(["cells", "noise", "severity"])["accuracy"]
    dots, axes = figure.axes[:2]
    numbers = {
        tuple(int(x) for x in text.get_position()[::-1]): text.get_text()
        for text in axes.texts
        if text.get_text()[0].isdigit()
    }
    assert numbers == {
        (row, column): f"{100 * accuracy[(cells, *condition)]:.1f}"
        for row, cells in enumerate(order)
        for column, condition in enumerate(CONDITIONS)
    }
    drawn = {line.get_ydata()[0] - 0.5: len(line.get_xdata()) for line in dots.lines[1::2]}
    assert drawn == {k: cells.count("+") + 1 for k, cells in enumerate(order) if cells != "pixels"}
    bold = [text for axes in figure.axes for text in axes.texts if text.get_weight() == "bold"]
    assert len(bold) == len(CONDITIONS), "the highest of each condition"


def test_lines_begin_with_the_clean_images_in_every_noise():
    table = means()
    figure = plots.accuracy_in_noise(table, ["pixels", "off-midget"])
    for axes, noise, severities in zip(
        figure.axes, ("gaussian-noise", "salt-and-pepper"), ([0, 2, 4], [0, 4]), strict=True
    ):
        for line, label in zip(axes.lines, ("pixels", "off-midget"), strict=True):
            rows = table[(table["front_end"] == label) & table["noise"].isin(("none", noise))]
            assert line.get_label() == label
            assert list(line.get_xdata()) == severities
            np.testing.assert_allclose(line.get_ydata(), 100 * rows["accuracy"])
