"""The page of all results as a file: what it lists, and what it says of damaged folders."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from time import process_time
from urllib.parse import unquote

import pytest

from bioscnn.errors import UserError
from bioscnn.report import write_index
from bioscnn.report.files import read_json
from bioscnn.report.folder import read_facts, read_run
from bioscnn.report.index import group_entries, story
from bioscnn.report.index_entries import Entry, read_entry
from bioscnn.report.index_folder import find_places
from tests.results import write_results, write_run


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_results(tmp_path_factory.mktemp("made") / "results")


@pytest.fixture
def results(untouched: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(untouched, tmp_path / "results", symlinks=True))


def page_of(results: Path) -> str:
    """The text of the page, without non-breaking spaces."""
    return write_index(results).read_text(encoding="utf-8").replace("\N{NO-BREAK SPACE}", " ")


def entries(results: Path) -> dict[str, Entry]:
    read = (read_entry(place, results) for place in find_places(results))
    return {entry.place.folder.relative_to(results).as_posix(): entry for entry in read}


def links(page: str) -> list[str]:
    return [
        html.unescape(href) for href in re.findall(r'href="([^"#]+)"', page) if not href.startswith("data:")
    ]


@pytest.mark.parametrize(
    "folder, value, note",
    [
        ("mnist/as-written-bbbb", "99.06 %", "[98.86, 99.26] spiking network mnist-small, by peak-potential"),
        ("noise/mnist/as-written-1234", "5.25 %", "[1, 2] of it"),
        ("time-step/mnist/as-written-1234", "9.25 %", "[1, 2] of it"),
        (
            "devices/mnist",
            "1 of 2",
            "devices give all spikes of numpy's, without rounding to single precision",
        ),
    ],
)
def test_the_main_number_is_that_of_the_files(results: Path, folder: str, value: str, note: str):
    digest = entries(results)[folder].digest
    assert digest is not None
    assert (digest.value, digest.note) == (value, note)


def test_each_result_says_what_distinguishes_it(results: Path):
    digests = {name: entry.digest.changed for name, entry in entries(results).items() if entry.digest}
    assert digests["mnist/as-written-bbbb"] == "lif neurons, as written"
    assert digests["mnist/t_ref-5-ms-aaaa"] == "lif neurons, changed: neuron.t_ref = 5 ms"
    assert digests["noise/mnist/as-written-1234"] == "changed: neuron.t_ref = 5 ms"


def test_a_result_of_an_earlier_version_is_told_to_be_made_again(results: Path):
    (results / "noise" / "mnist" / "as-written-1234" / "summary.json").write_text('{"contestants": 3}')
    problem = entries(results)["noise/mnist/as-written-1234"].problem
    assert "earlier bioscnn" in problem and "type its command again" in problem


def test_a_hundred_results_cost_a_fifth_of_a_second_at_most(results: Path, tmp_path: Path):
    many = tmp_path / "many" / "mnist"
    for number in range(100):
        write_run(many / f"as-written-{number}")
    write_index(results)  # what is imported once
    begun = process_time()
    write_index(tmp_path / "many")
    assert process_time() - begun < 1.0


def test_every_link_of_the_page_is_relative_and_leads_to_a_file(results: Path):
    found = links(page_of(results))
    assert len(found) > 40
    assert [href for href in found if not (results / unquote(href)).is_file()] == []
    assert {
        "mnist/as-written-bbbb/ledger.csv",
        "noise/mnist/as-written-1234/accuracy.csv",
        "bench/table.md",
    } <= set(found)
    assert "devices/mnist/runs/numpy-explicit-float64/report.html" in found


def test_every_report_table_and_figure_is_linked(results: Path):
    found = {unquote(href) for href in links(page_of(results))}
    files = {
        path.relative_to(results).as_posix()
        for path in results.rglob("*")
        if path.suffix in {".html", ".csv", ".svg", ".png"} and "latest" not in path.parts
    }
    assert files - found == {"index.html"}


def test_the_run_that_latest_names_comes_first_even_if_another_is_newer(results: Path):
    groups = {(group.kind, group.study): group for group in group_entries(entries(results).values())}
    mnist = groups["run", "mnist"]
    assert mnist.newest.place.folder.name == "as-written-bbbb"
    assert [entry.place.folder.name for entry in mnist.older] == ["t_ref-5-ms-aaaa", ".cccc-x1y2"]
    (results / "mnist" / "latest").unlink()
    groups = {(group.kind, group.study): group for group in group_entries(entries(results).values())}
    assert groups["run", "mnist"].newest.place.folder.name == "t_ref-5-ms-aaaa"


def test_unfinished_and_damaged_folders_are_listed_with_what_is_wrong(results: Path):
    problems = {name: entry.problem for name, entry in entries(results).items() if entry.problem}
    assert set(problems) == {"a study # 100 %/eeee", "mnist/.cccc-x1y2", "timing/ncaltech101/abcd"}
    assert problems["a study # 100 %/eeee"].startswith("damaged: ")
    assert "summary.json" in problems["a study # 100 %/eeee"]
    assert problems["timing/ncaltech101/abcd"].startswith("unfinished: ")
    page = page_of(results)
    assert all(name in page for name in problems)


@pytest.mark.parametrize(
    "folder, name, content",
    [
        ("mnist/as-written-bbbb", "summary.json", '{"dataset": "mnist"}'),
        ("mnist/as-written-bbbb", "ledger.json", '{"entries": []}'),
        ("mnist/as-written-bbbb", "config.toml", "[neuron\n"),
        ("noise/mnist/as-written-1234", "summary.json", '{"entry": 3}'),
        ("devices/mnist", "summary.json", "\x00\xff"),
        ("benchmark/mnist/as-written-5678", "summary.json", "null"),
    ],
)
def test_any_damaged_file_costs_its_own_entry_alone(results: Path, folder: str, name: str, content: str):
    before = entries(results)
    (results / folder / name).write_text(content, encoding="latin-1")
    after = entries(results)
    assert [key for key in after if after[key].problem != before[key].problem] == [folder]
    assert after[folder].problem.startswith("damaged: ")
    assert folder in page_of(results)


def test_a_wrong_type_in_a_file_is_damage_and_no_crash(results: Path):
    path = results / "mnist" / "as-written-bbbb" / "summary.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "accuracy": {"peak-potential": "high"}}))
    assert entries(results)["mnist/as-written-bbbb"].problem.startswith("damaged: ")


def test_the_story_is_told_by_the_verdicts_and_not_by_quick_studies(results: Path):
    groups = list(story(group_entries(entries(results).values())))
    assert [(group.kind, group.study) for group in groups] == [
        ("noise", "mnist"), ("sweeps", "mnist-morris"), ("filters", "caltech"), ("time-step", "mnist"),
    ]  # fmt: skip
    told = html.unescape(page_of(results).partition('id="story"')[2].partition("</section>")[0])
    for sentence in ("Noise <destroys> it.", "Threshold matters.", "A coarse step costs nothing."):
        assert sentence in told


def test_text_of_the_files_is_no_markup(results: Path):
    page = page_of(results)
    assert "made up &lt;by&gt; a test" in page and "no &lt;photographs&gt; here" in page
    assert "<by>" not in page


def test_simulated_recordings_are_called_so(results: Path):
    article = page_of(results).partition('id="results/nmnist-simulated/dddd"')[2].partition("</article>")[0]
    assert "Simulated recordings" in article


def test_a_failed_step_is_on_the_page_with_its_error(results: Path):
    page = page_of(results).partition('id="steps"')[2]
    assert "Are motorbikes told from airplanes through a retina?" in page
    assert '<span class="alert">failed</span>' in page and "fetch them" in page


@pytest.mark.parametrize("content", ["{", "[]", '{"mnist": 3}', '{"mnist": {"seconds": "long"}}'])
def test_a_damaged_list_of_steps_is_told_on_the_page(results: Path, content: str):
    (results / "study" / "steps.json").write_text(content)
    assert "study/steps.json</code> is damaged" in page_of(results)


def test_no_results_at_all_make_a_page_that_says_how_to_begin(tmp_path: Path):
    assert "make sim" in page_of(tmp_path)
    with pytest.raises(UserError, match="no results yet"):
        write_index(tmp_path / "nothing")


def test_links_survive_a_move_of_the_folder(results: Path, tmp_path: Path):
    write_run(results / "mnist" / "gggg")
    page = page_of(results)
    moved = results.rename(tmp_path / "elsewhere")
    assert all((moved / unquote(href)).is_file() for href in links(page))


def test_a_name_that_is_no_text_is_shown_and_linked(results: Path):
    (results / "mnist" / "as-written-bbbb").rename(results / "mnist" / "caf\udce9")
    assert any("caf%E9" in href for href in links(page_of(results)))


def test_importing_the_page_costs_nothing():
    heavy = ("matplotlib", "pandas", "h5py", "scipy", "jinja2")
    program = f"import sys, bioscnn.report.index; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_run_without_a_decision_is_listed_as_one(tmp_path):
    write_run(tmp_path / "results" / "mnist" / "silent-aaaa", latency_ms=None)
    (entry,) = entries(tmp_path / "results").values()
    assert "no decision in 30 ms" in entry.digest.more[1]


EPOCH = {"epoch": 1, "train_loss": 1.0, "train_accuracy": 0.5, "validation_loss": 1.0,
         "validation_accuracy": 0.5, "spiking_accuracy": None, "spikes_per_image": None}  # fmt: skip
SPIKING = EPOCH | {"epoch": 2, "spiking_accuracy": 0.5, "spikes_per_image": 100.0}


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("summary", {"accuracy": {"spike-count": [0.9, 0.8, 1.0]}}, "accuracy has no peak-potential"),
        ("summary", {"events_per_trial": 10.0}, "a run on recordings has input_spikes_per_trial"),
        ("summary", {"saccade_ends_ms": [40.0]}, "lie within the trial"),
        ("provenance", {"card": {"best_epoch": 3, "epochs": [EPOCH]}}, "none of the epochs"),
        ("provenance", {"card": {"best_epoch": 1, "epochs": [EPOCH, SPIKING]}}, "only some epochs"),
    ],
)
def test_facts_of_a_run_that_contradict_each_other_are_damage(tmp_path: Path, name: str, change, told: str):
    folder = tmp_path / "results" / "mnist" / "any-aaaa"
    write_run(folder)
    path = folder / f"{name}.json"
    facts = json.loads(path.read_text())
    change = change if name == "summary" else {"network": facts["network"] | change}
    path.write_text(json.dumps(facts | change))
    with pytest.raises(UserError, match=told) as raised:
        read_facts(folder)
    assert raised.value.file == path
    assert entries(tmp_path / "results")["mnist/any-aaaa"].problem.startswith(f"damaged: {path.name}")


def test_a_run_without_its_recording_is_damaged_and_an_earlier_one_says_so(tmp_path: Path):
    folder = tmp_path / "results" / "mnist" / "any-aaaa"
    write_run(folder)
    path = folder / "provenance.json"
    path.write_text(json.dumps({k: v for k, v in json.loads(path.read_text()).items() if k != "changed"}))
    (entry,) = entries(tmp_path / "results").values()
    assert "made by an earlier bioscnn" in entry.digest.changed
    (folder / "run.h5").unlink()
    (entry,) = entries(tmp_path / "results").values()
    assert entry.problem.startswith("damaged: run.h5")


def test_results_of_an_experiment_are_no_run(tmp_path: Path):
    (tmp_path / "summary.json").write_text('{"experiment": "noise"}')
    with pytest.raises(UserError, match="results of an experiment") as raised:
        read_run(tmp_path)
    assert (raised.value.file, raised.value.value) == (tmp_path, "noise")
    with pytest.raises(UserError, match="incomplete") as raised:
        read_json(tmp_path / "summary.json", ("experiment", "entry", "verdict"), "make it again")
    assert (raised.value.key, raised.value.fix) == ("entry, verdict", "make it again")
