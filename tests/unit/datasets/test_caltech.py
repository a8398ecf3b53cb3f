import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bioscnn.datasets import check, list_datasets, load_dataset
from bioscnn.datasets.caltech import COUNTS, FOLDERS, SPLITS, load_caltech, read_photograph, select
from bioscnn.datasets.event_folders import Numbered
from bioscnn.datasets.recordings import EVENT_DATASETS
from bioscnn.errors import UserError

ALL = Numbered(
    [Path(f"{folder}/{n}") for folder, count in zip(FOLDERS, COUNTS, strict=True) for n in range(count)],
    np.repeat([0, 1], COUNTS),
    np.concatenate([np.arange(count) + 1 for count in COUNTS]),
)
FIELD = (30, 40)


def jpeg(image, **options):
    packed = io.BytesIO()
    image.save(packed, "JPEG", **options)
    return packed.getvalue()


def noise(width=60, height=50, bands=3):
    shape = (height, width, bands) if bands > 1 else (height, width)
    return np.random.default_rng(1).integers(0, 256, shape, np.uint8)


NOISE = jpeg(Image.fromarray(noise()))


@pytest.fixture
def file(tmp_path):
    """Write a photograph's file."""

    def write(content):
        path = tmp_path / "image_0001.jpg"
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(("n_test", "n_train"), [(200, 1248), (176, 1272)])
def test_each_photograph_is_in_one_split_and_the_classes_are_alike(seed, n_test, n_train):
    parts = {split: select(split, ALL, seed=seed, n_test=n_test) for split in SPLITS}
    assert {split: len(part.rows) for split, part in parts.items()} == {
        "validation": 150,
        "train": n_train,
        "test": n_test,
    }
    together = np.concatenate([part.positions for part in parts.values()])
    assert sorted(together) == list(range(sum(COUNTS)))
    for split in ("validation", "test"):
        assert ALL.labels[parts[split].rows[:60]].sum() == 30
        assert ALL.labels[parts[split].rows].mean() == 0.5
    assert ALL.labels[parts["train"].rows].sum() == (n_train + 2) / 2


