import ast
import shutil
import sys
import types
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import bioscnn.datasets
from bioscnn.datasets import (
    EventSet,
    EventStream,
    ImageSet,
    check,
    list_datasets,
    load_dataset,
    load_recordings,
    recordings,
    write_events,
)
from bioscnn.datasets.caltech import COUNTS, SPLITS
from bioscnn.datasets.camera import N_MNIST, Camera
from bioscnn.datasets.event_files import encode
from bioscnn.datasets.ncaltech101 import centre, load_ncaltech101
from bioscnn.errors import UserError

ROOM = Path(bioscnn.datasets.__file__).parent


def blip(x=1, y=1, size=(34, 34)):
    return EventStream([x], [y], [5], [True], size)


@pytest.fixture
def make(tmp_path):
    """Write empty recordings into a data folder, by their paths."""

    def write(*names):
        for name in names:
            path = tmp_path / "data" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_events(path, blip())
        return tmp_path / "data"

    return write


@pytest.fixture
def few(make):
    """Two digits of each of the splits validation and train, and one for testing."""
    train = ("1/00001.bin", "0/00002.bin", "1/04493.bin", "1/04494.bin", "0/05168.bin", "0/60000.bin")
    return make(*(f"N-MNIST/Train/{name}" for name in train), "N-MNIST/Test/7/10000.bin")


def test_splits_follow_those_of_mnist_by_the_number_of_the_image(few):
    numbers = {
        split: (load_recordings("nmnist", split, data=few).index + 1).tolist()
        for split in ("validation", "train", "test")
    }
    assert numbers == {"validation": [2, 1, 5168, 4493], "train": [60000, 4494], "test": [10000]}


def test_the_validation_recordings_show_the_embedded_digits(real_data, full_mnist):
    digits = load_dataset("mnist", "validation", data=real_data)
    numbers = official_numbers(full_mnist, digits)
    shown = load_recordings("nmnist", "validation", source="real", data=real_data)
    assert set(shown.index) <= set(numbers)
    labels = dict(zip(numbers.tolist(), digits.labels.tolist(), strict=True))
    assert [labels[index] for index in shown.index.tolist()] == shown.labels.tolist()


def official_numbers(full_mnist, digits):
    """Find each image among the official training images."""
    from bioscnn.datasets.mnist_files import TRAIN_IMAGES

    official = TRAIN_IMAGES.read(full_mnist / "train-images-idx3-ubyte.gz")
    at = {image.tobytes(): number for number, image in enumerate(official)}
    return np.array([at[image.tobytes()] for image in digits.images])


def test_the_last_validation_digit_of_each_class_is_where_the_loader_has_it(real_data, full_mnist):
    from bioscnn.datasets.nmnist import _LAST_VALIDATION

    digits = load_dataset("mnist")
    numbers = official_numbers(full_mnist, digits)
    assert [numbers[digits.labels == digit].max() for digit in range(10)] == _LAST_VALIDATION.tolist()


def test_held_out_recordings_are_those_that_the_camera_was_not_fitted_to(real_data):
    every, unseen = (
        load_recordings("nmnist", source=source, data=real_data) for source in ("real", "held-out")
    )
    assert set(unseen.index) == {number for number in every.index if number >= 500} and len(unseen) > 0
    assert "not of the camera's fit" in unseen.source


def test_any_first_real_recordings_are_balanced(real_data):
    shown = load_recordings("nmnist", data=real_data)
    assert len(shown) == 1000 and not shown.simulated
    assert shown.source.endswith("1,000 of 5,000 recordings")
    assert np.bincount(shown.labels[:500]).tolist() == [50] * 10


def test_making_a_set_of_a_thousand_reads_none(make):
    data = make(*(f"N-MNIST/Train/{number % 10}/{number:05}.bin" for number in range(1, 1001)))
    for path in data.rglob("*.bin"):
        path.write_bytes(b"broken")
    shown = load_recordings("nmnist", data=data)
    assert len(shown.take(slice(10, None))) == 990
    with pytest.raises(UserError, match="truncated"):
        shown[0]


@pytest.mark.parametrize("root", ["N-MNIST", "N_MNIST", "NMNIST", "nmnist", "n-mnist"])
@pytest.mark.parametrize("half", ["Train", "train"])
def test_the_usual_spellings_are_found(make, root, half):
    data = make(f"{root}/{half}/3/00008.bin")
    assert len(load_recordings("nmnist", source="real", data=data)) == 1


