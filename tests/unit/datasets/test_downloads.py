import gzip
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from bioscnn.datasets import load_dataset, mnist_files
from bioscnn.datasets.mnist_files import OfficialFile
from bioscnn.errors import UserError

NOBODY_LISTENS = "http://127.0.0.1:9/mnist/"


class Server:
    """A mirror on this machine that serves the same body for every file."""

    def __init__(self) -> None:
        self.body, self.missing, self.requests = b"", 0, 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests += 1
                self.send_response(200)
                self.send_header("Content-Length", str(len(outer.body) + outer.missing))
                self.end_headers()
                self.wfile.write(outer.body)

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


def test_a_cache_that_cannot_be_written_is_a_user_error(server, official, cache):
    file, server.body = official
    cache.write_text("a file where the folder should be")
    with pytest.raises(UserError, match="cannot download"):
        mnist_files.download(file)


def test_nothing_is_downloaded_unless_allowed(server):
    with pytest.raises(UserError, match='split "train" of MNIST is not on this machine') as caught:
        load_dataset("mnist", "train", download=False)
    assert "train-images" in caught.value.fix and "train-labels" in caught.value.fix
    assert server.requests == 0
