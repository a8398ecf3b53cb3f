import gzip
import hashlib
import io
import socket
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from bioscnn import files
from bioscnn.datasets import (
    caltech,
    fetch,
    list_datasets,
    load_dataset,
    load_recordings,
    mnist_files,
    recordings,
)
from bioscnn.datasets.archives import Archive
from bioscnn.datasets.mnist_files import OfficialFile
from bioscnn.errors import UserError

NOBODY_LISTENS = "http://127.0.0.1:9/mnist/"


class Server:
    """A mirror on this machine that serves the same body for every file.

    It may announce more bytes than it has (`missing`), break off an answer after so many bytes
    (`breaks_after`), and go on at the byte that it is asked for (`ranges`), or so many before it (`before`).
    """

    def __init__(self) -> None:
        self.body, self.missing, self.requests, self.asked = b"", 0, 0, []
        self.ranges, self.before, self.breaks_after = False, 0, None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests += 1
                asked = self.headers.get("Range")
                outer.asked.append(asked)
                begin = int(asked[6:-1]) - outer.before if asked and outer.ranges else 0
                if begin and begin >= len(outer.body):
                    self.send_error(416)
                    return
                self.send_response(206 if begin else 200)
                if begin:
                    self.send_header(
                        "Content-Range", f"bytes {begin}-{len(outer.body) - 1}/{len(outer.body)}"
                    )
                self.send_header("Content-Length", str(len(outer.body) - begin + outer.missing))
                self.end_headers()
                self.wfile.write(outer.body[begin:][: outer.breaks_after])

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/mnist/"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.http.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setattr(mnist_files, "MIRRORS", (server.url,))
    yield server
    server.http.shutdown()
    server.http.server_close()
    thread.join()


@pytest.fixture
def official(encode_idx) -> tuple[OfficialFile, bytes]:
    content = encode_idx(np.arange(10, dtype=np.uint8))
    packed = gzip.compress(content)
    md5 = [hashlib.md5(data).hexdigest() for data in (content, packed)]
    return OfficialFile("t10k-labels-idx1-ubyte", *md5), packed


def left_behind(cache: Path) -> list[Path]:
    return [path for path in cache.rglob("*") if path.is_file()]


def test_a_download_is_kept_and_not_repeated(server, official, cache):
    file, server.body = official
    path = mnist_files.download(file)
    assert path == cache / "mnist" / "t10k-labels-idx1-ubyte.gz"
    assert file.read(path).tolist() == list(range(10))
    mnist_files.download(file)
    assert server.requests == 1


@pytest.mark.parametrize("body", [b"<html>please log in</html>", b""])
def test_a_wrong_file_leaves_nothing_in_the_cache(server, official, cache, body):
    file, _ = official
    server.body = body
    with pytest.raises(UserError, match="another md5") as caught:
        mnist_files.download(file)
    assert file.gz_md5 in caught.value.expected
    assert left_behind(cache) == []


def test_a_download_cut_off_leaves_nothing_in_the_cache(server, official, cache):
    file, packed = official
    server.body, server.missing = packed[:-5], 5
    with pytest.raises(UserError, match="cannot download t10k-labels"):
        mnist_files.download(file)
    assert left_behind(cache) == []


def test_a_broken_file_in_the_cache_is_replaced(server, official):
    file, server.body = official
    file.cached().parent.mkdir(parents=True)
    file.cached().write_bytes(server.body[:-1])
    mnist_files.download(file)
    assert file.cached().read_bytes() == server.body


def test_the_second_mirror_is_asked_when_the_first_is_down(server, official, monkeypatch):
    file, server.body = official
    monkeypatch.setattr(mnist_files, "MIRRORS", (NOBODY_LISTENS, server.url))
    assert mnist_files.download(file).is_file()


def test_without_a_network_the_user_learns_what_to_put_where(monkeypatch, cache):
    monkeypatch.setattr(mnist_files, "MIRRORS", (NOBODY_LISTENS,))
    with pytest.raises(UserError, match="no connection") as caught:
        load_dataset("mnist", "test")
    for detail in (f"{NOBODY_LISTENS}t10k-images-idx3-ubyte.gz", str(cache / "mnist"), '"validation"'):
        assert detail in caught.value.fix
    assert left_behind(cache) == []


