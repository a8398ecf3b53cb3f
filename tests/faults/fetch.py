"""A server of data sets on this machine, in place of their mirrors."""

from __future__ import annotations

import hashlib
import io
import json
import os
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

ARCHIVE = "nmnist-test.zip"
PIECE = 1 << 16
SECONDS_PER_PIECE = 0.008
"""So that a download takes long enough to be disturbed: 8 MB/s."""


def archive() -> bytes:
    """Return a zip file of 60 recordings, always the same."""
    packed, noise = io.BytesIO(), np.random.default_rng(1)
    with zipfile.ZipFile(packed, "w") as file:
        for number in range(60):
            entry = zipfile.ZipInfo(f"Test/{number % 10}/{number:05}.bin")
            file.writestr(entry, noise.bytes(50_000))
    return packed.getvalue()


@contextmanager
def server(files: dict[str, bytes]) -> Iterator[str]:
    """Serve files slowly, from any byte on; yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body, asked = files[Path(self.path).name], self.headers.get("Range")
            begin = int(asked[6:-1]) if asked else 0
            if begin and begin >= len(body):
                self.send_error(416)
                return
            self.send_response(206 if begin else 200)
            if begin:
                self.send_header("Content-Range", f"bytes {begin}-{len(body) - 1}/{len(body)}")
            self.send_header("Content-Length", str(len(body) - begin))
            self.end_headers()
            try:
                for at in range(begin, len(body), PIECE):
                    self.wfile.write(body[at : at + PIECE])
                    time.sleep(SECONDS_PER_PIECE)
            except OSError:
                pass

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{http.server_port}/"
    finally:
        http.shutdown()
        http.server_close()


@contextmanager
def mirror() -> Iterator[dict[str, str]]:
    """Serve MNIST from the data folder, and an archive; yield the variables that the command reads."""
    folder, packed = Path(os.environ.get("BIOSCNN_DATA", "")) / "MNIST", archive()
    files = {path.name: path.read_bytes() for path in folder.glob("*.gz")} | {ARCHIVE: packed}
    sums = {name: hashlib.md5(content).hexdigest() for name, content in files.items()}
    with server(files) as url:
        yield {"FAULTS_URL": url, "FAULTS_MD5": json.dumps(sums)}
