"""The house: which room may use which."""

from graphlib import CycleError, TopologicalSorter

import grimp
import pytest

# From the ground up; a room uses those of lower levels and those beside it that it is listed after.
LEVELS = [
    ["errors"],
    ["brian_versions", "extras"],
    ["brian_preferences"],
    ["quantities", "identifiers", "batch_jobs", "seeds", "draws", "spikes", "spreadsheets"],
    ["result_versions"],
    [
        "processes",
        "forks",
        "locks",
        "files",
        "toml",
        "caches",
        "statistics",
        "large_arrays",
        "fingerprint",
        "git",
    ],
    ["hdf5", "neurons", "datasets"],
    ["doctor"],
    ["ann", "network"],
    ["noise"],
    ["encoding"],
    ["conversion", "nir"],
    ["simulation"],
    ["readout", "metrics"],
    ["training"],
    ["ledger"],
    ["plots"],
    ["report"],
    ["studies"],
    ["stdp"],
    ["experiments", "reproduce", "script", "exports", "citations", "claims", "play"],
    ["terminal"],
    ["library", "printing"],
    ["cli"],
    ["__main__"],
]
LEVEL = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}

# Imports inside functions count; those for type checkers alone do not.
GRAPH = grimp.build_graph("bioscnn", exclude_type_checking_imports=True, cache_dir=None)
MODULES = {module: GRAPH.find_modules_directly_imported_by(module) for module in sorted(GRAPH.modules)}
PACKAGES = [module for module in MODULES if GRAPH.find_children(module)]


def room_of(module):
    return module.split(".")[1]


@pytest.mark.parametrize("module", [module for module in MODULES if module != "bioscnn"])
def test_a_room_uses_only_rooms_below_it(module):
    own = room_of(module)
    for used in MODULES[module] - {"bioscnn"}:
        assert LEVEL[room_of(used)] <= LEVEL[own], f"{own} may not import {used}"


def test_every_room_has_a_level():
    assert {room_of(module) for module in MODULES if module != "bioscnn"} == set(LEVEL)


def test_no_modules_import_each_other_in_a_circle():
    assert circle(MODULES) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_parts_of_a_package_import_each_other_in_a_circle(package):
    """A part is a module or a package with all that is in it."""
    parts = GRAPH.find_children(package)
    part_of = {module: part for part in parts for module in {part} | GRAPH.find_descendants(part)}
    uses = {part: set() for part in parts}
    for module, part in part_of.items():
        uses[part] |= {part_of[used] for used in MODULES[module] if used in part_of} - {part}
    assert circle(uses) == []


def circle(uses):
    """The first circle among names that use names, or none."""
    try:
        TopologicalSorter(uses).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_a_circle_would_be_found():
    assert set(circle({"a": {"b"}, "b": {"c"}, "c": {"b"}})) == {"b", "c"}
