"""The page of a noise study as a file: what it says, and what happens when a file is damaged."""

import html
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bioscnn.errors import UserError
from bioscnn.noise import NOISES
from bioscnn.plots.noise import name_of
from bioscnn.report import write_noise_report
from bioscnn.report.noise import comparisons_table, noise_page, numbers_table
from bioscnn.report.noise_folder import NoiseStudy, read_noise
from bioscnn.report.noise_words import (
    NOISE_WORDS,
    activity_caption,
    curves_caption,
    fall_caption,
    headlines,
    helps_caption,
    kinds,
)
from bioscnn.report.page import Figure
from tests import noise_study
from tests.noise_study import write_study

FILES = ("accuracy.csv", "comparisons.csv", "summary.json", "examples.npz")
KEYS = ["contestant", "method", "noise", "severity"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_study(tmp_path / "noise", "nmnist")


@pytest.fixture
def study(folder: Path) -> NoiseStudy:
    return read_noise(folder)


def refused(folder: Path) -> UserError:
    """The error of a page that cannot be made; the folder must stay as it was."""
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(UserError) as caught:
        write_noise_report(folder)
    assert sorted(path.name for path in folder.iterdir()) == before
    assert "bioscnn noise" in caught.value.fix
    return caught.value


@pytest.mark.parametrize("name", FILES)
def test_a_missing_or_damaged_file_is_named_with_the_command_that_makes_it(folder: Path, name: str):
    content = (folder / name).read_bytes()
    cut = content[: len(content) // 2]
    for damaged in (None, b"", b"\xff\xfe\x00", cut if name.endswith("npz") else cut.rpartition(b",")[0]):
        (folder / name).unlink() if damaged is None else (folder / name).write_bytes(damaged)
        assert refused(folder).file == folder / name


def test_a_missing_column_or_key_is_named(folder: Path):
    pd.read_csv(folder / "comparisons.csv").drop(columns=["high"]).to_csv(folder / "comparisons.csv")
    assert refused(folder).key == "high"
    write_study(folder, "nmnist")
    (folder / "summary.json").write_text('{"study": "nmnist"}')
    assert "contestants" in (refused(folder).key or "")


def test_a_summary_whose_noises_are_not_described_is_refused(folder: Path):
    for key, damaged in (("noises", ["blur"]), ("contestants", [])):
        write_study(folder, "nmnist")
        (folder / "summary.json").write_text(json.dumps(noise_study.summary("nmnist") | {key: damaged}))
        assert refused(folder).key == key


@pytest.mark.parametrize(
    ("column", "value"),
    [("contestant", "another"), ("noise", "snow"), ("severity", 7), ("severity", 2), ("high", 1.2)],
)
def test_a_row_that_is_no_condition_of_the_study_is_refused(folder: Path, column: str, value: object):
    table = pd.read_csv(folder / "accuracy.csv")
    table.loc[table["severity"] == 3, column] = value
    table.to_csv(folder / "accuracy.csv", index=False)
    error = refused(folder)
    assert error.file == folder / "accuracy.csv"
    assert column in (error.key or "")


def test_an_interval_that_rounding_takes_beyond_one_ends_at_one(folder: Path):
    table = pd.read_csv(folder / "accuracy.csv")
    table["high"] = 1 + 9e-16
    table.to_csv(folder / "accuracy.csv", index=False)
    assert (read_noise(folder).accuracy["high"] == 1).all()


def test_without_clean_inputs_nothing_can_be_compared(folder: Path):
    table = pd.read_csv(folder / "accuracy.csv")
    gone = (
        (table["noise"] == "clean") & (table["contestant"] == "fine-tuned") & (table["method"] == "spiking")
    )
    table[~gone].to_csv(folder / "accuracy.csv", index=False)
    assert refused(folder).value == "no clean inputs of fine-tuned"


def test_pictures_of_another_shape_are_refused(folder: Path):
    names, pictures = noise_study.pictures("nmnist")
    for shown in (pictures[:, :5], pictures[1:], pictures.astype(float)):
        np.savez(folder / "examples.npz", names=names, pictures=shown)
        assert refused(folder).key == "pictures"


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path):
    with pytest.raises(UserError, match="no such study"):
        write_noise_report(tmp_path / "nothing")


def test_the_answer_comes_first_text_of_files_stays_text_and_recordings_are_told_to_be_simulated(
    folder: Path,
):
    page = write_noise_report(folder).read_text().replace("\N{NO-BREAK SPACE}", " ")
    places = [page.index(html.escape(sentence, quote=False)) for sentence in noise_study.VERDICT]
    assert places == sorted(places)
    assert places[-1] < page.index("<figure") < page.index("Machine: processor")
    for text in ("made up <by> a test", "a <fast> one & two cores", "what noise-trained <is>"):
        assert html.escape(text) in page
    assert page.count("Recordings: simulated.") == 5
    for name in noise_study.CONTESTANTS["nmnist"].values():
        assert f"{name}: <code>81e1c66d" in page
    assert len(page) < 3e6


def test_every_number_of_the_accuracies_stands_in_the_table_of_its_contestant(study: NoiseStudy):
    table = noise_study.accuracy_table("nmnist").set_index(KEYS)
    noises = ("clean", *noise_study.noises_of("nmnist"))
    count = 0
    for contestant in noise_study.CONTESTANTS["nmnist"]:
        groups = numbers_table(study, contestant).groups
        assert [group.heading for group in groups] == [name_of(noise) for noise in noises]
        for noise, group in zip(noises, groups, strict=True):
            assert len(group.lines) == (1 if noise == "clean" else 5)
            for severity, line in enumerate(group.lines, start=noise != "clean"):
                condition, accuracy, interval, ann, ann_interval, _, spikes, _ = line.cells
                of = table.loc[contestant, "spiking", noise, severity]
                assert accuracy == f"{100 * of['accuracy']:.2f} %"
                assert interval == f"[{100 * of['low']:.2f}, {100 * of['high']:.2f}]"
                assert spikes == f"{of['spikes']:,.0f}"
                assert condition == (f"{severity}: {of['amount']}" if severity else "0")
                if (contestant, "ann", noise, severity) in table.index:
                    assert ann == f"{100 * table.loc[contestant, 'ann', noise, severity]['accuracy']:.2f} %"
                else:
                    assert ann == ann_interval == ""
                count += 1
    assert count == (table.index.get_level_values("method") == "spiking").sum()


def test_sentences_name_the_numbers_of_the_tables(study: NoiseStudy):
    table = noise_study.accuracy_table("nmnist")
    rows = table[(table["contestant"] == "soft LIF") & (table["method"] == "spiking")]
    clean = rows[rows["noise"] == "clean"].iloc[0]
    worst = rows[rows["severity"] == 3].sort_values("accuracy").iloc[0]
    assert worst["noise"] == "event-loss"
    loss = f"{100 * (clean['accuracy'] - worst['accuracy']):.2f}"
    assert f"event loss (0.3) takes {loss} points" in fall_caption(study)
    values = {number.name: (number.value, number.note) for number in headlines(study)}
    assert values["Largest loss"][0] == loss
    assert values["Soft LIF, clean"][0] == f"{100 * clean['accuracy']:.2f} %"
    assert (values["Kinds of noise"][0], values["Trials"][0]) == ("15", "500")
    assert values["Kinds of noise"][1] == "in 5 severities"

    helped = table[(table["contestant"] == "noise-trained") & (table["method"] == "spiking")]
    mean = helped[helped["severity"] > 0]["accuracy"].mean()
    assert f"their severities: noise-trained {100 * mean:.2f} %" in curves_caption(study)
    late = rows.loc[rows["latency_ms"].idxmax()]
    assert f"at the latest after {late['latency_ms']:.3g} ms, in event loss" in activity_caption(study)


def test_what_helps_is_told_with_its_sign_and_every_comparison_is_in_the_table(study: NoiseStudy):
    rows = noise_study.comparison_table("nmnist")
    groups = comparisons_table(study.comparisons).groups
    lines = [line for group in groups for line in group.lines]
    for (_, row), line in zip(rows.iterrows(), lines, strict=True):
        assert line.cells[1] == f"{100 * row['difference']:+.2f}".replace("-", "\N{MINUS SIGN}")
    mean = rows[(rows["noise"] == "all") & (rows["question"] == "noise-training")].iloc[0]
    assert f"noise-trained less soft LIF: {100 * mean['difference']:+.2f} points" in helps_caption(study)
    assert "Holm" not in helps_caption(study)


def test_a_corrected_p_is_the_one_that_is_told(folder: Path):
    table = noise_study.comparison_table("nmnist")
    table.assign(p=0.0001, p_holm=0.25).to_csv(folder / "comparisons.csv", index=False)
    corrected = read_noise(folder)
    assert helps_caption(corrected).count("p = 0.25") == 3
    groups = comparisons_table(corrected.comparisons).groups
    assert {line.cells[4] for group in groups for line in group.lines} == {"0.25"}


def test_every_noise_is_explained_with_the_setting_of_severity_3(study: NoiseStudy):
    assert set(NOISE_WORDS) == set(NOISES)
    described = {kind.name: kind for group in kinds(study).values() for kind in group}
    assert len(described) == 15
    assert described["axonal delay"].meaning == "by 3 ms on average, up to twice that"
    assert described["axonal delay"].settings == "1, 2, 3, 5, 8 ms"
    assert list(kinds(study)) == ["events", "input spikes", "synapses", "neurons", "axons"]


def test_a_quick_study_of_one_severity_without_pictures_or_chance_can_be_reported(folder: Path):
    for name in ("accuracy.csv", "comparisons.csv"):
        rows = pd.read_csv(folder / name)
        few = rows["noise"].isin(("clean", "all", "dead-neurons"))
        if name == "accuracy.csv":
            few &= rows["severity"].isin((0, 5))
        rows[few].to_csv(folder / name, index=False)
    content = json.loads((folder / "summary.json").read_text())
    del content["chance"]
    (folder / "summary.json").write_text(json.dumps(content))
    np.savez(folder / "examples.npz", names=np.array([], str), pictures=np.array([]))
    assert "at severity 5" in write_noise_report(folder).read_text()
    parts = [part for section in noise_page(read_noise(folder)).sections for part in section.parts]
    assert sum(isinstance(part, Figure) for part in parts) == 4
