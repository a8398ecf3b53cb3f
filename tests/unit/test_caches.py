from pathlib import Path

from bioscnn.caches import cache_folder, keep_text, kept_text


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


def test_a_text_is_not_kept_where_the_folder_cannot_be_written(tmp_path):
    (tmp_path / "cache").touch()
    keep_text(tmp_path / "cache" / "text", "any")
    assert kept_text(tmp_path / "cache" / "text") is None
