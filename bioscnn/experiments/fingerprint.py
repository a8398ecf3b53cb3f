"""Which code an outcome depends on: a hash of the syntax of every module that a measure can reach."""

from __future__ import annotations

import ast
import hashlib
import platform
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import bioscnn
from bioscnn.experiments.unit import measure_of

ROOT = Path(bioscnn.__file__).parent
PACKAGES = ("brian2", "numpy", "scipy", "torch")
"""Packages whose versions may change an outcome."""

GENERATED_FROM = (".cpp", ".h", ".mk")
"""Endings of files that are no Python and are compiled."""


@cache
def code_of(measure: str) -> str:
    """Return the hash of all code that a measure can reach.

    Comments, docstrings and layout do not count, nor do modules that the measure does not import, such as
    pages and plots.
    """
    measure_of(measure)
    return _hash(closure([measure.partition(":")[0]]))


@cache
def code_from(module: str) -> str:
    """Return the hash of all code that a module can reach."""
    return _hash(closure([module]))


@cache
def core_of(measure: str) -> str:
    """Return the hash of the code that turns the inputs of a measure into its outcome."""
    own = measure.partition(":")[0]
    return _hash({own, *closure(measure_of(measure).core)})


@cache
def environment_of_results() -> str:
    """Return the versions of Python and of the packages that may change an outcome."""
    return ", ".join([f"python {platform.python_version()}", *_versions()])


def _versions() -> Iterator[str]:
    for package in PACKAGES:
        try:
            yield f"{package} {version(package)}"
        except PackageNotFoundError:
            continue


def closure(modules: Iterable[str]) -> set[str]:
    """Return modules of bioscnn and all those that they import, directly or not.

    A name that a package only passes on counts as imported from the module that defines it.

    Examples
    --------
    >>> "bioscnn.spikes" in closure(["bioscnn.readout"])
    True
    >>> "bioscnn.plots.style" in closure(["bioscnn.simulation.simulate"])
    False
    """
    reached: set[str] = set()
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        if module not in reached:
            reached.add(module)
            waiting += imports_of(module)
    return reached


@cache
def imports_of(module: str) -> frozenset[str]:
    """Return the modules of bioscnn that a module imports, inside functions too, by the names it uses."""
    found: set[str] = set()
    for node in _nodes(_tree(module)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names if _is_ours(name.name)}
        elif isinstance(node, ast.ImportFrom) and _is_ours(node.module):
            assert node.module is not None
            found |= {_defined_in(node.module, name.name) for name in node.names}
    return frozenset(found - {module})


def _defined_in(module: str, name: str) -> str:
    """Return the module that defines a name which another one may only pass on."""
    if _path(f"{module}.{name}") is not None:
        return f"{module}.{name}"
    path = _path(module)
    if path is not None and path.name == "__init__.py":
        for node in _nodes(_tree(module)):
            if (
                isinstance(node, ast.ImportFrom)
                and _is_ours(node.module)
                and any((one.asname or one.name) == name for one in node.names)
            ):
                assert node.module is not None
                return _defined_in(node.module, name)
    return module


def _nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a tree, without what only a type checker reads."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        yield node
        yield from _nodes(node)


@cache
def _tree(module: str) -> ast.Module:
    """Return the syntax of a module without texts that stand by themselves, which are documentation."""
    path = _path(module)
    assert path is not None, module
    tree = _WithoutTexts().visit(ast.parse(path.read_bytes()))
    assert isinstance(tree, ast.Module)
    return tree


@cache
def _path(module: str) -> Path | None:
    """Return the file of a module of bioscnn, or of one that is loaded; None if there is none."""
    top, *parts = module.split(".")
    if top != "bioscnn":
        file = getattr(sys.modules.get(module), "__file__", None)
        return None if file is None else Path(file)
    place = ROOT.joinpath(*parts)
    for path in (place.with_suffix(".py") if parts else None, place / "__init__.py"):
        if path is not None and path.is_file():
            return path
    return None


def _is_ours(module: str | None) -> bool:
    return module is not None and module.split(".")[0] == "bioscnn" and _path(module) is not None


def _hash(modules: Iterable[str]) -> str:
    digest = hashlib.sha256()
    folders = set()
    for module in sorted(modules):
        digest.update(f"{module}\n{_syntax(module)}\n".encode())
        path = _path(module)
        assert path is not None
        folders.add(path.parent)
    for folder in sorted(place for place in folders if ROOT in place.parents):
        for path in sorted(folder.rglob("*")):
            if path.suffix in GENERATED_FROM:
                digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


@cache
def _syntax(module: str) -> str:
    return ast.dump(_tree(module))


class _WithoutTexts(ast.NodeTransformer):
    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            return None
        return node
