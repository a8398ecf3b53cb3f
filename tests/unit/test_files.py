"""Locks and temporary folders of processes that are killed, and arrays in files that may be damaged."""

from __future__ import annotations

import errno
import os
import subprocess
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest

from bioscnn import files
from bioscnn.datasets.own.event_formats import read_recording
from bioscnn.errors import UserError
from bioscnn.files import (
    is_file,
    made_folder,
    newest_run,
    point_latest,
    read_bytes,
    read_npz,
    scratch_folder,
    unwritable_is_told,
    whole_folder,
    write_atomically,
    write_npz,
)
from bioscnn.locks import locked
from bioscnn.script import study as script
from bioscnn.script.text import Script
from bioscnn.studies import read_study
from tests.processes import python

PIPES = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
HOLDS_FOLDER = """
import sys; from pathlib import Path
from bioscnn.files import scratch_folder
with scratch_folder(Path(sys.argv[1]), ".building") as folder:
    (folder / "inside").mkdir()
    (folder / "inside" / "file").write_text("half")
    print(folder, flush=True)
    input()
"""
HOLDS_FILE = """
import sys; from pathlib import Path
from bioscnn import files
def stop(*_):
    print("written", flush=True)
    input()
Path.replace = Path.symlink_to = stop
getattr(files, sys.argv[1])(Path(sys.argv[2]), *([b"half"] if sys.argv[1] == "write_atomically" else []))
"""
HOLDS_LOCK = """
import sys; from pathlib import Path
from bioscnn.locks import locked
from tests.processes import python
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    input()
"""


def test_a_scratch_folder_is_empty_of_this_user_alone_and_removed_in_the_end(tmp_path):
    with scratch_folder(tmp_path, "[a]*") as folder:
        assert folder.parent == tmp_path and not list(folder.iterdir())
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "file").touch()
    with pytest.raises(RuntimeError), scratch_folder(tmp_path, "[a]*"):
        raise RuntimeError
    assert not list(tmp_path.iterdir())


def test_the_folder_of_a_killed_process_is_removed_by_the_next_and_that_of_a_living_one_is_not(tmp_path):
    killed, living = python(HOLDS_FOLDER, tmp_path, **PIPES), python(HOLDS_FOLDER, tmp_path, **PIPES)
    folders = [Path(process.stdout.readline().strip()) for process in (killed, living)]
    killed.kill()
    killed.communicate()
    (other := tmp_path / ".building-elsewhere-1").mkdir()
    assert all((folder / "inside" / "file").exists() for folder in folders)
    following = python(HOLDS_FOLDER, tmp_path, **PIPES)
    own = Path(following.stdout.readline().strip())
    assert not folders[0].exists() and (folders[1] / "inside" / "file").exists() and other.exists()
    for process in (living, following):
        process.communicate("\n")
        assert process.returncode == 0
    assert not own.exists() and list(tmp_path.iterdir()) == [other]


@pytest.mark.parametrize("write", ["write_atomically", "point_latest"])
def test_what_a_process_that_is_killed_has_half_written_is_removed_by_the_next(tmp_path, write):
    killed = python(HOLDS_FILE, write, tmp_path / "file", **PIPES)
    assert killed.stdout.readline() == "written\n"
    killed.kill()
    killed.communicate()
    assert list(tmp_path.iterdir())
    write_atomically(tmp_path / "other", b"whole")
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


def test_a_folder_whose_removal_was_interrupted_is_removed_by_the_next(tmp_path, monkeypatch):
    def interrupted(folder):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("bioscnn.files.shutil.rmtree", interrupted)
        with scratch_folder(tmp_path, ".building") as folder:
            (folder / "file").touch()
    assert [path.name for path in tmp_path.iterdir()] == [folder.name], "its lock is gone"
    files.remove_scratch.cache_clear()  # as in another process
    with scratch_folder(tmp_path, ".building"):
        assert not folder.exists()
    assert not list(tmp_path.iterdir())


def test_of_several_that_make_the_same_folder_at_once_each_one_succeeds(tmp_path):
    begin, ended, n = Barrier(4, timeout=60), Barrier(4, timeout=60), 10

    def make(k: int) -> None:
        for _ in range(n):
            begin.wait()
            with whole_folder(tmp_path / "run", lambda _: True) as scratch:
                for name in ("a", "b", "c"):
                    (scratch / name).write_text(str(k))
            ended.wait()  # while others put theirs in its place, there is none for a moment
            assert (tmp_path / "run" / "a").exists()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(make, range(4)))
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert len({(tmp_path / "run" / name).read_text() for name in ("a", "b", "c")}) == 1


def test_an_earlier_result_stays_until_the_new_one_is_whole(tmp_path, monkeypatch):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "file").write_text("earlier")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt), whole_folder(tmp_path / "run", lambda _: True):
        pass
    assert (tmp_path / "run" / "file").read_text() == "earlier"


