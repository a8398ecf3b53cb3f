"""Whatever a file holds, it is read or refused with one error that names it, within bounds.

Two thousand inputs of all readers together, so that the suite stays short; ``make fuzz`` reads many.
"""

from __future__ import annotations

import os
import sys
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz import mutate
from tests.fuzz.bounded import fuzz, load, unlike
from tests.fuzz.reader import Reader
from tests.fuzz.readers import READERS

FEW = 80

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at copies of this process in /proc")


@pytest.fixture(scope="module", autouse=True)
def loaded():
    load()


@pytest.mark.parametrize("name", list(READERS))
def test_a_file_is_read_or_refused_by_its_name(name: str):
    reader = READERS[name]
    seeds = reader.valid()
    count = len(seeds) + FEW
    tally = fuzz(reader, seeds, range(count), seed=2)
    assert list(unlike(tally.failures)) == []
    assert tally.inputs == count and tally.read


@pytest.mark.parametrize("name", list(READERS))
def test_changes_that_hypothesis_draws_are_read_or_refused(name: str):
    """What fails becomes smaller, down to the change that matters."""
    reader = READERS[name]
    seeds = reader.valid()

    def changed(rng: Random) -> bytes:
        content = rng.choice(seeds)
        try:
            return reader.mutate(content, rng)
        except Exception:
            return mutate.mutate_bytes(content, rng)

    drawn = st.lists(st.randoms(use_true_random=False).map(changed), min_size=1, max_size=10)

    @settings(max_examples=4, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(drawn)
    def holds(contents: list[bytes]) -> None:
        assert list(unlike(fuzz(reader, contents, range(len(contents))).failures)) == []

    holds()


def test_every_input_is_counted_once_whatever_time_ran_out():
    def read(path):
        for _ in range(30_000):
            pass

    reader = Reader("x", "x", lambda folder: [b"x"], lambda content, rng: content, read)
    for limit in (0.25, 0.3, 0.35):
        tally = fuzz(reader, [b"x"], range(10**5), limit=limit)
        assert tally.inputs == tally.read + tally.refused + len(tally.failures) > 0


@pytest.mark.parametrize("change", [mutate.mutate_bytes, mutate.mutate_lines, mutate.mutate_toml])
def test_some_words_of_a_text_are_repeated_without_end_to_300_kB(monkeypatch, change):
    monkeypatch.setattr(mutate, "REPEATED", 1.0)
    lengths = [len(change(b'name = "a few words"', Random(seed))) for seed in range(20)]
    assert all(10**4 < length < 2_000_000 for length in lengths) and max(lengths) > 200_000


HARM = {
    "reads on": lambda path: [0 for _ in iter(int, 1)],
    "asks for memory": lambda path: bytearray(3 * 2**30),
    "starts a program": lambda path: os.system("true"),
    "writes outside": lambda path: (path.parents[2] / "written").write_text("x"),
    "opens what it may not": lambda path: (path.parents[1] / "outside" / "secret").read_text(),
    "raises what no user can mend": lambda path: {}["key"],
    "dies": lambda path: os.abort(),
}
FOUND = dict(
    zip(HARM, ["hang", "memory", "started", "outside", "outside", "traceback", "crash"], strict=True)
)


@pytest.mark.parametrize("harm", HARM)
def test_the_watch_sees_every_harm(harm: str):
    reader = Reader("x", "x", lambda folder: [b"x"], lambda content, rng: content, HARM[harm], seconds=1.0)
    tally = fuzz(reader, [b"x"], range(2))
    assert [failure.what for failure in tally.failures] == [FOUND[harm]] * 2