def test_of_several_that_want_a_file_at_once_one_downloads_it(server, official, cache):
    file, server.body = official
    with ThreadPoolExecutor(5) as pool:
        assert len(set(pool.map(lambda _: mnist_files.download(file), range(5)))) == 1
    assert server.requests == 1 and left_behind(cache) == [file.cached()]


def test_a_download_of_a_process_that_was_killed_is_finished_by_the_next(server, official, cache):
    file, server.body = official
    part = file.cached().with_name(f"{file.cached().name}.part")
    part.parent.mkdir(parents=True)
    part.write_bytes(server.body[:7])
    server.ranges = True
    mnist_files.download(file)
    assert server.asked == ["bytes=7-"] and left_behind(cache) == [file.cached()]


def test_a_cache_that_cannot_be_written_is_a_user_error(server, official, cache):
    file, server.body = official
    cache.write_text("a file where the folder should be")
    with pytest.raises(UserError, match="cannot download"):
        mnist_files.download(file)


def test_nothing_is_downloaded_unless_allowed(server):
    with pytest.raises(UserError, match='split "train" of MNIST is not on this machine') as caught:
        load_dataset("mnist", "train", download=False)
    assert "train-images" in caught.value.fix and "train-labels" in caught.value.fix
    assert "validation" not in caught.value.fix
    assert server.requests == 0