@pytest.mark.parametrize("stopped", [KeyboardInterrupt, SystemExit, ValueError])
def test_work_that_is_stopped_leaves_no_empty_folders_that_it_made(tmp_path, stopped):
    with pytest.raises(stopped), whole_folder(tmp_path / "results" / "mnist" / "run", lambda _: True):
        raise stopped
    assert list(tmp_path.iterdir()) == []
    with whole_folder(tmp_path / "results" / "mnist" / "run", lambda _: True):
        pass
    with pytest.raises(stopped), whole_folder(tmp_path / "results" / "nmnist" / "run", lambda _: True):
        raise stopped
    assert {path.name for path in tmp_path.rglob("*")} == {"results", "mnist", "run"}


def test_folders_that_were_there_or_hold_something_stay(tmp_path):
    (tmp_path / "there").mkdir()
    for folder, names in (("there", {"there"}), ("new/deep", {"there", "new", "deep", "kept"})):
        with pytest.raises(KeyboardInterrupt), made_folder(tmp_path / folder):
            if folder != "there":
                (tmp_path / folder / "kept").touch()
            raise KeyboardInterrupt
        assert {path.name for path in tmp_path.rglob("*")} == names


def test_the_newest_run_is_the_one_that_was_made_last_whatever_was_written_into_others(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert newest_run(Path("latest")) == Path("latest")
    for name in ("mnist", "nmnist"):
        (tmp_path / "results" / name / "run").mkdir(parents=True)
        point_latest(tmp_path / "results" / name / "run")
        time.sleep(0.01)
    (tmp_path / "results" / "mnist" / "run" / "ledger.json").touch()
    assert newest_run(Path("latest")) == Path("results/nmnist/latest")
    assert newest_run(Path("results/mnist/latest")) == Path("results/mnist/latest")
    point_latest(tmp_path / "results" / "mnist" / "run")
    assert newest_run(Path("latest")) == Path("results/mnist/latest")
    assert newest_run(Path("results/mnist")) == Path("results/mnist")
    (tmp_path / "results" / "mnist" / "run" / "summary.json").touch()
    assert newest_run(Path("results/mnist")) == Path("results/mnist/latest")
    (tmp_path / "latest").mkdir()
    assert newest_run(Path("latest")) == Path("latest")


def test_a_lock_excludes_other_processes_until_its_holder_dies(tmp_path):
    path = tmp_path / "lock"
    holder = python(HOLDS_LOCK, path, **PIPES)
    assert holder.stdout.readline() == "held\n"
    with locked(path, wait=False) as held:
        assert not held
    waiting = python(HOLDS_LOCK, path, **PIPES)
    os.set_blocking(waiting.stdout.fileno(), False)
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(0.5)
    holder.kill()
    holder.communicate()
    os.set_blocking(waiting.stdout.fileno(), True)
    assert waiting.stdout.readline() == "held\n"
    waiting.communicate("\n")
    assert not path.exists()


def test_a_lock_that_comes_and_goes_is_held_by_one_thread_at_a_time(tmp_path):
    inside, most = [], []

    def enter(k: int) -> None:
        with locked(tmp_path / "lock"):
            inside.append(k)
            time.sleep(0.001)
            most.append(len(inside))
            inside.remove(k)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(enter, range(100)))
    assert len(most) == 100 and set(most) == {1} and not list(tmp_path.iterdir())


def test_a_lock_in_a_folder_that_is_not_there_is_an_error_or_not_held(tmp_path):
    with pytest.raises(FileNotFoundError), locked(tmp_path / "nowhere" / "lock"):
        pass
    with locked(tmp_path / "nowhere" / "lock", wait=False) as held:
        assert not held


def test_a_link_to_the_latest_that_finds_no_room_is_one_message_and_leaves_nothing(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "symlink_to", full)
    with pytest.raises(UserError, match="cannot write here: No space") as caught:
        point_latest(tmp_path / "run")
    assert caught.value.file == tmp_path and not list(tmp_path.iterdir())


def test_a_folder_in_the_place_of_the_link_to_the_latest_is_one_message(tmp_path):
    (tmp_path / "latest").mkdir()
    with pytest.raises(UserError, match="cannot write here: Is a directory"):
        point_latest(tmp_path / "run")
    assert [path.name for path in tmp_path.iterdir()] == ["latest"]


@pytest.mark.parametrize("to", ["nowhere", "results"])
def test_a_link_that_leads_nowhere_in_the_place_of_a_folder_is_one_message(tmp_path, to):
    (tmp_path / "results").symlink_to(to)
    with (
        pytest.raises(UserError, match="cannot write here: "),
        unwritable_is_told(tmp_path / "results"),
    ):
        (tmp_path / "results" / "sweeps").mkdir(parents=True, exist_ok=True)


