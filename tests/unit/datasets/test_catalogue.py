import subprocess
import sys
from pathlib import Path

import pytest

from bioscnn.datasets import check, fetch, list_datasets, load_dataset
from bioscnn.errors import UserError
from tests.own_data import photographs


@pytest.mark.parametrize("name", ["minst", "MNIST", "mnist5k"])
@pytest.mark.parametrize("use", [load_dataset, fetch, check])
def test_a_misspelt_name_gets_the_right_one(name, use):
    with pytest.raises(UserError, match="unknown data set") as caught:
        use(name)
    assert caught.value.fix == 'did you mean "mnist"?'


def test_a_misspelt_split_gets_the_right_one():
    with pytest.raises(UserError, match="no such split") as caught:
        load_dataset("mnist", "validate")
    assert caught.value.fix == 'did you mean "validation"?'


def test_images_of_ones_own_are_loaded_by_their_name(tmp_path):
    photographs(tmp_path / "photos", ("a", "b"))
    assert load_dataset(f"folder:{tmp_path / 'photos'}", size=(5, 6)).images.shape[1:] == (1, 5, 6)


@pytest.mark.parametrize(
    ("name", "size", "key"), [("events:/nowhere", None, "dataset.name"), ("npz:/nowhere", (5, 6), "size")]
)
def test_own_data_of_another_kind_are_refused_before_they_are_looked_at(name, size, key):
    with pytest.raises(UserError) as caught:
        load_dataset(name, size=size)
    assert caught.value.key == key


def test_all_files_of_mnist_are_fetched(monkeypatch, cache):
    monkeypatch.setattr("bioscnn.datasets.mnist_files.download", lambda file: cache / file.name)
    assert sorted(path.name for path in fetch("mnist")) == [
        "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
    ]  # fmt: skip


@pytest.mark.parametrize("key", ["data", "BIOSCNN_DATA"])
def test_a_missing_data_folder_is_named_with_who_asked_for_it(tmp_path, monkeypatch, key):
    folder = tmp_path / "nowhere"
    monkeypatch.setenv("BIOSCNN_DATA", str(folder if key == "BIOSCNN_DATA" else tmp_path))
    with pytest.raises(UserError, match="no such data folder") as caught:
        load_dataset("mnist", data=folder if key == "data" else None)
    assert (caught.value.file, caught.value.key) == (folder, key)


def available(data: Path | None = None) -> dict[str, str]:
    return {row.split: row.available for row in list_datasets(data) if row.name == "mnist"}


def test_the_list_says_where_each_split_comes_from(tiny_mnist, cache):
    bare = {"validation": "embedded", "train": "needs download", "test": "needs download"}
    assert available() == bare
    assert available(tiny_mnist) == dict.fromkeys(bare, "data folder")
    (cache / "mnist").mkdir(parents=True)
    (cache / "mnist" / "t10k-images-idx3-ubyte.gz").touch()
    assert available() == bare
    (cache / "mnist" / "t10k-labels-idx1-ubyte.gz").touch()
    assert available() == bare | {"test": "downloaded"}
    assert {row.split: row.n for row in list_datasets() if row.name == "mnist"} == {
        "validation": 5000,
        "train": 55000,
        "test": 10000,
    }


def test_the_check_finds_the_embedded_digits_and_misses_the_rest():
    rows = check("mnist")
    assert [row.status for row in rows] == ["ok"] + 4 * ["missing"]
    assert rows[0].found.startswith("5,000 images")


def test_the_check_shows_a_wrong_file_as_broken_and_goes_on(tiny_mnist):
    rows = check("mnist", tiny_mnist)
    assert [row.status for row in rows] == ["ok"] + 4 * ["broken"]
    assert "md5" in rows[1].found


def test_the_check_counts_the_official_files(full_mnist):
    rows = check("mnist", full_mnist.parent)
    assert [row.status for row in rows] == 5 * ["ok"]
    assert [row.found.split()[0] for row in rows] == ["5,000", "60,000", "60,000", "10,000", "10,000"]


def test_importing_the_package_loads_nothing_heavy():
    heavy = {"pooch", "PIL", "mlxtend", "requests", "pandas", "scipy", "brian2", "torch", "matplotlib"}
    code = f"import sys, bioscnn.datasets; print(*{heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
