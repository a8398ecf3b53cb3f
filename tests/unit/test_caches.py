from pathlib import Path

from bioscnn.caches import cache_folder


def test_a_relative_cache_folder_is_that_of_the_present_folder(monkeypatch, tmp_path):
    """Programs run in folders of their own, where a relative path would mean another place."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BIOSCNN_CACHE", "cache")
    assert cache_folder() == tmp_path / "cache"


def test_without_a_wish_the_platform_has_a_place(monkeypatch):
    monkeypatch.delenv("BIOSCNN_CACHE", raising=False)
    assert cache_folder().is_absolute() and cache_folder().name == "bioscnn"
    assert Path.home() in cache_folder().parents
