import shutil
import stat
import zipfile

import pytest

from bioscnn.datasets.archives import unpack_folder
from bioscnn.errors import UserError


@pytest.fixture
def pack(tmp_path):
    """Write a zip file of members: names, or infos, with content."""

    def write(*members):
        path = tmp_path / "any.zip"
        with zipfile.ZipFile(path, "w") as file:
            for member in members:
                file.writestr(member, b"content")
        return path

    return write


def link(name):
    member = zipfile.ZipInfo(name)
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    return member


def left(tmp_path):
    return sorted(path.name for path in tmp_path.rglob("*") if path.name != "any.zip")


@pytest.mark.parametrize("root", ["", "N-MNIST/"])
def test_one_folder_of_the_archive_is_kept(pack, tmp_path, root):
    unpack_folder(pack(f"{root}Test/0/00001.bin", f"{root}readme.txt"), "Test", tmp_path / "cache" / "Test")
    assert left(tmp_path) == ["0", "00001.bin", "Test", "cache"]


@pytest.mark.parametrize(
    "member",
    [
        "../outside.bin",
        "Test/../../outside.bin",
        "/outside.bin",
        "..\\outside.bin",
        "C:\\outside.bin",
        link("Test/link"),
    ],
)
def test_a_member_that_would_leave_the_folder_is_refused_and_nothing_is_unpacked(pack, tmp_path, member):
    file = pack("Test/0/00001.bin", member)
    with pytest.raises(UserError, match=r"leaves its folder|holds a link") as caught:
        unpack_folder(file, "Test", tmp_path / "cache" / "Test")
    assert (caught.value.file, caught.value.key) == (file, "member")
    assert caught.value.value == getattr(member, "filename", member)
    assert left(tmp_path) == ["cache"]


@pytest.mark.parametrize(
    "harm", [lambda c: b"", lambda c: c[:-30], lambda c: c.replace(b"content", b"CONTENT")]
)
def test_a_damaged_archive_is_refused_and_nothing_is_unpacked(pack, tmp_path, harm):
    file = pack("Test/0/00001.bin", "Test/0/00002.bin")
    file.write_bytes(harm(file.read_bytes()))
    with pytest.raises(UserError, match="damaged"):
        unpack_folder(file, "Test", tmp_path / "cache" / "Test")
    assert left(tmp_path) == ["cache"]


def test_an_archive_with_other_content_is_refused(pack, tmp_path):
    with pytest.raises(UserError, match="other content") as caught:
        unpack_folder(pack("Train/0/00001.bin"), "Test", tmp_path / "cache" / "Test")
    assert "Train" in caught.value.value and "Test" in caught.value.expected
    assert left(tmp_path) == ["cache"]


def test_an_archive_that_does_not_fit_on_the_disk_is_refused(pack, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 5, 5))
    with pytest.raises(UserError, match="no room"):
        unpack_folder(pack("Test/0/00001.bin"), "Test", tmp_path / "cache" / "Test")
    assert left(tmp_path) == ["cache"]