def test_seeds_make_other_splits_and_the_same_seed_the_same():
    first, again, other = (select("test", ALL, seed=seed).positions for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    shared = np.intersect1d(first, other)
    assert 5 <= len(shared) <= 50  # 25 by chance
    assert set(select("test", ALL, n_test=176).positions) < set(first)


def test_the_splits_are_those_that_networks_were_trained_on():
    assert select("test", ALL).positions[:5].tolist() == [80, 952, 608, 1023, 282]
    assert select("train", ALL).positions[:5].tolist() == [331, 1008, 234, 1160, 755]


def test_all_photographs_are_read(real_data):
    parts = [load_dataset("caltech", split, data=real_data) for split in SPLITS]
    assert [len(part) for part in parts] == list(SPLITS.values())
    assert sorted(np.concatenate([part.index for part in parts])) == list(range(1598))
    for part in parts:
        assert (part.name, part.images.shape[1:], part.classes) == (
            "caltech",
            (1, 30, 40),
            ("motorbike", "airplane"),
        )
        assert part.source.endswith(f"{len(part):,} of {len(part):,} photographs")
        assert (part.images.std(axis=(1, 2, 3)) > 5).all()  # none is blank
    assert [len(load_caltech("test", real_data, n_test=176)), np.ptp(parts[2].images)] == [176, 255]


def test_the_check_counts_the_real_photographs(real_data):
    rows = check("caltech", real_data)
    assert [row.status for row in rows] == ["ok"] * 3
    assert [row.found.split(": ")[1].split()[0] for row in rows] == ["150", "1,248", "200"]


@pytest.mark.parametrize("size", [(30, 40), (150, 200), (1, 1), (7, 90)])
def test_photographs_come_at_any_size(photographs, size):
    images = load_dataset("caltech", "train", size=size, data=photographs)
    assert images.images.shape[1:] == (1, *size) and len(images) > 50
    assert f"{len(images)} of 1,248 photographs" in images.source


def test_a_study_and_the_camera_see_one_photograph_at_their_own_sizes(photographs):
    seen = load_dataset("caltech", "train", data=photographs)
    shown = EVENT_DATASETS["ncaltech101"].images("train", photographs, False)
    assert (seen.name, seen.images.shape[2:]) == ("caltech", (30, 40))
    assert (shown.name, shown.images.shape[2:]) == ("caltech101", (180, 240))
    np.testing.assert_array_equal(seen.index, shown.index)


@pytest.mark.parametrize(
    "size", [(0, 40), (30, -1), (30, 1001), (30,), (30, 40, 1), (30.0, 40), (True, 40), 30, "30"]
)
def test_an_impossible_size_is_refused(photographs, size):
    with pytest.raises(UserError, match="impossible size") as caught:
        load_dataset("caltech", "train", size=size, data=photographs)
    assert (caught.value.key, caught.value.value) == ("dataset.size", size)


def test_digits_have_no_size():
    with pytest.raises(UserError, match="one size") as caught:
        load_dataset("mnist", size=(28, 28))
    assert caught.value.key == "dataset.size"


@pytest.mark.parametrize("n_test", [0, 175, 300])
def test_other_numbers_of_test_images_are_refused(photographs, n_test):
    with pytest.raises(UserError, match="no such number") as caught:
        load_caltech("test", photographs, n_test=n_test)
    assert (caught.value.value, caught.value.expected) == (n_test, "200 or 176")


def test_a_misspelt_split_gets_the_right_one(photographs):
    with pytest.raises(UserError, match="no such split") as caught:
        load_dataset("caltech", "tset", data=photographs)
    assert caught.value.fix == 'did you mean "test"?'


@pytest.mark.parametrize(("width", "height"), [(300, 200), (100, 300), (12, 9), (500, 2), (240, 180)])
def test_a_photograph_fills_the_field_as_far_as_its_shape_allows(file, width, height):
    across = np.linspace(0, 255, width).round().astype(np.uint8)
    pixels = read_photograph(
        file(jpeg(Image.fromarray(np.tile(across, (height, 1))), quality=100)), (180, 240)
    )
    assert pixels.shape == (180, 240)
    covered = np.flatnonzero(np.diff(pixels[90].astype(int))) if width > 12 else np.array([0, 238])
    scale = min(240 / width, 180 / height)
    assert covered[-1] - covered[0] == pytest.approx(round(scale * width) - 1, abs=4)
    assert pixels[:, 0].max() <= 12 and pixels[:, -1].min() >= 243  # the margins repeat the edges


def test_what_shrinks_into_a_pixel_is_averaged(file):
    """A chessboard of single pixels becomes even grey; every sixth pixel alone would be black or white."""
    board = np.indices((180, 240)).sum(axis=0) % 2 * np.uint8(255)
    pixels = read_photograph(file(jpeg(Image.fromarray(board.astype(np.uint8)), quality=100)), FIELD)
    assert abs(pixels.astype(int) - 127).max() <= 5


def test_colours_become_luma(file):
    for colour, grey in (((255, 0, 0), 76), ((0, 255, 0), 150), ((0, 0, 255), 29)):
        path = file(jpeg(Image.new("RGB", (40, 30), colour), quality=100, subsampling=0))
        assert abs(read_photograph(path, FIELD).astype(int) - grey).max() <= 2


BLACK_AND_WHITE = Image.new("CMYK", (40, 30), (0, 0, 0, 0))
BLACK_AND_WHITE.paste((0, 0, 0, 255), (0, 0, 20, 30))  # ink on the left half
CMYK = jpeg(BLACK_AND_WHITE, quality=100)


def test_the_inverted_inks_of_adobe_are_read_as_such(file):
    assert b"Adobe" in CMYK
    pixels = read_photograph(file(CMYK), FIELD)
    assert pixels[:, :16].max() <= 5 and pixels[:, 24:].min() >= 250


def test_inks_that_could_be_inverted_or_not_are_refused(file):
    begin = CMYK.index(b"\xff\xee")
    marked = CMYK[:begin] + CMYK[begin + 2 + int.from_bytes(CMYK[begin + 2 : begin + 4], "big") :]
    with pytest.raises(UserError, match="another kind: JPEG, mode CMYK") as caught:
        read_photograph(file(marked), FIELD)
    assert "Adobe" in caught.value.expected


def _changed(offset, value):
    at = NOISE.index(b"\xff\xc0") + offset
    return NOISE[:at] + value + NOISE[at + len(value) :]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no image",
        NOISE[:200],
        *(NOISE[:-cut] for cut in (1, 2, 3, 100)),
        _changed(4, b"\x0c"),  # 12 bits a sample
        _changed(5, b"\0\0"),  # no rows
        _changed(7, b"\0\0"),  # no columns
    ],
)
def test_a_damaged_photograph_is_named(file, content):
    path = file(content)
    with pytest.raises(UserError, match="not an intact image") as caught:
        read_photograph(path, FIELD)
    assert caught.value.file == path and "8 bits" in caught.value.expected


