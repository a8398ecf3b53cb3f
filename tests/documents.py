"""The blocks of every page, and what their reader is taken to have: one mechanism for all pages.

A block that is not run has a comment before it that says why: ``<!-- long: trains networks -->``. Its
commands are still held to the options that there are. ``python -m tests.documents`` counts pages and blocks.
"""

import contextlib
import io
import re
import shlex
import shutil
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import bioscnn
from bioscnn.studies.settling import read_study_of_any_duration
from tests.own_data import photographs, recordings
from tests.runs import only_of, recorded, write_run

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    str(path.relative_to(ROOT))
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md"))
)
FENCED = re.compile(
    r"(?:<!-- long: (?P<reason>[^\n]*?) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```",
    re.MULTILINE | re.DOTALL,
)

SMALLER = {
    "run": ("--set", "simulation.duration=10 ms", "--set", "simulation.device=numpy", "--trials", "2"),
    "explain": ("--trials", "2"),
    "train": ("--epochs", "1", "--set", "training.examples=6"),
}
"""By verb: what is added to a command, so that it takes a second or so."""


def smaller(verb: str, words: Sequence[str]) -> list[str]:
    """Return what is added to a command; windows of the time code take the time that they need."""
    added = list(SMALLER.get(verb, ()))
    if verb == "run":
        changes = [word for flag, word in pairwise(words) if flag == "--set"]
        if read_study_of_any_duration(Path(words[0]), changes).config.network.code == "time":
            del added[:2]
    return added


PACKAGES = ("torch", "keras", "nir", "neo", "nixio", "pynwb")
"""Packages that some blocks need, and are not run without."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: where it begins, what it is, why it is not run if it is not."""

    page: str
    line: int
    language: str
    text: str
    reason: str

    @property
    def lacks(self) -> list[str]:
        """Packages that it names and that are not here."""
        return [name for name in PACKAGES if name in self.text and not find_spec(name)]

    @property
    def commands(self) -> list[list[str]]:
        """The words of its commands, lines that are continued being one."""
        lines = self.text.replace("\\\n", " ").splitlines()
        split = [shlex.split(line.removeprefix(".venv/bin/"), comments=True) for line in lines]
        return [part for words in split if words for part in _parts(words)]


def _parts(words: list[str]) -> list[list[str]]:
    """Return the commands of a line that joins them by ``&&``."""
    if "&&" not in words:
        return [words]
    at = words.index("&&")
    return [words[:at], *_parts(words[at + 1 :])]


def blocks_of(page: str) -> list[Block]:
    """Return the blocks of a page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [
        Block(page, text.count("\n", 0, m.start()) + 1, m["language"], m["text"], m["reason"] or "")
        for m in FENCED.finditer(text)
    ]


OF_A_RUN = ("docs/export.md", "docs/files.md")
"""Pages that take a run for granted; the others make one."""


def furnish(folder: Path, page: str) -> None:
    """Put into a folder what a page takes for granted: studies, small data, a network, a run."""
    shutil.copytree(ROOT / "sims", folder / "sims")
    photographs(folder / "photographs", ("cat", "dog", "horse"))
    recordings(folder / "gestures", ("left", "right"))
    bioscnn.write_onnx(bioscnn.read_network("mnist-small-relu"), folder / "my-network.onnx")
    if page in OF_A_RUN:
        write_run(folder / "results" / "mnist" / "latest", only_of(recorded(), "output", "readout"))
    if page == "docs/training.md":
        with contextlib.chdir(folder):
            bioscnn.new_study("pets", "folder:photographs")


def run_python(blocks: list[Block], names: dict[str, object]) -> str:
    """Run blocks of Python in one namespace, and return what they print."""
    with contextlib.redirect_stdout(io.StringIO()) as printed, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of exporters and file formats
        for block in blocks:
            exec(compile("\n" * block.line + block.text, block.page, "exec"), names)
    return printed.getvalue()


if __name__ == "__main__":
    every = [block for page in PAGES for block in blocks_of(page)]
    counts = Counter((block.language, "long" if block.reason else "run") for block in every)
    print(f"{len(PAGES)} pages")
    for (language, how), n in sorted(counts.items()):
        print(f"{n:4} {language or 'text'}: {how if language in ('bash', 'python') else 'read'}")
