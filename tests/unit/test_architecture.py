"""The house: which room may use which."""

import ast
from pathlib import Path

import pytest

import bioscnn

ROOT = Path(bioscnn.__file__).parent

# From the ground up; a room uses those of lower levels and those beside it that it is listed after.
LEVELS = [
    ["errors"],
    ["quantities", "seeds", "draws", "spikes", "caches", "processes", "locks", "files", "statistics"],
    ["neurons", "datasets"],
    ["doctor"],
    ["ann", "network"],
    ["noise"],
    ["encoding"],
    ["conversion"],
    ["simulation"],
    ["readout", "metrics"],
    ["training"],
    ["ledger"],
    ["plots"],
    ["report"],
    ["studies"],
    ["experiments"],
    ["terminal"],
    ["printing"],
    ["cli"],
    ["__main__"],
]
LEVEL = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}
MODULES = sorted(path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")


def room_of(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports_of(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bioscnn."):
            yield node.module.split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (name.name.split(".")[1] for name in node.names if name.name.startswith("bioscnn."))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_uses_only_rooms_below_it(path):
    own = room_of(path)
    for used in imports_of(path):
        assert used == own or LEVEL[used] <= LEVEL[own], f"{own} may not import {used}"


def test_every_room_has_a_level():
    assert {room_of(path) for path in MODULES} - {"models"} == set(LEVEL)
