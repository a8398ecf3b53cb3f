"""Which files of two places differ."""

from __future__ import annotations

from tests.faults.repeat import difference

HERE, THERE = "0123456789abcdef", "fedcba9876543210"


def files(hashed: str, **said: str) -> dict[str, str]:
    folder = f"work/results/time-step/mnist/2-trials-{hashed}"
    return {f"{folder}/latest": hashed, f"{folder}/index.html": hashed} | {
        f"{folder}/{name}": text
        for name, text in ({"one/table.csv": "1", "two/table.csv": "2"} | said).items()
    }


def test_files_of_one_name_in_two_folders_are_two_files_whatever_the_hash_of_the_folder():
    assert difference(files(HERE), files(THERE)) == ""
    other = files(THERE, **{"one/table.csv": "other"})
    assert difference(files(HERE), other) == "table.csv"
    assert difference(files(HERE), files(THERE, more="3")) == "more"