@pytest.fixture
def archive(server, monkeypatch) -> Archive:
    """The recordings for testing, three of them, on the server; nothing else belongs to N-MNIST."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for number in range(1, 4):
            file.writestr(f"Test/7/{number:05}.bin", bytes([number, 7, 0, 0, 9]) * 60_000)
    server.body = packed.getvalue()
    md5 = hashlib.md5(server.body).hexdigest()
    archive = Archive("nmnist-test.zip", f"{server.url}any", md5, "Test", "nmnist/Test", "https://any.page")
    monkeypatch.setitem(
        recordings.EVENT_DATASETS, "nmnist", recordings.EVENT_DATASETS["nmnist"]._replace(archives=(archive,))
    )
    return archive


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


UNPACKED = [f"nmnist/Test/7/{number:05}.bin" for number in range(1, 4)]


def test_recordings_are_fetched_and_unpacked_once(archive, server, cache):
    told = []
    assert fetch("nmnist", lambda *bytes_: told.append(bytes_)) == [cache / "nmnist" / "Test"]
    assert names(cache) == UNPACKED
    assert told[-1] == (len(server.body), len(server.body))
    assert len(load_recordings("nmnist", "test", source="real")[0]) == 60_000
    fetch("nmnist")
    assert server.requests == 1


def test_of_several_that_want_recordings_at_once_one_fetches_them(archive, server, cache):
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda _: fetch("nmnist"), range(5)))
    assert server.requests == 1 and names(cache) == UNPACKED


@pytest.mark.parametrize(
    "left",
    [("scratch/6/00001.bin", "scratch.lock", "zip", "unpacking"), ("scratch.lock", "zip"), ("unpacking",)],
)
def test_what_a_process_left_that_was_killed_after_unpacking_is_removed(archive, server, cache, left):
    fetch("nmnist")
    archives, scratch = cache / "downloads", f".Test-{socket.gethostname()}-0123456789ab"
    for name in left:
        what, *rest = name.split("/", 1)
        place = {
            "zip": archives / "nmnist-test.zip",
            "unpacking": archives / ".nmnist-test.zip.unpacking",
        }.get(what, cache / "nmnist" / what.replace("scratch", scratch)).joinpath(*rest)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    files.remove_scratch.cache_clear()  # as in another process
    fetch("nmnist")
    assert server.requests == 1 and names(cache) == UNPACKED


def test_a_download_that_breaks_off_goes_on_where_it_stopped(archive, server, cache):
    server.ranges, server.breaks_after = True, 200_000
    fetch("nmnist")
    assert names(cache) == UNPACKED
    whole_pieces = 3 * 65_536
    assert server.asked == [
        None, *(f"bytes={at}-" for at in range(whole_pieces, len(server.body), whole_pieces))
    ]  # fmt: skip


def test_the_next_call_goes_on_where_the_last_one_stopped(archive, server, cache):
    server.ranges, server.breaks_after = True, 0
    part = cache / "downloads" / "nmnist-test.zip.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(server.body[:5000])
    with pytest.raises(UserError, match="cannot download") as caught:
        fetch("nmnist")
    assert "run the command again" in caught.value.fix
    assert names(cache) == ["downloads/nmnist-test.zip.part"] and part.stat().st_size == 5000
    server.breaks_after = None
    fetch("nmnist")
    assert server.asked == ["bytes=5000-"] * 2
    assert names(cache) == UNPACKED


def test_bytes_from_another_place_are_not_put_together(archive, server, cache):
    server.ranges, server.before = True, 100
    part = cache / "downloads" / "nmnist-test.zip.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(server.body[:5000])
    with pytest.raises(UserError, match="sent the bytes from 4900 on instead of those from 5000"):
        fetch("nmnist")
    assert part.read_bytes() == server.body[:5000]


def test_a_server_that_cannot_go_on_starts_anew(archive, server, cache):
    part = cache / "downloads" / "nmnist-test.zip.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * 5000)
    fetch("nmnist")
    assert names(cache) == UNPACKED


@pytest.mark.parametrize("have", [b"x" * 5000, None])
def test_an_archive_with_another_checksum_leaves_nothing(archive, server, cache, have):
    server.ranges = True
    part = cache / "downloads" / "nmnist-test.zip.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(server.body + b"more" if have is None else have)
    with pytest.raises(UserError, match="another md5") as caught:
        fetch("nmnist")
    assert archive.md5 in caught.value.expected
    assert names(cache) == []
    fetch("nmnist")
    assert names(cache) == UNPACKED


def test_an_archive_brought_by_hand_is_unpacked(archive, server, cache):
    place = cache / "downloads" / "nmnist-test.zip"
    place.parent.mkdir(parents=True)
    place.write_bytes(server.body)
    fetch("nmnist")
    assert names(cache) == UNPACKED and server.requests == 0


def test_without_a_network_the_user_learns_where_to_put_the_archive(archive, cache, monkeypatch):
    gone = replace(archive, url=f"{NOBODY_LISTENS}any")
    dataset = recordings.EVENT_DATASETS["nmnist"]._replace(archives=(gone,))
    monkeypatch.setitem(recordings.EVENT_DATASETS, "nmnist", dataset)
    with pytest.raises(UserError, match="no connection") as caught:
        fetch("nmnist")
    for detail in (gone.url, str(cache / "downloads"), "nmnist-test.zip", "https://any.page"):
        assert detail in caught.value.fix
    assert names(cache) == []


def test_photographs_are_fetched_from_the_tar_file_in_their_archive(server, photographs, cache, monkeypatch):
    """As CaltechDATA packs them: a zip file of one folder, with a tar file of the photographs in it."""
    tarred, packed = io.BytesIO(), io.BytesIO()
    with tarfile.open(fileobj=tarred, mode="w:gz") as file:
        file.add(photographs / "Caltech101" / "101_ObjectCategories", "101_ObjectCategories")
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("caltech-101/101_ObjectCategories.tar.gz", tarred.getvalue())
        file.writestr("__MACOSX/caltech-101/._101_ObjectCategories.tar.gz", b"any")
    server.body = packed.getvalue()
    md5 = hashlib.md5(server.body).hexdigest()
    monkeypatch.setattr(caltech, "ARCHIVE", replace(caltech.ARCHIVE, url=f"{server.url}any", md5=md5))
    assert fetch("caltech") == [cache / "caltech101" / "101_ObjectCategories"] == fetch("caltech")
    assert server.requests == 1 and len(names(cache)) == 80
    rows = [row for row in list_datasets() if row.name == "caltech"]
    assert sum(row.n for row in rows) == 80 and {row.available for row in rows} == {"downloaded"}
    for row in rows:
        fetched, given = (
            load_dataset("caltech", row.split),
            load_dataset("caltech", row.split, data=photographs),
        )
        assert fetched.sha256 == given.sha256 and fetched.source.startswith(f"downloaded to {cache}")


def test_photographs_with_another_checksum_are_not_unpacked(server, cache, monkeypatch):
    server.body = b"<html>please log in</html>"
    monkeypatch.setattr(caltech, "ARCHIVE", replace(caltech.ARCHIVE, url=f"{server.url}any"))
    with pytest.raises(UserError, match="another md5") as caught:
        fetch("caltech")
    assert caltech.ARCHIVE.md5 in caught.value.expected and caltech.ARCHIVE.page in caught.value.fix
    assert names(cache) == []
