"""Inputs that reach new code are changed further, by Atheris (libFuzzer for Python)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from random import Random

from tests.fuzz.bounded import WAITED, Failure, Tally, Watch, bound_memory, load, outcome, prepare
from tests.fuzz.mutate import mutate_bytes
from tests.fuzz.reader import ROOT, Reader
from tests.fuzz.readers import READERS

LONGEST = 2**24
"""Bytes of an input."""


def guided(reader: Reader, inputs: int, seed: int, keep: Path) -> Tally:
    """Read so many inputs in another interpreter; those that failed lie in the folder `keep`.

    Atheris watches which branches of bioscnn an input takes, and changes those further that took new ones. It
    has to be there before bioscnn is imported.
    """
    keep.mkdir(parents=True, exist_ok=True)  # libFuzzer asks for it
    tally = Tally(reader.name)
    with tempfile.TemporaryDirectory(prefix="guided-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "corpus").mkdir()
        (folder / "log").touch()
        before = os.times()
        words = [reader.name, str(inputs), str(seed), folder, keep.absolute()]
        status = subprocess.run(
            [sys.executable, "-m", "tests.fuzz.guided", *words], cwd=ROOT, check=False
        ).returncode
        after = os.times()
        tally.seconds = sum(after[2:4]) - sum(before[2:4])
        for number, line in enumerate((folder / "log").read_text().splitlines()):
            what, where = json.loads(line)
            tally.inputs += 1
            tally.read += what == "read"
            tally.refused += what == "refused"
            if what not in ("read", "refused"):
                tally.failures.append(Failure(number, what, where))
        if status:  # libFuzzer left the input that it ended with in `keep`
            tally.failures.append(Failure(tally.inputs, "crash or hang", f"status {status}"))
    return tally


def _read_all(reader: Reader, inputs: int, seed: int, folder: Path, keep: Path) -> None:
    import atheris

    place, watch = prepare(reader, folder), Watch(folder)
    with atheris.instrument_imports(include=["bioscnn"]):  # all that is loaded within
        load()
        for number, content in enumerate(reader.valid()):
            (folder / "corpus" / str(number)).write_bytes(content)
            outcome(reader, content, place, watch)
    bound_memory()
    log = (folder / "log").open("w", buffering=1)

    def one_input(content: bytes) -> None:
        what, where = outcome(reader, content, place, watch)
        log.write(json.dumps([what, where]) + "\n")
        if what not in ("read", "refused"):
            (keep / f"{reader.name}-{what}-{Path(where).name}-{Path(reader.file).name}").write_bytes(content)

    def changed(content: bytes, most: int, number: int) -> bytes:
        rng = Random(number)
        try:
            new = reader.mutate(content, rng)
        except Exception:
            new = mutate_bytes(content, rng)
        return new[:most]

    options = [
        f"-runs={inputs}",
        f"-seed={seed}",
        f"-timeout={round(WAITED * reader.seconds)}",  # by the clock
        f"-max_len={LONGEST}",
        "-rss_limit_mb=0",
        f"-artifact_prefix={keep}/{reader.name}-",
        str(folder / "corpus"),
    ]
    atheris.Setup([sys.argv[0], *options], one_input, custom_mutator=changed)
    atheris.Fuzz()


if __name__ == "__main__":
    named, n, number, scratch, kept = sys.argv[1:]
    _read_all(READERS[named], int(n), int(number), Path(scratch), Path(kept))