@pytest.mark.parametrize(
    ("names", "problem", "at", "seen"),
    [
        (["N-MNIST/3/00001.bin"], "another layout", "N-MNIST", "3/"),
        (["N-MNIST/Train/3/00001.bin", "N-MNIST/Train/10/00002.bin"], "another layout", "Train", "10/"),
        (["N-MNIST/Train/00001.bin"], "another layout", "Train", "00001.bin"),
        (["N-MNIST/Train/3/1.bin"], "not a file of this data set", "1.bin", None),
        (["N-MNIST/Train/3/00000.bin"], "not a file of this data set", "00000.bin", None),
        (["N-MNIST/Train/3/60001.bin"], "not a file of this data set", "60001.bin", None),
        (["N-MNIST/Train/3/image_0001.bin"], "not a file of this data set", "image_0001.bin", None),
        (["N-MNIST/Train/3/00005.bin", "N-MNIST/Train/4/00005.bin"], "two digits", "Train", "00005.bin"),
    ],
)
def test_a_folder_with_another_layout_is_refused(make, names, problem, at, seen):
    data = make(*names)
    with pytest.raises(UserError, match=problem) as caught:
        load_recordings("nmnist", data=data)
    assert Path(caught.value.file).name == at and caught.value.expected
    assert seen is None or seen in caught.value.value


def test_other_files_beside_the_recordings_are_left_alone(make, few):
    (few / "N-MNIST" / "Train" / "1" / "readme.txt").touch()
    (few / "N-MNIST" / "Train" / "1" / "._00001.bin").touch()
    assert len(load_recordings("nmnist", data=few)) == 4


CALTECH = [
    *(f"N-Caltech101/Motorbikes/image_{number:04}.bin" for number in range(1, COUNTS[0] + 1)),
    *(f"N-Caltech101/airplanes/image_{number:04}.bin" for number in range(1, COUNTS[1] + 1)),
]


def test_photographs_have_the_same_split_whatever_others_are_there(make):
    data = make(*CALTECH, "N-Caltech101/accordion/image_0001.bin")
    whole = {split: load_recordings("ncaltech101", split, data=data) for split in SPLITS}
    assert {split: len(part) for split, part in whole.items()} == SPLITS
    assert sorted(index for part in whole.values() for index in part.index) == list(range(sum(COUNTS)))
    for split in ("validation", "test"):
        assert np.bincount(whole[split].labels[:50]).tolist() == [25, 25]
    shutil.rmtree(data / "N-Caltech101" / "airplanes")
    make("N-Caltech101/airplanes/image_0007.bin")
    some = {split: load_recordings("ncaltech101", split, data=data) for split in SPLITS}
    assert sum(map(len, some.values())) == COUNTS[0] + 1
    for split in SPLITS:
        assert set(some[split].index) <= set(whole[split].index)


def test_a_set_without_airplanes_is_refused(make):
    data = make("N-Caltech101/Motorbikes/image_0001.bin")
    with pytest.raises(UserError, match="another layout") as caught:
        load_recordings("ncaltech101", data=data)
    assert "airplanes" in caught.value.expected


def test_a_cropped_recording_lies_in_the_middle_of_the_field(make):
    data = make(*(name for name in CALTECH if "0001" in name))
    stream = EventStream([10, 110, 60], [3, 50, 172], [0, 1, 2], [True] * 3, (240, 180))
    for path in data.rglob("*.bin"):
        write_events(path, stream)
    parts = [load_ncaltech101(split, data, "here") for split in SPLITS]
    found = next(part[0] for part in parts if part is not None)
    assert found.x.tolist() == [69, 169, 119]  # 69 columns before 101 and 70 after them
    assert found.y.tolist() == [5, 52, 174]
    assert found == centre(stream)


def test_a_recording_without_events_has_no_middle():
    stream = EventStream([], [], [], [], (240, 180))
    assert centre(stream) == stream


def test_centring_keeps_every_real_recording_in_the_field(real_recordings):
    from bioscnn.datasets import read_events

    for path, sensor_size in real_recordings[-4:]:
        stream = centre(read_events(path, sensor_size))
        margins = [stream.x.min(), 239 - stream.x.max(), stream.y.min(), 179 - stream.y.max()]
        assert abs(margins[0] - margins[1]) <= 1 and abs(margins[2] - margins[3]) <= 1


