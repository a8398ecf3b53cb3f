"""A sweep comes to the same wherever its units are computed, and the comparison sees what does not."""

from __future__ import annotations

import pytest

from tests.faults.executors import WAYS, Compared
from tests.slurm import why_not


@pytest.fixture(scope="module")
def sweep(tmp_path_factory) -> Compared:
    compared = Compared("sweep", tmp_path_factory.mktemp("sweep"))
    assert not compared.said
    return compared


@pytest.mark.parametrize("way", [way for way in WAYS if way != "Slurm" or not why_not()])
def test_a_sweep_comes_to_the_same_tables_wherever_it_is_computed(sweep, way):
    assert WAYS[way](sweep) == "equal"


def test_another_table_is_seen_and_a_refusal_is_told(sweep):
    differs = sweep.elsewhere("other", "--jobs", "1", "--trials", "1")
    assert differs.startswith("differ: ") and "points.csv" in differs
    assert "code 2" in sweep.elsewhere("nowhere", "--dask", "nowhere")
