"""Images and recordings of a user's own: read exactly, split without overlap, refused by file."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bioscnn import large_arrays
from bioscnn.datasets import EventStream, OwnData, check, load_dataset
from bioscnn.datasets.own import check_parts, npy_stream, survey
from bioscnn.datasets.own.event_formats import read_recording
from bioscnn.datasets.own.npy_stream import NpyMember
from bioscnn.datasets.own.photographs import fitted, read_photograph
from bioscnn.errors import UserError
from tests.own_data import photographs, recordings
from tests.unit.datasets.test_image_files import png

CLASSES = ("<script>touch()<", "Äpfel & $x$", "a b")


@pytest.fixture
def folder(tmp_path):
    return photographs(tmp_path / "photos", CLASSES)


def idx(folder, encode_idx, images, labels, part="train"):
    folder.mkdir(exist_ok=True)
    (folder / f"{part}-images-idx{images.ndim}-ubyte").write_bytes(encode_idx(images))
    (folder / f"{part}-labels-idx1-ubyte").write_bytes(encode_idx(labels))
    return folder


def rows(data):
    return {name: set(part.rows.tolist()) for name, part in data.splits.items()}


def test_every_format_becomes_the_pixels_of_its_file_in_grey_or_colour(folder):
    colour = OwnData("folder", folder, colour="rgb").load("train")
    grey = OwnData("folder", folder).load("train")
    assert colour.images.shape == (18, 3, 20, 30) and grey.images.shape == (18, 1, 20, 30)
    assert colour.classes == tuple(sorted(CLASSES))
    brightest = colour.images.mean(axis=(2, 3)).argmax(axis=1)
    assert brightest.tolist() == colour.labels.tolist()
    for image, small, row in zip(colour.images, grey.images, colour.index, strict=True):
        path = sorted(folder.rglob("*.*"))[row]
        with Image.open(path) as stored:
            assert np.array_equal(image.transpose(1, 2, 0), np.asarray(stored.convert("RGB")))
            assert np.array_equal(small[0], np.asarray(stored.convert("L")))


@pytest.mark.parametrize(
    ("fit", "sides", "rows"), [("pad", [90, 90], 3), ("crop", [0, 0], 2), ("stretch", [90, 90], 2)]
)
def test_another_aspect_ratio_is_padded_cropped_or_stretched(fit, sides, rows):
    wide = np.zeros((40, 80), np.uint8)  # grey at the sides, white at the top
    wide[:, :16], wide[:, 64:], wide[:10] = 90, 90, 255
    field = fitted(Image.fromarray(wide), (8, 8), fit)
    assert field.shape == (8, 8)
    assert field[-1, [0, -1]].tolist() == sides and field[-1, 4] == 0
    assert np.count_nonzero(field[:, 4] > 200) == rows


@pytest.mark.parametrize("size", [(30, 30), (60, 26), (5, 5)])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_what_is_cut_and_then_enlarged_is_what_is_enlarged_and_then_cut(monkeypatch, size, mode):
    pixels = np.random.default_rng(1).integers(0, 256, (20, 60, 3), dtype=np.uint8)
    image = Image.fromarray(pixels).convert(mode)
    whole = fitted(image, size, "crop")
    monkeypatch.setattr("bioscnn.datasets.own.photographs.MOST_PIXELS", 0)
    cut = fitted(image, size, "crop")
    assert cut.shape == whole.shape
    assert np.abs(cut.astype(int) - whole).max() <= (1 if size != (5, 5) else 255 / 8)


THIN = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
from pathlib import Path
from bioscnn.datasets.own.photographs import read_photograph
from bioscnn.errors import UserError
for n in (1, 1000):
    for fit in ("pad", "crop", "stretch"):
        try:
            print(read_photograph(Path(sys.argv[1]), (n, n), "rgb", fit).shape == (3, n, n))
        except UserError as error:
            print(f"{error.problem} {error.file}")
"""


