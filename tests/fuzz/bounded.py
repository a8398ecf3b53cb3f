"""Readers in child processes that have 1 GB and 10 s for each input, and are watched while they read."""

from __future__ import annotations

import contextlib
import io
import json
import mmap
import os
import resource
import select
import signal
import struct
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from bioscnn import hdf5
from bioscnn.errors import UserError
from tests.fuzz.mutate import mutate_bytes
from tests.fuzz.reader import Reader
from tests.fuzz.standby import Standby

MEMORY = 2**30
WAITED = 6
"""So many times the processor time that an input may take may pass on the clock of a busy machine."""
OF_A_CHILD = 5000
"""Inputs of a child: libraries keep some memory of each damaged file, 50 KB of an HDF5 file."""
BEGUN = struct.Struct("<qdd")
"""What a child says: inputs begun, and the moment and its processor time when the last one was."""
SHARED_MEMORY = "/dev/shm"
"""Files of inputs lie here, where a machine has it: what syncs them need not wait for a disk."""
SECRET = "outside/secret"
"""A file beside the folder of the input, which no reader may open."""

STARTS = {
    "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "pty.spawn", "socket.connect",
    "pickle.find_class", "os.putenv",
}  # fmt: skip
PROGRAMS = ("git",)
"""Programs that a reader may start: the arguments of all are words of bioscnn's own."""
WRITES = {
    "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.symlink", "os.link", "os.chmod", "os.truncate",
}  # fmt: skip


@dataclass(frozen=True)
class Failure:
    """An input that ended in something else than success or one error of the user that names the file."""

    number: int
    what: str
    """``crash``, ``hang``, ``memory``, ``traceback``, ``unnamed``, ``outside`` or ``started``."""
    where: str
    """The place in the code, or the signal: failures of one place are one fault."""


@dataclass
class Tally:
    """What became of some inputs of a reader."""

    reader: str
    inputs: int = 0
    read: int = 0
    refused: int = 0
    seconds: float = 0.0
    """Processor time of the children, mutation included."""
    failures: list[Failure] = field(default_factory=list)


def input_of(reader: Reader, seeds: Sequence[bytes], seed: int, number: int) -> bytes:
    """Return an input: a seed of the reader, changed one to three times; the first ones are the seeds."""
    if number < len(seeds):
        return seeds[number]
    rng = Random(f"{reader.name} {seed} {number}")
    content = rng.choice(seeds)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        try:
            content = reader.mutate(content, rng)
        except Exception:
            content = mutate_bytes(content, rng)
    return content


def fuzz(
    reader: Reader, seeds: Sequence[bytes], numbers: Iterable[int], seed: int = 1, limit: float = 1e9
) -> Tally:
    """Read inputs in children, the next child going on behind an input that ended the one before."""
    tally, left, end = Tally(reader.name), list(numbers), time.monotonic() + limit
    place = SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=place, ignore_cleanup_errors=True) as folder:
        while left and time.monotonic() < end:
            done = _child(reader, seeds, left[:OF_A_CHILD], seed, Path(folder), tally, end)
            left = left[done:]
        ran = list(Path(folder).rglob("CODE_RAN"))
        if ran:
            tally.failures.append(Failure(-1, "started", "CODE_RAN"))
    return tally


def _child(
    reader: Reader,
    seeds: Sequence[bytes],
    numbers: Sequence[int],
    seed: int,
    folder: Path,
    tally: Tally,
    end: float,
) -> int:
    """Read inputs in one child until it ends; return how many are done with."""
    shared = mmap.mmap(-1, BEGUN.size)
    shared[:] = BEGUN.pack(0, time.monotonic(), 0.0)
    read_end, write_end = os.pipe()
    with contextlib.suppress(AttributeError):
        sys.stdout.flush()
    process = os.fork()
    if not process:
        os.close(read_end)
        code = 1
        try:
            _read_all(reader, seeds, numbers, seed, folder, shared, write_end)
            code = 0
        finally:
            os._exit(code)
    os.close(write_end)
    report, hung, late = b"", False, False
    while True:
        if select.select([read_end], [], [], 0.2)[0]:
            part = os.read(read_end, 65536)
            if not part:
                break
            report += part
            time.sleep(0.02)  # more lines come together, and waiting takes less of the processor
        begun, since, computed = BEGUN.unpack(shared[:])
        computing = _processor_time(process) - computed
        hung = computing > reader.seconds or time.monotonic() - since > WAITED * reader.seconds
        late = time.monotonic() > end
        if hung or late:
            os.kill(process, signal.SIGKILL)
            break
    _, status, used = os.wait4(process, 0)
    os.set_blocking(read_end, False)
    with contextlib.suppress(BlockingIOError):  # a program that a reader started may hold the other end
        while part := os.read(read_end, 65536):  # what was written before the child was killed
            report += part
    os.close(read_end)
    begun = BEGUN.unpack(shared[:])[0]
    for line in report.splitlines():
        with contextlib.suppress(ValueError):
            outcome = json.loads(line)
            tally.inputs += 1
            tally.read += outcome["what"] == "read"
            tally.refused += outcome["what"] == "refused"
            if outcome["what"] not in ("read", "refused"):
                tally.failures.append(Failure(**outcome))
    tally.seconds += used.ru_utime + used.ru_stime
    if hung:
        tally.inputs += 1
        tally.failures.append(Failure(numbers[begun - 1], "hang", f"{reader.seconds} s"))
    elif status and not late:  # an input that ran out of time is not judged, and not counted
        tally.inputs += 1
        what = f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}"
        tally.failures.append(Failure(numbers[begun - 1], "crash", what))
    return max(begun, 1)


