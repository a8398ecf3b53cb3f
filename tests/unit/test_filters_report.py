"""The page of a filter study as a file: what it says, and what happens when a file is damaged."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bioscnn import plots
from bioscnn.errors import UserError
from bioscnn.report import write_filters_report
from bioscnn.report.filters import accuracies_caption, headlines, noise_caption
from bioscnn.report.filters_folder import read_filters
from tests import filter_study
from tests.filter_study import BEST, BEST_IN_NOISE, CONDITIONS, write_study

FILES = ("table.csv", "means.csv", "comparisons.csv", "summary.json")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_study(tmp_path / "filters")


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def refused(folder: Path) -> UserError:
    """The error of a page that cannot be made; the folder must stay as it was."""
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(UserError) as caught:
        write_filters_report(folder)
    assert sorted(path.name for path in folder.iterdir()) == before
    return caught.value


@pytest.mark.parametrize("name", FILES)
def test_a_missing_or_damaged_file_is_named_with_the_command_that_makes_it(folder: Path, name: str):
    content = (folder / name).read_bytes()
    for damaged in (None, b"", b"\xff\xfe\x00", content[: len(content) // 2].rpartition(b",")[0]):
        (folder / name).unlink() if damaged is None else (folder / name).write_bytes(damaged)
        error = refused(folder)
        assert error.file == folder / name
        assert "bioscnn retina" in error.fix


def test_a_missing_column_or_key_is_named(folder: Path):
    pd.read_csv(folder / "means.csv").drop(columns=["high"]).to_csv(folder / "means.csv", index=False)
    assert refused(folder).key == "high"
    write_study(folder)
    (folder / "summary.json").write_text('{"study": "caltech"}')
    assert "best_in_noise" in (refused(folder).key or "")


def test_files_of_two_studies_are_not_mixed(folder: Path):
    means = pd.read_csv(folder / "means.csv")
    means.loc[7, "accuracy"] = means.loc[7, "low"]
    means.to_csv(folder / "means.csv", index=False)
    assert refused(folder).expected == "the means of table.csv"
    write_study(folder)
    table = pd.read_csv(folder / "table.csv")
    table[table["cells"] != "pixels"].to_csv(folder / "table.csv", index=False)
    assert refused(folder).file == folder / "means.csv"
    write_study(folder)
    edit(folder / "summary.json", best="on-midgets")
    assert refused(folder).key == "best"


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path):
    with pytest.raises(UserError, match="no such study"):
        write_filters_report(tmp_path / "nothing")


def test_the_answer_comes_first_and_text_of_files_stays_text(folder: Path):
    page = write_filters_report(folder).read_text().replace("\N{NO-BREAK SPACE}", " ")
    sentences = [text.replace("<", "&lt;").replace(">", "&gt;") for text in filter_study.VERDICT]
    places = [page.index(text.replace("&", "&amp;", 1) if " & " in text else text) for text in sentences[1:]]
    assert page.index("Photographs &lt;of&gt; a test &amp; no camera") < places[0] < places[1]
    assert places[1] < page.index("<figure") < page.index("Machine: processor")
    assert "made up &lt;by&gt; a test" in page
    assert "a &lt;fast&gt; one &amp; two cores" in page
    assert page.count("<tr") > 32 * len(CONDITIONS) + 21
    assert len(page) < 3e6


def test_sentences_name_the_numbers_of_the_tables(folder: Path):
    study = read_filters(folder)
    means = filter_study.tables()[1]
    clean = means[means["severity"] == 0].sort_values("accuracy")
    assert f"between {100 * clean['accuracy'].iloc[0]:.2f} %" in accuracies_caption(study)
    of = means.set_index(["cells", "rank_order", "noise", "severity"])["accuracy"]
    left, pixels = (of[cells, False, "salt-and-pepper", 5] for cells in (BEST_IN_NOISE, "pixels"))
    told = f"leaves {100 * left:.2f} % of {BEST_IN_NOISE}, {100 * pixels:.2f} % of the pixels."
    assert f"salt and pepper of severity 5 {told}" in noise_caption(study)
    values = {number["name"]: number["value"] for number in headlines(study)}
    assert values == {
        "Chosen": f"{100 * of[BEST, False, 'none', 0]:.2f} %",
        "Pixels, no cells": f"{100 * of['pixels', False, 'none', 0]:.2f} %",
    }


def test_seeds_and_the_trained_network_come_from_the_table(folder: Path):
    table = filter_study.tables()[0]
    row = read_filters(folder).of(f"{BEST}, rank order", "gaussian-noise", 2)
    seeds = table[(table["cells"] == BEST) & table["rank_order"]]
    seeds = seeds[(seeds["noise"] == "gaussian-noise") & (seeds["severity"] == 2)]
    assert len(seeds) == 3
    assert (row.lowest, row.highest) == (seeds["accuracy"].min(), seeds["accuracy"].max())
    assert row.ann_accuracy == pytest.approx(seeds["ann_accuracy"].mean())


def test_a_study_of_few_front_ends_and_one_severity_can_be_reported(folder: Path):
    for name in ("table.csv", "means.csv"):
        rows = pd.read_csv(folder / name)
        few = rows["cells"].isin(("pixels", "off-midget")) & rows["severity"].isin((0, 3))
        few &= ~(rows["rank_order"] & (rows["cells"] == "pixels"))
        rows[few].to_csv(folder / name, index=False)
    edit(folder / "summary.json", best="pixels", best_filtered="off-midget", best_in_noise="pixels")
    assert "Chosen, of those with cells" in write_filters_report(folder).read_text()


def numbers_in(axes) -> dict[tuple[int, int], str]:
    texts = [text for text in axes.texts if text.get_text()[0].isdigit()]
    return {tuple(int(x) for x in text.get_position()[::-1]): text for text in texts}


def test_every_accuracy_stands_in_the_row_of_its_cells_and_the_column_of_its_condition():
    means = filter_study.tables()[1].sample(frac=1, random_state=2)
    figure = plots.front_end_accuracies(means)
    order = list(dict.fromkeys(means["cells"]))
    of = means.set_index(["cells", "rank_order", "noise", "severity"])["accuracy"]
    for axes, dots, ranked in (
        (figure.axes[1], figure.axes[0], False),
        (figure.axes[3], figure.axes[2], True),
    ):
        numbers = numbers_in(axes)
        assert len(numbers) == 16 * 11
        for (row, column), text in numbers.items():
            value = 100 * of[(order[row], ranked, *CONDITIONS[column])]
            assert text.get_text() == f"{value:.1f}"
        drawn = {line.get_ydata()[0] - 0.5: len(line.get_xdata()) for line in dots.lines[1::2]}
        expected = {row: cells.count("+") + 1 for row, cells in enumerate(order) if cells != "pixels"}
        assert drawn == expected
    bold = [t for axes in figure.axes for t in axes.texts if t.get_weight() == "bold"]
    assert len(bold) >= len(CONDITIONS)


def test_lines_begin_with_the_clean_images_in_every_noise():
    means = filter_study.tables()[1]
    means = means[~means["rank_order"]].assign(label=means["cells"])
    figure = plots.accuracy_in_noise(means, ["pixels", BEST])
    for axes, noise in zip(figure.axes, ("gaussian-noise", "salt-and-pepper"), strict=True):
        for line, label in zip(axes.lines, ("pixels", BEST), strict=True):
            rows = means[(means["cells"] == label) & means["noise"].isin(("none", noise))]
            assert line.get_label() == label
            assert list(line.get_xdata()) == [0, 1, 2, 3, 4, 5]
            np.testing.assert_allclose(line.get_ydata(), 100 * rows["accuracy"])