def test_a_folder_or_a_lost_link_in_the_place_of_a_photograph_is_named(tmp_path):
    lost = tmp_path / "image_0001.jpg"
    lost.symlink_to(tmp_path / "nowhere")
    for path, problem in ((tmp_path, "no file"), (lost, "cannot read the file")):
        with pytest.raises(UserError, match=problem) as caught:
            read_photograph(path, FIELD)
        assert caught.value.file == path


@pytest.mark.parametrize(
    "pixels", [np.full((5, 5), 40_000, np.uint16), noise(bands=4), noise(bands=1)], ids=["I", "RGBA", "L"]
)
def test_another_format_under_the_name_of_a_photograph_is_refused(file, pixels):
    packed = io.BytesIO()
    Image.fromarray(pixels).save(packed, "PNG")
    with pytest.raises(UserError, match="another kind: PNG"):
        read_photograph(file(packed.getvalue()), FIELD)


def test_without_photographs_the_user_learns_what_to_put_where(tmp_path):
    with pytest.raises(UserError, match="Caltech101 are not on this machine") as caught:
        load_dataset("caltech", data=tmp_path)
    for detail in (
        "data fetch caltech",
        "caltech-101.zip",
        "3138e1922a9193bfa496528edbbc45d0",
        "BIOSCNN_DATA",
    ):
        assert detail in caught.value.fix


def test_a_folder_without_the_classes_is_refused(photographs):
    shutil.rmtree(photographs / "Caltech101" / "101_ObjectCategories" / "airplanes")
    with pytest.raises(UserError, match="another layout") as caught:
        load_dataset("caltech", data=photographs)
    assert "airplanes" in caught.value.expected
    assert [row.status for row in check("caltech", photographs)] == ["broken"] * 3


def test_empty_classes_are_no_photographs(photographs):
    for path in photographs.rglob("*.jpg"):
        path.unlink()
    with pytest.raises(UserError, match="are not on this machine"):
        load_dataset("caltech", "train", data=photographs)
    assert [row.status for row in check("caltech", photographs)] == ["missing"] * 3


def test_a_photograph_stays_in_its_split_when_others_are_lost(photographs):
    whole = load_dataset("caltech", "train", data=photographs)
    for path in photographs.rglob("image_00?7.jpg"):
        path.unlink()
    some = load_dataset("caltech", "train", data=photographs)
    assert 0 < len(some) < len(whole) and set(some.index) < set(whole.index)
    numbers = np.where(some.labels == 0, some.index, some.index - COUNTS[0]) + 1
    assert not (numbers % 10 == 7).any()


def test_the_list_counts_what_is_here(photographs):
    rows = {row.split: row for row in list_datasets(photographs) if row.name == "caltech"}
    assert sum(row.n for row in rows.values()) == 80
    assert {row.available for row in rows.values()} == {"data folder"}
    bare = [(row.n, row.available) for row in list_datasets() if row.name == "caltech"]
    assert bare == [(n, "needs download") for n in SPLITS.values()]


def test_the_check_names_each_broken_photograph_and_goes_on(photographs):
    before = check("caltech", photographs)
    assert [row.status for row in before] == ["ok"] * 3
    broken = sorted(photographs.rglob("*.jpg"))[:20]
    for path in broken[:19]:
        path.write_bytes(b"")
    Image.fromarray(np.zeros((5, 5), np.uint16)).save(broken[19], "PNG")
    rows = check("caltech", photographs)
    named = {row.file: row.found for row in rows if row.file.endswith(".jpg")}
    assert set(named) <= {str(path) for path in broken}
    told = [int(row.found.split(", ")[1].split()[0]) for row in rows if row.found.endswith(" broken")]
    assert sum(told) == 20 and max(told) > 10
    assert len(named) == sum(min(count, 10) for count in told)