@pytest.fixture
def camera(monkeypatch):
    """A camera that records one event an image, and counts the images."""

    module = types.ModuleType("bioscnn.datasets.saccades")
    module.recorded = 0

    def record(images: ImageSet, camera: Camera, *, seed: int, progress=None) -> EventSet:
        module.recorded += len(images)
        streams = tuple(blip(int(image.argmax() % 28), 1, camera.sensor_size) for image in images.images)
        return EventSet(
            streams, images.labels, images.classes, camera.sensor_size, f"n{images.name}-simulated",
            images.split, f"simulated from {images.source}", simulated=True, index=images.index,
        )  # fmt: skip

    module.record = record
    monkeypatch.setitem(sys.modules, "bioscnn.datasets.saccades", module)
    monkeypatch.setattr(bioscnn.datasets, "saccades", module, raising=False)
    monkeypatch.setattr(recordings, "_CAMERA_CODE", ("recordings.py",))
    return module


def test_without_recordings_the_embedded_digits_are_recorded_once(camera, cache):
    first, again = (load_recordings("nmnist", trials=30) for _ in range(2))
    assert camera.recorded == 30
    assert first.simulated and again.simulated and again.name == "nmnist-simulated"
    assert (again.source, again.split, again.classes) == (first.source, "validation", first.classes)
    assert again.sha256 == first.sha256
    digits = load_dataset("mnist").take(30)
    np.testing.assert_array_equal(again.labels, digits.labels)
    np.testing.assert_array_equal(again.index, digits.index)
    assert [stream.x[0] for stream in again] == [image.argmax() % 28 for image in digits.images]
    assert len(list((cache / "recordings").iterdir())) == 1


def a_byte_changed(content):
    at = content.index(encode(load_recordings("nmnist", trials=10)[0]))
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


@pytest.mark.parametrize(
    "damage", [lambda _: b"", lambda _: b"no zip file", lambda c: c[:-9], a_byte_changed]
)
def test_kept_recordings_that_are_damaged_are_made_again(camera, cache, damage):
    load_recordings("nmnist", trials=10)
    (file,) = (cache / "recordings").iterdir()
    file.write_bytes(damage(file.read_bytes()))
    assert len(load_recordings("nmnist", trials=10)) == 10
    assert camera.recorded == 20


def test_other_images_or_another_camera_are_recorded_anew(camera, monkeypatch):
    load_recordings("nmnist", trials=10)
    load_recordings("nmnist", trials=11)
    other = recordings.EVENT_DATASETS["nmnist"]._replace(camera=replace(N_MNIST, threshold_on=0.3))
    monkeypatch.setitem(recordings.EVENT_DATASETS, "nmnist", other)
    load_recordings("nmnist", trials=11)
    monkeypatch.setattr(recordings, "_CAMERA_CODE", ("events.py",))
    load_recordings("nmnist", trials=11)
    assert camera.recorded == 10 + 11 + 11 + 11
    same_pixels = replace(load_dataset("mnist").take(11), index=np.arange(11) + 1)
    assert recordings.record_once(same_pixels, N_MNIST).index.tolist() == same_pixels.index.tolist()


def test_real_recordings_come_first_unless_simulated_ones_are_asked_for(camera, few):
    assert not load_recordings("nmnist", data=few).simulated
    assert load_recordings("nmnist", data=few, source="simulated", trials=5).simulated


def test_real_recordings_that_are_not_here_are_not_replaced(camera):
    with pytest.raises(UserError, match='no recordings of N-MNIST, split "test"') as caught:
        load_recordings("nmnist", "test", source="real")
    assert "bioscnn data fetch nmnist" in caught.value.fix
    assert camera.recorded == 0


def test_downloaded_recordings_are_found_without_a_data_folder(make, few, cache):
    cache.mkdir()
    shutil.move(few / "N-MNIST", cache / "nmnist")
    shown = load_recordings("nmnist", source="real")
    assert len(shown) == 4 and shown.source.startswith(f"downloaded to {cache}")


@pytest.mark.parametrize(
    ("words", "key", "value"),
    [
        (("mnist", "validation", "auto"), "dataset.name", "mnist"),
        (("nmnist", "valid", "auto"), "dataset.split", "valid"),
        (("nmnist", "test", "unreal"), "dataset.recordings", "unreal"),
    ],
)
def test_a_word_that_is_unknown_is_named_with_the_known_ones(words, key, value):
    name, split, source = words
    with pytest.raises(UserError) as caught:
        load_recordings(name, split, source=source)
    assert (caught.value.key, caught.value.value) == (key, value) and caught.value.expected


