"""A change that is put into a running process is the one that a changed file would make."""

import sys
from pathlib import Path
from random import Random
from types import ModuleType

import pytest

from tests.mutation.patch import changed_functions, put_in

CODE = """
from functools import cache

LIMIT = 3

class Pair:
    def __init__(self, x): self.x = x
    @property
    def twice(self): return [2 * part for part in [self.x]][0]

@cache
def above(x, by=1): return x > LIMIT + by
"""


@pytest.fixture
def module():
    module = ModuleType("changed_by_a_test")
    exec(compile(CODE, "x.py", "exec"), module.__dict__)
    yield module
    sys.modules.pop(module.__name__, None)


def test_functions_properties_and_what_is_cached_get_the_changed_code(module):
    assert module.Pair(4).twice == 8 and module.above(5)
    for before, after in (("2 * part", "2 - part"), ("x > LIMIT", "x < LIMIT")):
        changed = changed_functions(CODE, CODE.replace(before, after), "x.py")
        assert changed is not None and put_in(module.__name__, changed) == 1
    assert module.Pair(4).twice == -2 and not module.above(5)


@pytest.mark.parametrize(("before", "after"), [("LIMIT = 3", "LIMIT = 4"), ("by=1", "by=2")])
def test_what_runs_on_import_is_no_change_of_a_function(before, after):
    assert changed_functions(CODE, CODE.replace(before, after), "x.py") is None


def test_a_sample_of_changes_is_the_same_for_a_seed_and_leaves_types_alone(tmp_path):
    pytest.importorskip("cosmic_ray")
    from tests.mutation.mutants import sampled, sites_of

    code = "def f(x: int | None, *, y: int = 1) -> int | str:\n    return x + y if 0 < x else y\n"
    (tmp_path / "x.py").write_text(code)
    changes = {mutant.change(tmp_path)[1] for site in sites_of(tmp_path, "x.py") for mutant in site}
    assert "return x - y if 0 < x else y" in changes and "return x + y if 0 >= x else y" in changes
    assert all("int | None" in change or "return" in change for change in changes)
    # Python warns of a number that is compared by its identity.
    whole = sampled(tmp_path, ["x.py"], 1000, Random(3))
    assert not any(" is " in mutant.change(tmp_path)[1] for mutant in whole)
    first, second = (sampled(tmp_path, ["x.py"], 2, Random(3)) for _ in range(2))
    assert first == second and len({mutant.line for mutant in first}) <= 2
    assert Path("x.py").name == first[0].file
