"""The page of a timing study as a file: what it says, and what happens when a file is damaged."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from bioscnn.errors import UserError
from bioscnn.report import write_timing_report
from bioscnn.report.timing_folder import ACCURACY, EMPTY_IF_CLEAN, read_timing
from bioscnn.report.timing_words import (
    FAMILIES,
    METHODS,
    controls_caption,
    effects_caption,
    families,
    headlines,
    information_caption,
    jitter_caption,
)
from tests import timing_study
from tests.timing_study import write_study

FILES = (
    "examples.npz",
    "comparisons.csv",
    "accuracy.csv",
    "controls.csv",
    "information.csv",
    "verdict.json",
    "summary.json",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_study(tmp_path / "timing")


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def edit_table(path: Path, row: int, **changes: object) -> None:
    table = pd.read_csv(path, dtype=object, keep_default_na=False)
    for name, value in changes.items():
        table.loc[row, name] = value
    table.to_csv(path, index=False)


def refused(folder: Path) -> UserError:
    """The error of a page that cannot be made; the folder must stay as it was."""
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(UserError) as caught:
        write_timing_report(folder)
    assert sorted(path.name for path in folder.iterdir()) == before
    return caught.value


def test_tables_come_back_as_they_were_written(folder: Path):
    study = read_timing(folder)
    written = timing_study.accuracy_table()
    pd.testing.assert_frame_equal(
        study.accuracy, written, check_dtype=False, check_column_type=False, check_index_type=False
    )
    assert study.accuracy["keeps_counts"].dtype == bool
    assert study.controls["expected"].tolist() == timing_study.control_table()["expected"].tolist()


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(folder: Path, name: str):
    (folder / name).unlink()
    error = refused(folder)
    assert error.file == folder / name
    assert "bioscnn timing" in error.fix


@pytest.mark.parametrize("name", FILES)
def test_a_truncated_file_is_refused(folder: Path, name: str):
    lines = (folder / name).read_bytes()
    (folder / name).write_bytes(lines[: len(lines) // 2].rpartition(b",")[0])
    assert refused(folder).file == folder / name


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"layer\n"])
def test_a_file_of_something_else_is_refused(folder: Path, name: str, content: bytes):
    (folder / name).write_bytes(content)
    assert refused(folder).file == folder / name


@pytest.mark.parametrize(
    "changes, key",
    [
        ({"accuracy": 96.0}, "accuracy"),  # percent
        ({"keeps_counts": "perhaps"}, "keeps_counts"),
        ({"low": ""}, "low"),
        ({"lost": "many"}, "lost"),
        ({"p_holm": ""}, "p_holm"),
    ],
)
def test_a_cell_that_is_not_what_its_column_holds_is_named(folder: Path, changes: dict, key: str):
    edit_table(folder / "accuracy.csv", 20, **changes)
    assert refused(folder).key == key


def test_a_missing_column_or_key_is_named(folder: Path):
    table = pd.read_csv(folder / "accuracy.csv").drop(columns=["p_holm", "won"])
    table.to_csv(folder / "accuracy.csv", index=False)
    assert refused(folder).key == "won, p_holm"
    write_study(folder)
    (folder / "summary.json").write_text('{"study": "timing"}')
    assert "weights_sha256" in (refused(folder).key or "")


def test_clean_rows_may_leave_out_what_compares_with_themselves(folder: Path):
    table = pd.read_csv(folder / "accuracy.csv")
    table.loc[table["family"] == "clean", list(EMPTY_IF_CLEAN)] = None
    table.to_csv(folder / "accuracy.csv", index=False)
    assert read_timing(folder).accuracy["difference"].isna().sum() == 16
    assert set(ACCURACY) <= set(table)


def test_a_method_without_clean_spikes_is_refused(folder: Path):
    table = pd.read_csv(folder / "accuracy.csv")
    dropped = (table["layer"] == "conv1") & (table["method"] == "ranks") & (table["family"] == "clean")
    table[~dropped].to_csv(folder / "accuracy.csv", index=False)
    assert refused(folder).value == "conv1, ranks"


def test_a_layer_to_which_nothing_was_done_is_refused(folder: Path):
    table = pd.read_csv(folder / "accuracy.csv")
    table[(table["layer"] != "conv2") | (table["family"] == "clean")].to_csv(
        folder / "accuracy.csv", index=False
    )
    assert refused(folder).value == "conv2"


def test_files_of_two_studies_are_not_mixed(folder: Path):
    edit(folder / "summary.json", n=timing_study.N - 1)
    assert "do not belong together" in str(refused(folder))
    write_study(folder)
    edit_table(folder / "controls.csv", 0, passed="False")
    assert refused(folder).file == folder / "verdict.json"


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path):
    with pytest.raises(UserError, match="no such study"):
        write_timing_report(tmp_path / "nothing")


def test_sentences_name_the_numbers_of_the_table(folder: Path):
    study = read_timing(folder)
    assert "jitter 100 ms changes the accuracy of the spiking network by −43.00 points" in jitter_caption(
        study
    )
    rows = study.of("conv1", "spiking network")
    told = int((rows["keeps_counts"] & (rows["p_holm"] < 0.05)).sum())
    assert 0 < told < 20
    assert f"Of 20 perturbations that keep every count, {told} change" in effects_caption(study, "conv1")
    assert (
        "In conv2, less what shuffled classes leave, a neuron's count carries 0.199 bit"
        in information_caption(study)
    )
    assert "time adds 0.060 bit" in information_caption(study)
    values = {number.name: number.value for number in headlines(study)}
    assert values["Spiking network"] == "96.00 %"
    assert values["Time-collapsed CNN"] == "98.50 %"
    assert values["Its largest loss, counts kept"] == "−43.00"


def test_a_spiking_network_that_nothing_changes_is_said_to_be_so(folder: Path):
    table = pd.read_csv(folder / "accuracy.csv")
    table.loc[table["family"] != "clean", "p_holm"] = 0.2
    table.to_csv(folder / "accuracy.csv", index=False)
    caption = effects_caption(read_timing(folder), "input")
    assert "Of 20 perturbations that keep every count, 0 change its accuracy. Of 8" in caption


def test_every_perturbation_and_method_of_a_study_is_explained(folder: Path):
    study = read_timing(folder)
    described = {family.name: family for family in families(study)}
    assert all(family.meaning for family in described.values())
    assert set(described) == set(FAMILIES)
    assert set(study.accuracy["method"]) == set(METHODS)
    assert described["jitter"].tried == "1 ms, 2 ms, 5 ms, 10 ms, 20 ms, 50 ms, 100 ms"
    assert [name for name, family in described.items() if not family.keeps_counts] == [
        "delete", "first-spike", "remove-segment", "equalise", "combined",
    ]  # fmt: skip


def test_controls_that_passed_or_failed_are_counted(folder: Path):
    assert "All of 14 expectations are met." in controls_caption(read_timing(folder))
    caption = controls_caption(read_timing(write_study(folder, controls_pass=False)))
    assert "1 of 14 expectations not met: timing only, clean: counts came to 70.00 %" in caption


def test_the_page_gives_the_verdict_and_the_text_of_files_as_text(folder: Path):
    page = write_timing_report(folder).read_text()
    answer, text = (str(timing_study.VERDICT[key]) for key in ("answer", "text"))
    assert f"<strong>{answer}</strong>{text.removeprefix(answer)}" in page.replace("\N{NO-BREAK SPACE}", " ")
    assert "No verdict" not in page and "imulated" not in page
    assert "made up &lt;by&gt; a test &amp; no camera" in page
    assert page.count("<tr") > len(timing_study.accuracy_table())
    assert len(page) < 3e6


def test_importing_the_page_costs_nothing():
    heavy = ("matplotlib", "seaborn", "pandas", "h5py", "scipy", "jinja2")
    program = f"import sys, bioscnn.report; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
