import errno
import io
import shutil
import stat
import tarfile
import zipfile

import pytest

from bioscnn.datasets.archives import Archive, fetch_archive, unpack_folder
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


def tar(*names, kind=tarfile.REGTYPE):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as file:
        for name in names:
            member = tarfile.TarInfo(name)
            member.type, member.linkname, member.size = kind, "/etc", 0 if kind == tarfile.SYMTYPE else 7
            file.addfile(member, io.BytesIO(b"content"))
    return packed.getvalue()


def tar_with_longest_header():
    """Pack a tar file whose extended header says that it is longer than any number of bytes."""
    packed, said = io.BytesIO(), b"99999999999999999999999 path=x\n"
    with tarfile.open(fileobj=packed, mode="w:gz") as file:
        header = tarfile.TarInfo("pax")
        header.type, header.size = tarfile.XHDTYPE, len(said)
        file.addfile(header, io.BytesIO(said))
        file.addfile(tarfile.TarInfo("Test"))
    return packed.getvalue()


@pytest.fixture
def wrap(tmp_path):
    """Write a zip file that holds a tar file, in a folder."""

    def write(content):
        path = tmp_path / "any.zip"
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("Some/inner.tar.gz", content)
        return path

    return write


@pytest.mark.parametrize("root", ["", "./", "Some/"])
def test_the_folder_may_be_in_a_tar_file_in_the_archive(wrap, tmp_path, root):
    file = wrap(tar(f"{root}Test/0/00001.bin", f"{root}readme.txt"))
    unpack_folder(file, "Test", tmp_path / "cache" / "Test", "inner.tar.gz")
    assert left(tmp_path) == ["0", "00001.bin", "Test", "cache"]
    assert (tmp_path / "cache" / "Test" / "0" / "00001.bin").read_bytes() == b"content"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (tar("Test/0/1.bin", "Test/../../outside.bin"), "leaves its folder"),
        (tar("Test/0/1.bin", "/outside.bin"), "leaves its folder"),
        (tar("Test/0", kind=tarfile.SYMTYPE), "holds a link"),
        (tar("Test/0/1.bin")[:-30], "damaged"),
        (b"no tar file", "damaged"),
        (b"", "damaged"),
        (tar_with_longest_header(), "damaged"),
        (tar("Train/0/1.bin"), "other content"),
    ],
    # named, since packed bytes hold the time: two workers would collect different tests
    ids=["climbs", "absolute", "link", "cut", "no-tar", "empty", "longest-header", "other-folder"],
)
def test_an_unsafe_or_damaged_tar_file_in_the_archive_is_refused(wrap, tmp_path, content, problem):
    file = wrap(content)
    with pytest.raises(UserError, match=problem) as caught:
        unpack_folder(file, "Test", tmp_path / "cache" / "Test", "inner.tar.gz")
    assert caught.value.file == file and left(tmp_path) == ["cache"]


def test_a_full_disk_is_no_damage_of_the_archive(pack, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr("bioscnn.datasets.archives._unpack_zip", full)
    with pytest.raises(OSError, match="no space left"):
        unpack_folder(pack("Test/0/1.bin"), "Test", tmp_path / "cache" / "Test")
    assert left(tmp_path) == ["cache"]


def test_a_cache_that_cannot_be_written_is_told_with_how_to_take_another(tmp_path, monkeypatch):
    (tmp_path / "cache").touch()
    monkeypatch.setenv("BIOSCNN_CACHE", str(tmp_path / "cache"))
    with pytest.raises(UserError, match="cannot write here") as caught:
        fetch_archive(Archive("any.zip", "https://any", "any", "Test", "Test", "https://any.page"))
    assert caught.value.file == tmp_path / "cache" and "BIOSCNN_CACHE" in caught.value.fix


def test_an_archive_without_the_tar_file_is_refused(pack, tmp_path):
    with pytest.raises(UserError, match="other content"):
        unpack_folder(pack("readme.txt"), "Test", tmp_path / "cache" / "Test", "inner.tar.gz")


@pytest.mark.parametrize(
    "member", ["nameless", "Test/\N{PILCROW SIGN}", "Test/" + "a" * 300, "Test/0/00001.bin/deeper.bin"]
)
def test_names_that_no_disk_can_hold_are_refused_and_nothing_stays(pack, tmp_path, member):
    file = pack("Test/0/00001.bin", member)
    file.write_bytes(file.read_bytes().replace(b"nameless", b"\0ameless").replace(b"\xc2\xb6", b"\xff\xff"))
    with pytest.raises(UserError, match=r"damaged|no disk has a place") as caught:
        unpack_folder(file, "Test", tmp_path / "cache" / "Test")
    assert caught.value.file == file and left(tmp_path) == ["cache"]
