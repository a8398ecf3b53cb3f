"""Whatever the files of a run hold: a page, or one error that names the file."""

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from bioscnn.errors import UserError
from bioscnn.report.folder import read_run
from bioscnn.report.run_page import run_page

ATTEMPTS = 40
STRANGE = [None, True, 0, -1, 1e308, -1e308, float("nan"), float("inf"), 10**50, "", "x", "20 ms", "\ud800",
           [], {}, ["a", "b"], {"a": 1}, [[1]]]  # fmt: skip


def places(content: object, path: tuple[object, ...] = ()):
    """The path of every value in a JSON file."""
    inside = content.items() if isinstance(content, dict) else enumerate(content)
    for key, part in inside:
        yield (*path, key)
        if isinstance(part, dict | list):
            yield from places(part, (*path, key))


def damage(path: Path, rng: np.random.Generator) -> None:
    """Take away one or two values of a JSON file, or put strange ones in their place."""
    content = json.loads(path.read_text())
    for _ in range(rng.integers(1, 3)):
        every = list(places(content))
        *way, last = every[rng.integers(len(every))]
        holder = content
        for key in way:
            holder = holder[key]
        if rng.random() < 0.3:
            del holder[last]
        else:
            holder[last] = STRANGE[rng.integers(len(STRANGE))]
    path.write_text(json.dumps(content))


def damage_recording(path: Path, rng: np.random.Generator) -> None:
    """Take away a part of a recording, or put one of another kind or length in its place."""
    with h5py.File(path, "r+") as file:
        parts: list[str] = []
        file.visit(parts.append)
        name = parts[rng.integers(len(parts))]
        part = file[name]
        if rng.random() < 0.2 or (isinstance(part, h5py.Group) and not part.attrs):
            del file[name]
        elif part.attrs and rng.random() < 0.9:
            key = list(part.attrs)[rng.integers(len(part.attrs))]
            part.attrs[key] = [np.nan, -1, "x", 10**9, [0], [3, 3]][rng.integers(6)]
        elif isinstance(part, h5py.Dataset):
            values = part[:]
            del file[name]
            changed = [values[:-1], values.astype(str).astype("S"), values[None], values.astype(float) + 1e4,
                       values.astype(float) * np.nan][rng.integers(5)]  # fmt: skip
            file[name] = changed


@pytest.mark.parametrize("name", ["summary.json", "provenance.json", "run.h5"])
def test_a_damaged_file_ends_in_a_page_or_in_one_error_that_names_it(make_run, tmp_path, name: str):
    folder, rng = (
        make_run(20, encoding={"kind": "lif-layer", "retina": ["on-midget"]}),
        np.random.default_rng(5),
    )
    refused = 0
    for attempt in range(ATTEMPTS):
        copy = shutil.copytree(folder, tmp_path / f"copy-{attempt}")
        (damage_recording if name == "run.h5" else damage)(copy / name, rng)
        try:
            run_page(read_run(copy))
        except UserError as error:
            refused += 1
            assert Path(error.file or "").parent == copy
            assert str(error).count("fix:") == 1
    # Some keys are read by nobody, such as the time of a stage that was changed to another time.
    assert refused > ATTEMPTS / 4