@pytest.mark.parametrize("thin", [(200_000, 1), (1, 200_000), (10**6, 1), (50_000_000, 1), (1, 50_000_000)])
def test_a_thin_photograph_is_fitted_or_refused_in_little_memory(tmp_path, thin):
    """One of 274 bytes was enlarged to 200 million pixels by 1000 before it was cut."""
    path = tmp_path / "thin.png"
    Image.new("L", thin, 7).save(path)
    done = subprocess.run(
        [sys.executable, "-c", THIN, str(path)], env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    refused = max(thin) > 10**6
    assert done.stdout.splitlines() == [f"an image of too long a side {path}" if refused else "True"] * 6


def test_what_a_system_leaves_in_folders_and_full_opacity_change_nothing(folder):
    before = OwnData("folder", folder, colour="rgb").load("train")
    for name in (".DS_Store", "Thumbs.db"):
        (folder / "a b" / name).write_bytes(b"not an image")
    for path in folder.rglob("*.png"):
        with Image.open(path) as stored:
            stored.convert("RGBA").save(path)
    after = OwnData("folder", folder, colour="rgb").load("train")
    assert np.array_equal(after.images, before.images) and after.classes == before.classes


def test_a_split_that_the_data_have_not_is_asked_for_among_those_they_have(folder):
    with pytest.raises(UserError) as raised:
        OwnData("folder", folder, test_share=0).load("test")
    assert (raised.value.key, raised.value.expected) == ("dataset.split", "validation | train")


def test_parts_have_the_same_classes(tmp_path):
    photographs(tmp_path / "photos" / "train", CLASSES)
    photographs(tmp_path / "photos" / "test", CLASSES[:2])
    with pytest.raises(UserError) as raised:
        OwnData("folder", tmp_path / "photos").load("test")
    assert (raised.value.key, raised.value.value) == ("class", CLASSES[2])


def test_parts_are_drawn_by_a_seed_from_each_class_alike_and_never_overlap(folder):
    data, other = (
        OwnData("folder", folder, test_share=0.3),
        OwnData("folder", folder, test_share=0.3, split_seed=2),
    )
    found = rows(data)
    assert {name: len(part) for name, part in found.items()} == {"test": 9, "validation": 6, "train": 15}
    assert sorted(row for part in found.values() for row in part) == list(range(30))
    assert found != rows(other) and found == rows(OwnData("folder", folder, test_share=0.3))
    assert np.bincount(data.load("test", 6).labels).tolist() == [2, 2, 2]
    source = data.load("validation").source
    assert "15 % of all" in source and "seed 1" in source and str(folder) in source


def test_parts_that_are_given_stay_and_validation_comes_from_training_alone(tmp_path):
    for part, n in (("train", 10), ("test", 4)):
        photographs(tmp_path / "photos" / part, CLASSES, n)
    data = OwnData("folder", tmp_path / "photos")
    paths, found = data.contents.paths, rows(data)
    assert {paths[row].parts[-3] for row in found["test"]} == {"test"}
    assert {paths[row].parts[-3] for row in found["train"] | found["validation"]} == {"train"}
    assert {name: len(part) for name, part in found.items()} == {"test": 12, "validation": 6, "train": 24}
    assert "the part test as it was given" in data.load("test", 1).source
    photographs(tmp_path / "photos" / "val", CLASSES, 3)
    assert len(rows(OwnData("folder", tmp_path / "photos"))["validation"]) == 9


def test_classes_may_be_called_as_parts_are(tmp_path):
    photographs(tmp_path / "a", ("train", "bus"))
    photographs(tmp_path / "b", ("train", "test"))
    assert OwnData("folder", tmp_path / "a").load("test").classes == ("bus", "train")
    assert OwnData("folder", tmp_path / "b").load("test").classes == ("test", "train")


def test_no_photograph_is_decoded_that_no_trial_needs(folder, monkeypatch):
    read = []
    monkeypatch.setattr(
        "bioscnn.datasets.own.photographs.open_image",
        lambda path, formats: read.append(path) or Image.open(path),
    )
    OwnData("folder", folder).load("test", 2)
    assert len(read) == 2


def test_what_does_not_fit_into_memory_lies_in_a_file_and_hashes_alike(folder, monkeypatch):
    in_memory = OwnData("folder", folder, colour="rgb").load("train")
    monkeypatch.setattr(large_arrays, "IN_MEMORY", 1000)
    on_disk = OwnData("folder", folder, colour="rgb").load("train")
    assert isinstance(on_disk.images.base, np.memmap) or isinstance(on_disk.images.base.base, np.memmap)
    assert on_disk.sha256 == in_memory.sha256
    assert np.array_equal(on_disk.intensities(), in_memory.images / np.float32(255))
    assert not list(Path(os.environ["BIOSCNN_CACHE"]).iterdir())


def test_idx_files_of_mnist_are_read_to_the_same_digits(full_mnist):
    test = OwnData("idx", full_mnist).load("test")
    assert test.images.shape == (10_000, 1, 28, 28) and test.classes == tuple("0123456789")
    assert {name: len(part) for name, part in rows(OwnData("idx", full_mnist)).items()} == {
        "test": 10_000, "validation": 9_000, "train": 51_000,
    }  # fmt: skip
    official = load_dataset("mnist", "test", data=full_mnist.parent)
    assert np.array_equal(test.images, official.images[test.index])
    assert np.array_equal(test.labels, official.labels[test.index])


@pytest.mark.parametrize("shape", [(9, 5, 4), (9, 1, 5, 4), (9, 3, 5, 4), (9, 5, 4, 3)])
def test_idx_images_have_one_channel_or_three(tmp_path, encode_idx, shape):
    images = np.arange(np.prod(shape), dtype="u1").reshape(shape)
    data = OwnData("idx", idx(tmp_path / "idx", encode_idx, images, np.arange(9, dtype="u1") % 2))
    (tmp_path / "idx" / "classes.txt").write_bytes("\ufeff<b>left\r\nright\r\n".encode())  # of Windows
    train = data.load("train")
    assert train.classes == ("<b>left", "right")
    wanted = images if images.ndim == 4 else images[:, None]
    wanted = wanted.transpose(0, 3, 1, 2) if shape[-1] == 3 else wanted
    assert np.array_equal(train.images, wanted[train.index])


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_npz_file_gives_bytes_or_floats_as_they_are(tmp_path, save):
    rng = np.random.default_rng(1)
    for images in (
        rng.integers(0, 255, (40, 3, 6, 7), dtype=np.uint8),
        rng.random((40, 6, 7)), rng.random((40, 6, 7), "f4"),
    ):  # fmt: skip
        save(tmp_path / "a.npz", x=images, y=np.arange(40) % 4, classes=["a", "b", "c", "<i>"])
        test = OwnData("npz", tmp_path / "a.npz").load("test")
        wanted = images[test.index] if images.ndim == 4 else images[test.index, None]
        assert test.classes[3] == "<i>" and np.array_equal(test.labels, test.index % 4)
        assert np.array_equal(test.images, wanted.astype(test.images.dtype))
        assert test.images.dtype == (np.uint8 if images.ndim == 4 else np.float32)
        assert test.pictures().dtype == np.uint8


@pytest.mark.parametrize("n", [2, 1000])
def test_as_few_as_two_and_as_many_as_a_thousand_classes_are_told_apart(tmp_path, n):
    y = np.arange(3 * n) % n
    np.savez(tmp_path / "few-or-many.npz", x=np.zeros((3 * n, 2, 2), np.uint8), y=y)
    of_test = load_dataset(f"npz:{tmp_path / 'few-or-many.npz'}", "test")
    assert of_test.classes == tuple(map(str, range(n))) and sorted(of_test.labels) == list(range(n))


def test_parts_of_an_npz_file_stay(tmp_path):
    x, y = np.zeros((20, 4, 4), np.uint8), np.arange(20) % 2
    np.savez(tmp_path / "a.npz", x_train=x, y_train=y, x_test=x[:6] + 9, y_test=y[:6][:, None])
    data = OwnData("npz", tmp_path / "a.npz")
    assert (data.load("test").images == 9).all() and (data.load("validation").images == 0).all()
    assert {part.name: part.in_training for part in check_parts(data)} == {
        "test": 0,
        "validation": 4,
        "train": 0,
    }


def test_recordings_in_all_formats_are_the_events_that_were_written(tmp_path):
    data = OwnData("events", recordings(tmp_path / "events", ("left", "right")), size=(9, 12))
    train = data.load("train")
    assert train.sensor_size == (12, 9) and not train.simulated
    assert {recording.path.suffix for recording in train.recordings} == {".bin", ".npy", ".npz"}
    for events, label in zip(train, train.labels, strict=True):
        assert len(events) == 150 and (events.x // 6 == label).all()
    found = survey(OwnData("events", tmp_path / "events"))
    assert found.data.size == (9, 12) and 0.03 < found.longest <= 0.04


def test_a_recording_without_events_is_a_recording(tmp_path):
    folder, nothing = recordings(tmp_path / "events", ("left", "right")), np.empty(0, int)
    np.savez(folder / "left" / "none.npz", x=nothing, y=nothing, t=nothing, p=nothing)
    assert len(read_recording(folder / "left" / "none.npz", (12, 9))) == 0
    assert survey(OwnData("events", folder)).data.size == (9, 12)


def test_the_size_proposed_for_photographs_has_their_median_aspect_ratio(tmp_path):
    """The photograph of median area, 60 x 120, is the only wide one."""
    sizes = {"a": [(50, 50), (60, 120)], "b": [(70, 70), (100, 100), (110, 110)]}
    for name, of_class in sizes.items():
        (tmp_path / name).mkdir()
        for height, width in of_class:
            Image.new("L", (width, height)).save(tmp_path / name / f"{height}.png")
    assert survey(OwnData("folder", tmp_path)).data.size == (64, 64)


def test_a_copy_of_a_training_example_among_the_test_examples_is_told(folder):
    data = OwnData("folder", folder)
    test, train = (data.contents.paths[data.splits[part].rows[0]] for part in ("test", "train"))
    test.write_bytes(train.read_bytes())
    assert "1 of which are in train, too" in " ".join(row.found for row in check(f"folder:{folder}"))


def break_folder(folder, how):
    of_class = folder / "a b"
    first = min(of_class.iterdir())
    if how == "one class":
        for name in CLASSES[:2]:
            for path in (folder / name).iterdir():
                path.unlink()
            (folder / name).rmdir()
    elif how == "empty":
        (folder / "no one").mkdir()
        return folder / "no one"
    elif how == "none":
        return folder / "nowhere"
    elif how == "webp":
        Image.new("L", (30, 20)).save(of_class / "x.webp")
        return of_class / "x.webp"
    elif how == "eps":
        Image.new("L", (30, 20)).save(first, "EPS")
        return first
    elif how == "torn":
        first.write_bytes(first.read_bytes()[:-300])
        return first
    elif how == "deep":
        Image.fromarray(np.zeros((20, 30), np.uint16)).save(first)
        return first
    elif how == "transparent":
        Image.new("RGBA", (30, 20), (1, 2, 3, 100)).save(first)
        return first
    elif how == "frames":
        first = first.rename(first.with_suffix(".tif"))
        images = [Image.new("L", (30, 20), k) for k in (0, 9)]
        images[0].save(first, save_all=True, append_images=images[1:])
        return first
    elif how == "print":
        first = first.rename(first.with_suffix(".tif"))
        Image.new("CMYK", (30, 20)).save(first)
        return first
    elif how == "size":
        Image.new("L", (31, 20)).save(first)
        return first
    elif how == "outside":
        Image.new("L", (30, 20)).save(folder.parent / "secret.png")
        (of_class / "x.png").symlink_to(folder.parent / "secret.png")
        return of_class / "x.png"
    elif how == "circle":
        (of_class / "x.png").symlink_to(of_class / "y.png")
        (of_class / "y.png").symlink_to(of_class / "x.png")
        return of_class / "x.png"
    elif how == "outside folder":
        photographs(folder.parent / "others", ("z",))
        (folder / "z").symlink_to(folder.parent / "others" / "z")
        return folder / "z"
    elif how == "twice":
        (of_class / "x.png").hardlink_to(folder / CLASSES[0] / first.name)
        return of_class / "x.png"
    elif how == "pipe":
        os.mkfifo(of_class / "x.png")
        return of_class / "x.png"
    elif how == "loose":
        Image.new("L", (30, 20)).save(folder / "x.png")
        return folder / "x.png"
    elif how == "control":
        of_class.rename(folder / "a\x1b[31mb")
    elif how == "bidi":
        of_class.rename(folder / "a\u202eb")
    elif how == "few":
        for path in sorted(of_class.iterdir())[2:]:
            path.unlink()
    elif how == "nested":
        (of_class / "more").mkdir()
        return of_class / "more"
    return folder


REFUSED = {
    "one class": "one class alone", "empty": "a class without examples", "none": "no such folder",
    "webp": "no file that is read here", "eps": "another kind: EPS", "torn": "not an intact image",
    "deep": "more than 8 bits a channel", "frames": "several images", "print": "another kind",
    "transparent": "partly transparent", "size": "different sizes", "circle": "leads nowhere",
    "outside": "leaves the folder", "outside folder": "leaves the folder", "twice": "an example twice",
    "pipe": "no file that is read here", "loose": "belongs to no class", "control": "cannot be shown",
    "bidi": "cannot be shown", "few": "too few examples", "nested": "a folder in the folder of a class",
}  # fmt: skip


@pytest.mark.parametrize("how", REFUSED)
def test_a_folder_that_cannot_be_read_is_refused_by_its_file(folder, how):
    file = break_folder(folder, how)
    data = OwnData("folder", file if how == "none" else folder)
    with pytest.raises(UserError, match=REFUSED[how]) as raised:
        for part in data.splits:
            data.load(part)
    named = Path(str(raised.value.file))
    # Of two sizes either may be the first.
    assert named == file or (how == "size" and named.parent.parent == folder)


def test_a_photograph_that_is_a_bomb_is_not_unpacked(tmp_path):
    (tmp_path / "bomb.png").write_bytes(png(60_000, 60_000))
    with pytest.raises(UserError, match=r"too many pixels|not an intact image"):
        read_photograph(tmp_path / "bomb.png", (10, 10), "grey", "pad")


X, Y = np.zeros((12, 4, 5), np.uint8), np.arange(12) % 3


@pytest.mark.parametrize(
    ("arrays", "key", "problem"),
    [
        ({"x": X}, "y", "an array is missing"),
        ({"images": X, "labels": Y}, "x", "an array is missing"),
        ({"x": X, "y": Y, "x_test": X, "y_test": Y}, "x_test", "would be left out"),
        ({"x_train": X, "y_train": Y, "x_val": X, "y_val": Y}, "x_val", "would be left out"),
        ({"x_train": X, "y_train": Y, "y_test": Y}, "x_test", "an array is missing"),
        ({"x": X, "y": Y.astype(str)}, "y", r"numpy.unique\(y, return_inverse=True\)"),
        ({"x": X, "y": Y[:-1]}, "y", "of different number"),
        ({"x": X, "y": Y * 1.0}, "y", "labels of another kind"),
        ({"x": X, "y": np.eye(3)[Y]}, "y", "labels of another kind"),
        ({"x": X, "y": Y - 1}, "y", "is none of a class"),
        ({"x": X, "y": Y + 1}, "labels", "a class without examples"),
        ({"x": X, "y": np.zeros(12, int)}, "classes", "one class alone"),
        ({"x": X, "y": Y + 5000}, "y", "is none of a class"),
        ({"x": X, "y": Y + 998}, "y", "is none of a class"),
        ({"x": X, "y": Y, "classes": [str(k) for k in range(1001)]}, "classes", "no such number of classes"),
        ({"x": X, "y": Y, "classes": ["a", "b"]}, "labels", "names no class"),
        ({"x": X, "y": Y, "classes": ["a", "b", "a"]}, "class", "two classes of one name"),
        ({"x": X, "y": Y, "classes": ["a", "b", "c\n"]}, "class", "cannot be shown"),
        ({"x": X, "y": Y, "classes": ["a", "b", "c" * 101]}, "class", "cannot be shown"),
        ({"x": X, "y": Y, "classes": [1, 2, 3]}, "classes", "names of another kind"),
        ({"x": X, "y": Y, "classes": np.array([], "U1")}, "labels", "names no class"),
        ({"x_train": X, "y_train": Y, "x_test": X[:, :2], "y_test": Y}, "x_test", "different kinds"),
        ({"x": X.astype(int), "y": Y}, "x", "no images"),
        ({"x": np.zeros((12, 4, 5, 3)), "y": Y}, "x", "no images"),
        ({"x": X - 0.5, "y": Y}, "x", "out of range"),
        ({"x": X + np.nan, "y": Y}, "x", "no number"),
        ({"x": np.array([{}] * 12), "y": Y}, "x", "Python objects"),
        ({"x": np.asfortranarray(X), "y": Y}, "x", "column by column"),
    ],
)
def test_arrays_that_are_no_images_with_labels_are_refused_by_name(tmp_path, arrays, key, problem):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(UserError, match=problem) as raised:
        data = OwnData("npz", tmp_path / "a.npz")
        for part in data.splits:
            data.load(part)
    assert (raised.value.file, raised.value.key) == (tmp_path / "a.npz", key)


def test_a_damaged_npz_file_ends_in_one_error_wherever_it_is_damaged(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", x=np.arange(240, dtype=np.uint8).reshape(12, 4, 5), y=Y)
    whole, rng = (tmp_path / "a.npz").read_bytes(), np.random.default_rng(1)
    for _ in range(300):
        broken = bytearray(whole)
        for at in rng.integers(0, len(whole), rng.integers(1, 4)):
            broken[at] = rng.integers(256)
        (tmp_path / "a.npz").write_bytes(broken[: rng.integers(len(whole) // 2, 2 * len(whole))])
        try:
            OwnData("npz", tmp_path / "a.npz").load("train")
        except UserError as error:
            assert error.file == tmp_path / "a.npz"


def test_an_array_says_no_more_rows_than_it_has(tmp_path):
    np.savez(tmp_path / "a.npz", x=X, y=Y)
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content.replace(b"(12,", b"(99,"))
    with pytest.raises(UserError, match="not an intact npz file"):
        OwnData("npz", tmp_path / "a.npz").load("train")


@pytest.mark.parametrize(
    ("images", "labels", "problem"),
    [
        (np.zeros((9, 4, 4), "u1"), np.zeros(8, "u1"), "of different number"),
        (np.zeros((9, 4, 4), "f4"), np.arange(9, dtype="u1") % 2, "no images"),
        (np.zeros((9, 2, 4, 5), "u1"), np.arange(9, dtype="u1") % 2, "no images"),
        (np.zeros((9, 4, 4), "u1"), np.arange(9, dtype="i1") - 1, "none of a class"),
    ],
)
def test_idx_files_that_do_not_fit_are_refused(tmp_path, encode_idx, images, labels, problem):
    data = OwnData("idx", idx(tmp_path / "idx", encode_idx, images, labels))
    with pytest.raises(UserError, match=problem):
        data.load("train")


@pytest.mark.parametrize("name", ["classes.txt", "t10k-labels-idx1-ubyte"])
def test_a_link_in_a_folder_of_idx_files_stays_inside(tmp_path, encode_idx, name):
    folder = idx(tmp_path / "idx", encode_idx, np.zeros((9, 4, 4), "u1"), np.arange(9, dtype="u1") % 2)
    (tmp_path / "secret").write_text("root:x:0\ndaemon:x:1\n")
    (folder / name).symlink_to(tmp_path / "secret")
    with pytest.raises(UserError, match="leaves the folder") as raised:
        OwnData("idx", folder).load("train")
    assert raised.value.file == folder / name


@pytest.mark.parametrize(
    "parts", [("Training", "Testing"), ("train", "val", "valid"), ("train", "test", "more")]
)
def test_parts_of_other_names_are_told_from_classes(tmp_path, parts):
    for part in parts:
        photographs(tmp_path / part, ("cat", "dog"), n=2)
    with pytest.raises(UserError, match="a folder in the folder of a class") as refused:
        OwnData("folder", tmp_path).load("train")
    assert refused.value.file == tmp_path / min(parts) / "cat"
    assert "parts train, validation (val, valid) and test" in str(refused.value)


def test_half_a_pair_of_idx_files_is_refused(tmp_path, encode_idx):
    folder = idx(tmp_path / "idx", encode_idx, np.zeros((9, 4, 4), "u1"), np.arange(9, dtype="u1") % 2)
    (folder / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(UserError, match="one file of a pair"):
        OwnData("idx", folder).load("train")


def test_two_files_of_one_part_of_idx_files_are_refused(tmp_path, encode_idx):
    folder = idx(tmp_path / "idx", encode_idx, np.zeros((9, 4, 4), "u1"), np.arange(9, dtype="u1") % 2)
    twice = folder / "mine-train-images-idx3-ubyte"
    twice.write_bytes((folder / "train-images-idx3-ubyte").read_bytes())
    with pytest.raises(UserError, match="two files of one part") as raised:
        OwnData("idx", folder).load("train")
    assert {raised.value.file.name, raised.value.value} == {twice.name, "train-images-idx3-ubyte"}


def npy(array, version=None):
    packed = io.BytesIO()
    np.lib.format.write_array(packed, array, version)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.npy", npy(np.zeros((3, 4))), "no array of events"),
        ("a.npy", npy(np.zeros(3), (3, 0)), "not an intact npy file"),
        ("a.npz", {"t": None}, "an array is missing"),
        ("a.npz", {"t": [1, 2, 3]}, "arrays of different length"),
        ("a.bin", b"1234", "truncated"),
        ("a.npy", b"no", "not an intact npy file"),
        ("a.npz", b"no", "not an intact npz file"),
        ("a.npy", {"t": [3, 1]}, "time runs backwards"),
        ("a.npz", {"x": [0, 50]}, "outside the sensor"),
        ("a.npy", {"p": [0, 3]}, "polarities of another kind"),
        ("a.aedat", b"#!AER-DAT2.0", "no file that is read here"),
    ],
)
def test_a_recording_that_cannot_be_read_is_refused_by_its_file(tmp_path, name, content, problem):
    folder = recordings(tmp_path / "events", ("left", "right"))
    path = folder / "left" / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        events = {"x": [0, 1], "y": [0, 1], "t": [1, 2], "p": [0, 1]} | content
        events = {field: values for field, values in events.items() if values is not None}
        if name.endswith("npz"):
            np.savez(path, **events)
        else:
            table = np.empty(2, [(field, "i8") for field in events])
            for field, values in events.items():
                table[field] = values
            np.save(path, table)
    with pytest.raises(UserError, match=problem) as raised:
        for part in ("train", "validation", "test"):
            list(OwnData("events", folder, size=(9, 12)).load(part))
    assert raised.value.file == path


def test_a_sensor_of_unknown_size_is_asked_for(tmp_path):
    with pytest.raises(UserError, match="size of the sensor") as raised:
        OwnData("events", recordings(tmp_path / "events", ("left", "right"))).load("test")
    assert raised.value.key == "dataset.size"


def test_an_event_stream_of_its_own_is_not_changed(tmp_path):
    events = EventStream([1, 2], [3, 4], [5, 6], [True, False], (12, 9))
    np.savez(tmp_path / "a.npz", x=events.x, y=events.y, t=events.t_us, p=events.p)
    assert read_recording(tmp_path / "a.npz", (12, 9)) == events


@pytest.mark.parametrize("ending", [".bin", ".npy", ".npz", ".png"])
def test_a_pipe_is_no_file(tmp_path, ending):
    path = tmp_path / f"pipe{ending}"
    os.mkfifo(path)
    with pytest.raises(UserError, match="no file"):
        read_photograph(path, None, "grey", "pad") if ending == ".png" else read_recording(path, (9, 9))


@pytest.mark.parametrize("name", ["npz:/dev/zero", "npz:", "folder:"])
def test_own_data_are_files_at_a_path(name):
    with pytest.raises(UserError, match=r"no file|no path of own data"):
        check(name)


def test_a_damaged_npz_file_packed_with_lzma_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "data.npz", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("x.npy", bytes(range(256)) * 40)
    content = bytearray((tmp_path / "data.npz").read_bytes())
    content[44:80] = b"\xff" * 36
    (tmp_path / "data.npz").write_bytes(content)
    with pytest.raises(UserError, match="not an intact npz file"):
        OwnData("npz", tmp_path / "data.npz").load("train")


def zeros(path, **lengths):
    """An npz file of arrays of zero bytes, which take a thousandth of themselves."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, n in lengths.items():
            packed = io.BytesIO()
            np.save(packed, np.zeros(n, np.uint8))
            archive.writestr(f"{name}.npy", packed.getvalue())
    return path


@pytest.mark.parametrize("n", [3, 3 * 10**8, 10**11])
def test_labels_of_no_size_are_refused_before_any_of_them_is_counted(tmp_path, n):
    empty = io.BytesIO()
    np.lib.format.write_array_header_1_0(empty, {"descr": "|V0", "fortran_order": False, "shape": (n,)})
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", npy(X))
        archive.writestr("y.npy", empty.getvalue())
    tracemalloc.start()
    with pytest.raises(UserError, match="values of no size") as raised:
        OwnData("npz", tmp_path / "a.npz").load("train")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert raised.value.key == "y" and most < 1e6


def test_labels_of_another_number_than_the_images_are_not_read(tmp_path, monkeypatch):
    zeros(tmp_path / "a.npz", x=(4, 8, 8), y=10**6)
    monkeypatch.setattr(NpyMember, "rows", lambda *_: pytest.fail("read"))
    with pytest.raises(UserError, match="of different number") as raised:
        OwnData("npz", tmp_path / "a.npz").load("train")
    assert raised.value.value == "1,000,000 labels"


def test_a_million_events_or_labels_take_no_step_each(tmp_path):
    n, before = 5 * 10**6, time.process_time()
    recorded = read_recording(zeros(tmp_path / "a.npz", x=n, y=n, t=n, p=n), (9, 12))
    assert len(recorded) == n
    assert time.process_time() - before < 3  # one after the other, 11 s


@pytest.mark.parametrize("piece", [1, 50, 1 << 24])
def test_rows_are_given_in_the_order_in_which_they_are_asked_for(tmp_path, monkeypatch, piece):
    monkeypatch.setattr(npy_stream, "_PIECE", piece)
    images = np.arange(40 * 6, dtype=np.uint8).reshape(40, 2, 3)
    np.savez_compressed(tmp_path / "a.npz", x=images)
    member, rng = npy_stream.open_npz(tmp_path / "a.npz")["x"], np.random.default_rng(1)
    for chosen in (
        rng.permutation(40),
        rng.permutation(40)[:7],
        np.array([5, 5, 3, 39, 5]),
        np.array([], int),
    ):
        assert np.array_equal(member.rows(chosen), images[chosen])


@pytest.mark.parametrize(
    ("bounds", "problem"),
    [
        ({"LARGEST_UNPACKED": 10_000, "MOST_PACKED": 3}, "unpacks to far more than it is"),
        ({"MOST_ROWS": 1000}, "more rows than the file has bytes"),
    ],
)
def test_a_small_file_is_not_unpacked_to_what_fills_the_memory(tmp_path, monkeypatch, bounds, problem):
    for name, value in bounds.items():
        monkeypatch.setattr(npy_stream, name, value)
    zeros(tmp_path / "a.npz", x=(20_000, 1, 1), y=20_000)
    with pytest.raises(UserError, match=problem):
        OwnData("npz", tmp_path / "a.npz").load("train")
    x, y = np.zeros((20_000, 1, 1), np.uint8), np.arange(20_000, dtype=np.uint8) % 2
    np.savez(tmp_path / "large.npz", x=x, y=y)  # it has as many bytes on the disk
    assert OwnData("npz", tmp_path / "large.npz").count("train") == 14_000