def test_more_trials_than_recordings_are_refused(few):
    with pytest.raises(UserError, match="has 4 recordings"):
        load_recordings("nmnist", data=few, trials=5)


def test_recordings_are_no_images():
    with pytest.raises(UserError, match="not images") as caught:
        load_dataset("nmnist")
    assert "load_recordings" in caught.value.fix


def rows(data=None):
    return {(row.name, row.split): (row.n, row.available) for row in list_datasets(data)}


def test_the_list_says_what_is_real_and_what_is_simulated(few, cache):
    bare, here = rows(), rows(few)
    assert bare["nmnist", "validation"] == (5000, "simulated")
    assert bare["nmnist", "test"] == (10000, "needs download")
    assert bare["ncaltech101", "test"] == (200, "needs download")
    assert here["nmnist", "validation"] == (4, "data folder")
    assert here["nmnist", "train"] == (2, "data folder")
    cache.mkdir()
    shutil.move(few / "N-MNIST", cache / "nmnist")
    assert rows()["nmnist", "test"] == (1, "downloaded")


def test_the_check_names_each_broken_recording_and_goes_on(few):
    assert [row.status for row in check("nmnist", few)] == ["ok", "ok", "ok"]
    assert check("nmnist", few)[0].found.endswith("4 of 5,000 recordings, 4 events")
    broken = few / "N-MNIST" / "Train" / "1" / "00001.bin"
    broken.write_bytes(b"1234")
    found = check("nmnist", few)
    assert [row.status for row in found] == ["broken", "broken", "ok", "ok"]
    assert found[1].file == str(broken) and "truncated" in found[1].found
    shutil.move(few / "N-MNIST" / "Train" / "1", few / "N-MNIST" / "Train" / "one")
    assert "another layout" in check("nmnist", few)[0].found


def test_the_check_of_a_bare_machine_misses_all():
    assert [row.status for row in check("nmnist") + check("ncaltech101")] == ["missing"] * 6


def test_photographs_are_recorded_where_there_are_no_recordings(camera, photographs):
    recorded = load_recordings("ncaltech101", "train", data=photographs, trials=20)
    assert recorded.sensor_size == (240, 180)
    assert recorded.name == "ncaltech101-simulated" and recorded.classes == ("motorbike", "airplane")
    assert np.bincount(recorded.labels).tolist() == [10, 10]
    assert rows(photographs)["ncaltech101", "train"] == (1248, "simulated")


def test_without_photographs_the_user_learns_what_to_put_where(camera, tmp_path):
    with pytest.raises(UserError, match="Caltech101 are not on this machine") as caught:
        load_recordings("ncaltech101", data=tmp_path)
    for detail in ("caltech-101.zip", "3138e1922a9193bfa496528edbbc45d0", "BIOSCNN_DATA"):
        assert detail in caught.value.fix


def imports(name):
    """Which files of this room a file of this room uses, those that these use included."""
    tree = ast.parse((ROOM / name).read_text())
    modules = {
        node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module is not None
    }
    own = {f"{module.removeprefix('bioscnn.datasets.')}.py" for module in modules if "datasets." in module}
    return {name}.union(*(imports(used) for used in own))


def test_a_change_anywhere_in_the_camera_makes_other_recordings():
    about_the_data = {"events.py", "images.py"}
    assert imports("saccades.py") - about_the_data == set(recordings._CAMERA_CODE)


@pytest.mark.parametrize("name", ["nmnist", "ncaltech101"])
def test_the_camera_records_what_the_loader_keeps(photographs, name):
    from bioscnn.datasets import saccades
    from bioscnn.datasets.recordings import EVENT_DATASETS

    told = []
    load = partial(load_recordings, name, "train" if name == "ncaltech101" else "validation", trials=2)
    kept, again = load(data=photographs, progress=lambda *counts: told.append(counts)), load(data=photographs)
    assert told[-1] == (2, 2)
    images = EVENT_DATASETS[name].images(kept.split, photographs, False).take(2)
    straight = saccades.record(images, EVENT_DATASETS[name].camera, seed=1)
    assert kept.sha256 == again.sha256 == straight.sha256
    assert (again.name, again.simulated, again.source) == (straight.name, True, straight.source)
    np.testing.assert_array_equal(again.index, straight.index)