def test_a_file_takes_the_place_of_a_link_and_leaves_what_it_led_to(tmp_path):
    (tmp_path / "other").write_text("kept")
    (tmp_path / "link").symlink_to(tmp_path / "other")
    write_atomically(tmp_path / "link", b"new")
    assert not (tmp_path / "link").is_symlink() and (tmp_path / "link").read_text() == "new"
    assert (tmp_path / "other").read_text() == "kept"


def test_no_file_is_written_in_place_of_a_folder(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match="a folder has this name"):
        write_atomically(tmp_path / "folder", b"content")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_arrays_read_back_as_they_were_written(tmp_path):
    path = tmp_path / "arrays.npz"
    write_npz(path, {"classes": np.arange(5, dtype=np.int16), "text": np.array("a text")})
    arrays = read_npz(path)
    assert arrays["classes"].tolist() == [0, 1, 2, 3, 4] and arrays["classes"].dtype == np.int16
    assert str(arrays["text"]) == "a text" and len(arrays) == 2


def test_arrays_of_a_damaged_file_are_absent_or_as_they_were_written(tmp_path):
    path = tmp_path / "arrays.npz"
    write_npz(path, {"classes": np.arange(50)})
    content = path.read_bytes()
    assert read_npz(tmp_path / "absent.npz") is None
    for end in range(0, len(content), 5):
        path.write_bytes(content[:end])
        assert read_npz(path) is None
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        arrays = read_npz(path)
        assert arrays is None or all(np.array_equal(array, np.arange(50)) for array in arrays.values())


def test_python_objects_in_a_file_are_not_read(tmp_path):
    np.savez(tmp_path / "objects.npz", array=np.array([{}], dtype=object))
    assert read_npz(tmp_path / "objects.npz") is None


def test_a_small_file_that_would_fill_the_memory_is_not_read(tmp_path, monkeypatch):
    zeros = {"zeros": np.zeros(100_000, np.uint8)}
    write_npz(tmp_path / "compressed.npz", zeros)
    np.savez(tmp_path / "plain.npz", **zeros)
    assert len(read_npz(tmp_path / "compressed.npz")["zeros"]) == 100_000
    monkeypatch.setattr(files, "LARGEST_UNPACKED", 50_000)
    assert read_npz(tmp_path / "compressed.npz") is None
    assert len(read_npz(tmp_path / "plain.npz")["zeros"]) == 100_000


def test_a_script_is_written_into_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(script, "study_script", lambda *_: Script("text", {"classes": np.arange(3)}))
    study = read_study("mnist")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "mnist-brian2.npz").symlink_to("absent")
    for out in (tmp_path / "file", Path("/proc/x"), tmp_path / "file" / "inside", None):
        with pytest.raises(UserError):
            script.write_script(study, out)
    assert (tmp_path / "file").read_text() == "mine"
    assert (tmp_path / "mnist-brian2.npz").is_symlink()
    assert script.write_script(study, tmp_path / "new").script.read_text() == "text"


def test_arrays_are_read_from_a_file_alone(tmp_path):
    os.mkfifo(tmp_path / "pipe.npz")
    assert read_npz(tmp_path / "pipe.npz") is None


def npy(described: str, shape: str) -> bytes:
    header = f"{{'descr': {described}, 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(12)


@pytest.mark.filterwarnings("default")
def test_an_array_that_python_2_wrote_is_none_of_ours(tmp_path, recwarn):
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("a.npy", npy("'<f4'", "(3L,)"))
    assert read_npz(tmp_path / "x.npz") is None and not recwarn


@pytest.mark.parametrize("described", ["','", "'3,'", "'<f4,('", "[('a', '<f4,,')]"])
def test_an_array_of_a_type_that_is_none_is_damage(tmp_path, described):
    content = npy(described, "(3,)")
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("a.npy", content)
    assert read_npz(tmp_path / "x.npz") is None
    (tmp_path / "x.npy").write_bytes(content)
    with pytest.raises(UserError):
        read_recording(tmp_path / "x.npy", (34, 34))


def test_a_link_to_a_name_that_no_file_can_have_is_no_file(tmp_path):
    (tmp_path / "link").symlink_to("x" * 300)
    (tmp_path / "file").touch()
    assert [is_file(tmp_path / name) for name in ("link", "file", "nothing")] == [False, True, False]
    assert read_npz(tmp_path / "link") is None


def test_a_file_with_a_hole_is_refused_before_it_is_read(tmp_path):
    """It takes no room on its disk, and ended in a MemoryError."""
    with (tmp_path / "hole").open("wb") as file:
        file.truncate(2**43)
    with pytest.raises(UserError, match="too large") as refused:
        read_bytes(tmp_path / "hole")
    assert refused.value.file == tmp_path / "hole"
    (tmp_path / "data").write_bytes(b"123")
    assert read_bytes(tmp_path / "data", 3) == b"123"


def test_of_folders_that_cannot_be_made_none_is_left(tmp_path):
    with pytest.raises(UserError), made_folder(tmp_path / "results" / ("x" * 300)):
        pass
    assert not list(tmp_path.iterdir())
