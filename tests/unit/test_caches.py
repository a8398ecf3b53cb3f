import zipfile
from pathlib import Path

import numpy as np
import pytest

from bioscnn.caches import cache_folder, keep_arrays, keep_text, kept_arrays, kept_text


def test_a_relative_cache_folder_is_that_of_the_present_folder(monkeypatch, tmp_path):
    """Programs run in folders of their own, where a relative path would mean another place."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BIOSCNN_CACHE", "cache")
    assert cache_folder() == tmp_path / "cache"


def test_without_a_wish_the_platform_has_a_place(monkeypatch):
    monkeypatch.delenv("BIOSCNN_CACHE", raising=False)
    assert cache_folder().is_absolute() and cache_folder().name == "bioscnn"
    assert Path.home() in cache_folder().parents


def test_a_text_that_is_damaged_is_not_there(tmp_path):
    """A digit of a coefficient that has changed would change spikes, and nobody would know."""
    path = tmp_path / "cache" / "text"
    assert kept_text(path) is None
    keep_text(path, text := "V = 0.951229424500714 * V\nä")
    assert kept_text(path) == text
    content = path.read_bytes()
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert kept_text(path) is None
        path.write_bytes(content[:place])
        assert kept_text(path) is None


def test_nothing_is_kept_and_nothing_said_where_the_folder_cannot_be_written(tmp_path):
    (tmp_path / "cache").touch()
    keep_text(tmp_path / "cache" / "text", "any")
    assert kept_text(tmp_path / "cache" / "text") is None
    keep_arrays(tmp_path / "cache" / "arrays.npz", {"classes": np.zeros(3)})
    assert (tmp_path / "cache").read_bytes() == b""


@pytest.mark.parametrize(
    "stored",
    [
        {"rates": np.zeros((3, 2))}, {"rate": np.zeros((2, 3))}, {"rate": np.zeros((3, 2), np.float32)},
        {"rate": np.full((3, 2), np.nan)}, {"rate": np.array("text")}, {}, {"rate": np.zeros(()), "more": 1},
    ],
)  # fmt: skip
def test_arrays_that_cannot_be_what_was_kept_are_computed_again(tmp_path, monkeypatch, stored):
    monkeypatch.setenv("BIOSCNN_CACHE", str(tmp_path))

    def read(value):
        computed = {"rate": np.full((3, 2), value)}
        return kept_arrays("rates", "key", {"rate": (3, 2)}, "float64", lambda: computed)["rate"]

    assert (read(1.0) == 1).all() and (read(2.0) == 1).all()
    np.savez(tmp_path / "rates" / "key.npz", **stored)
    assert (read(3.0) == 3).all() and (read(4.0) == 3).all()


@pytest.mark.parametrize("header", ["{'descr': (), 'fortran_order': False, 'shape': (3, 2)}", "{[]: 1}"])
def test_an_array_whose_header_is_no_header_is_computed_again(tmp_path, monkeypatch, header):
    monkeypatch.setenv("BIOSCNN_CACHE", str(tmp_path))
    (tmp_path / "rates").mkdir()
    text = header.ljust(117).encode() + b"\n"
    with zipfile.ZipFile(tmp_path / "rates" / "key.npz", "w") as archive:
        archive.writestr("rate.npy", b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text)
    kept = kept_arrays("rates", "key", {"rate": (1,)}, "int64", lambda: {"rate": np.array([5])})
    assert kept["rate"].tolist() == [5]