def _processor_time(process: int) -> float:
    """Return the processor time of a process, s."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _read_all(
    reader: Reader,
    seeds: Sequence[bytes],
    numbers: Sequence[int],
    seed: int,
    folder: Path,
    shared: Any,
    out: int,
) -> None:
    """Read one input after the other, and write what became of each: what happens in the child."""
    place = prepare(reader, folder)
    bound_memory()
    watch = Watch(folder)
    hdf5.attempted = Standby().attempted
    for done, number in enumerate(numbers, start=1):
        shared[:] = BEGUN.pack(done, time.monotonic(), time.process_time())
        content = input_of(reader, seeds, seed, number)
        shared[:] = BEGUN.pack(done, time.monotonic(), time.process_time())
        what, where = outcome(reader, content, place, watch)
        os.write(out, json.dumps({"number": number, "what": what, "where": where}).encode() + b"\n")


def load() -> None:
    """Load, before there are children, what all readers load, and what makes folders when it is loaded."""
    import brian2
    import matplotlib.pyplot as plt

    import bioscnn.studies.prepare  # noqa: F401

    plt.figure().savefig(io.BytesIO())
    plt.close("all")
    brian2.get_logger("fuzz")


def prepare(reader: Reader, folder: Path) -> Path:
    """Make the folders of a child, and return that of the input; nothing is printed from now on."""
    place = folder / "inside"
    for name in ("inside", "outside", "cache", "temporary"):
        (folder / name).mkdir(exist_ok=True)
    (folder / SECRET).write_text("no reader looks here")
    os.environ |= {"BIOSCNN_CACHE": str(folder / "cache"), "TMPDIR": str(folder / "temporary")}
    tempfile.tempdir = str(folder / "temporary")
    os.chdir(place)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    sys.dont_write_bytecode = True  # of a module that is loaded late, in a fresh checkout
    warnings.simplefilter("error")
    warnings.simplefilter("ignore", DeprecationWarning)  # of packages among each other
    if reader.beside is not None:
        reader.beside(place)
    return place


def bound_memory() -> None:
    """Let this process take 1 GB more than it has."""
    from bioscnn.ann.room import memory

    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, now + MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    memory.cache_clear()


class Watch:
    """Notes what a process starts, and what it writes or opens outside of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.on = os.path.realpath(folder), False
        self.seen: tuple[str, str] | None = None
        sys.addaudithook(self._hook)

    def _hook(self, event: str, given: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event in STARTS and given[0] not in PROGRAMS:
            self.seen = "started", f"{event} {given[0]!r}"[:200]
        elif event == "open" and isinstance(given[0], str | bytes):
            path = os.path.realpath(os.fsdecode(given[0]))
            writes = isinstance(given[2], int) and given[2] & (
                os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
            )
            if path == f"{self.folder}/{SECRET}" or (writes and not self._inside(path)):
                self.seen = "outside", f"open {path}"
        elif event in WRITES:
            path = os.path.realpath(Path(os.fsdecode(given[1 if event == "os.symlink" else 0])).parent)
            if not self._inside(path):
                self.seen = "outside", f"{event} {path}"

    def _inside(self, path: str) -> bool:
        return path == os.devnull or (
            path.startswith(self.folder) and not path.startswith(f"{self.folder}/outside")
        )


def outcome(reader: Reader, content: bytes, place: Path, watch: Watch) -> tuple[str, str]:
    """Read an input; return what became of it, and where."""
    path = reader.put(content, place)
    watch.seen, watch.on = None, True
    try:
        reader.read(path)
        what, where = "read", ""
    except UserError as error:
        what, where = ("memory", _place(error)) if _short_of_memory(error) else _judged(error, place)
    except MemoryError as error:
        what, where = "memory", _place(error)
    except Exception as error:
        what, where = "traceback", f"{type(error).__name__} {_place(error)}"
    finally:
        watch.on = False
    return watch.seen or (what, where)


def _judged(error: UserError, place: Path) -> tuple[str, str]:
    """Whether an error names the file, and can be shown."""
    text = str(error)
    if error.file is None or not str(Path(error.file).absolute()).startswith(str(place)):
        return "unnamed", f"{error.problem[:60]} {_place(error)}"
    if len(text) > 12_000 or not all(c.isprintable() or c == "\n" for c in text):
        return "unprintable", _place(error)
    return "refused", ""


def _short_of_memory(error: BaseException) -> bool:
    chain: BaseException | None = error
    while chain is not None:
        if isinstance(chain, MemoryError):
            return True
        chain = chain.__cause__ or chain.__context__
    return False


def _place(error: BaseException) -> str:
    """Return the innermost line of bioscnn in a traceback."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "/bioscnn/" in f.filename]
    return f"{frames[-1].filename.rpartition('/bioscnn/')[2]}:{frames[-1].lineno}" if frames else "?"


def unlike(failures: Iterable[Failure]) -> Iterator[Failure]:
    """Yield one failure of each kind and place."""
    seen = set()
    for failure in failures:
        if (failure.what, failure.where) not in seen:
            seen.add((failure.what, failure.where))
            yield failure
