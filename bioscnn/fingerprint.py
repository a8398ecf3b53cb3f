"""Hashes of what a result is made from: the code that can be reached, and data."""

from __future__ import annotations

import ast
import hashlib
import platform
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import CodeType

import numpy as np

import bioscnn
from bioscnn.caches import cache_folder, keep_text, kept_text

ROOT = Path(bioscnn.__file__).parent
PACKAGES = ("brian2", "numpy", "pygenn", "scikit-image", "scikit-learn", "scipy", "sympy", "torch")
"""Packages whose versions may change an outcome."""

GENERATED_FROM = (".cpp", ".h", ".js", ".mk")
"""Endings of files that are no Python and compute."""


@cache
def code_of_modules(*modules: str) -> str:
    """Return the hash of these modules of bioscnn and of all code that they can reach.

    What cannot change a number does not count: comments, docstrings, layout, names of local variables, types
    of arguments, what an error says, and modules that are not imported, such as pages.
    """
    return kept_hash(modules, lambda: hash_of_code(closure(modules)))


def kept_hash(modules: tuple[str, ...], compute: Callable[[], str], *arguments: str) -> str:
    """Return a hash of code, computed once for as long as no file of the package changes.

    To read all files takes a tenth of the time of understanding what they import.

    Parameters
    ----------
    modules : tuple of str
        From which `compute` starts; if one is none of this package and has no file, nothing is kept.
    compute : callable
        Returns the hash.
    *arguments : str
        What else decides it.
    """
    others = [_path(module) for module in modules if not _is_ours(module)]
    if None in others:
        return compute()
    read = [path.read_bytes() for path in others if path]
    path = cache_folder() / "code" / hash_of(sys.version, _contents(), modules, *read, *arguments)
    if (code := kept_text(path)) is None:
        keep_text(path, code := compute())
    return code


@cache
def _contents() -> str:
    """Return the hash of all code of this package, as it is."""
    digest = hashlib.sha256()
    for path in sorted(ROOT.rglob("*")):
        if path.suffix in (".py", *GENERATED_FROM):
            digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


def hash_of(*parts: object) -> str:
    """Return a hash of arrays, bytes and text, by their types, shapes and contents."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            digest.update(f"{part.dtype}{part.shape}".encode())
            digest.update(np.ascontiguousarray(part).view(np.uint8).data)
        else:
            digest.update(repr(part).encode())
        digest.update(b"\0")
    return digest.hexdigest()[:32]


@cache
def environment_of_results() -> str:
    """Return the versions of Python and of the packages that may change an outcome."""
    return ", ".join([f"python {platform.python_version()}", *_versions()])


def _versions() -> Iterator[str]:
    for package in PACKAGES:
        try:
            yield version_of(package)
        except PackageNotFoundError:
            continue


@cache
def version_of(package: str) -> str:
    """Return the name of an installed package and its version."""
    return f"{package} {version(package)}"


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
    imported: set[str] = set()
    for node in _import_nodes(module):
        if isinstance(node, ast.Import):
            imported |= {name.name for name in node.names if _is_ours(name.name)}
        elif isinstance(node, ast.ImportFrom) and _is_ours(node.module):
            assert node.module is not None
            imported |= {_defined_in(node.module, name.name) for name in node.names}
    return frozenset(imported - {module})


def _defined_in(module: str, name: str) -> str:
    """Return the module that defines a name which another one may only pass on."""
    if _path(f"{module}.{name}") is not None:
        return f"{module}.{name}"
    path = _path(module)
    if path is not None and path.name == "__init__.py":
        for node in _import_nodes(module):
            if (
                isinstance(node, ast.ImportFrom)
                and _is_ours(node.module)
                and any((imported.asname or imported.name) == name for imported in node.names)
            ):
                assert node.module is not None
                return _defined_in(node.module, name)
    return module


@cache
def _import_nodes(module: str) -> tuple[ast.Import | ast.ImportFrom, ...]:
    """Return the imports of a module, without those that only a type checker reads."""
    return tuple(node for node in _statements(_tree(module)) if isinstance(node, ast.Import | ast.ImportFrom))


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the statements of a module and those within them, but those for type checkers alone."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)):
            waiting += (part for part in ast.iter_child_nodes(node) if isinstance(part, _HOLD_STATEMENTS))


_HOLD_STATEMENTS = (ast.stmt, ast.ExceptHandler, ast.match_case)


@cache
def _tree(module: str) -> ast.Module:
    """Return the syntax of a module without texts that stand by themselves, which are documentation."""
    path = _path(module)
    assert path is not None, module
    tree = ast.parse(path.read_bytes())
    for node in list(_statements(tree)):
        for name in ("body", "orelse", "finalbody"):
            statements = getattr(node, name, None)
            if isinstance(statements, list) and statements:
                setattr(node, name, [part for part in statements if not _is_text(part)] or [ast.Pass()])
    return tree


def _is_text(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


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


def hash_of_code(modules: Iterable[str]) -> str:
    """Return the hash of exactly these modules, and of what they compile."""
    digest = hashlib.sha256()
    folders = set()
    for module in sorted(modules):
        digest.update(f"{module}\n{_instructions(module)}\n".encode())
        path = _path(module)
        assert path is not None
        folders.add(path.parent)
    for folder in sorted(place for place in folders if ROOT in place.parents):
        for path in sorted(folder.rglob("*")):
            if path.suffix in GENERATED_FROM:
                digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


@cache
def _instructions(module: str) -> str:
    """Return what Python makes of a module, without names of local variables and what errors say."""
    tree = ast.fix_missing_locations(_WithoutWords().visit(_tree(module)))
    return repr(_named(compile(tree, module, "exec", dont_inherit=True)))


class _WithoutWords(ast.NodeTransformer):
    """Takes the types of arguments, and the arguments of errors, out of a syntax tree."""

    def visit_Raise(self, node: ast.Raise) -> ast.Raise:
        error = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        return ast.Raise(error, node.cause)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return ast.arg(node.arg)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)


def _named(constant: object) -> object:
    """Return a constant of compiled code, other code included, by what decides what it does."""
    if isinstance(constant, CodeType):
        arguments = constant.co_argcount + constant.co_kwonlyargcount
        return (
            constant.co_qualname, constant.co_flags, constant.co_varnames[:arguments], constant.co_names,
            constant.co_code, constant.co_exceptiontable, [_named(part) for part in constant.co_consts],
        )  # fmt: skip
    if isinstance(constant, frozenset):  # their order is one of each process
        return sorted(map(repr, constant))
    return constant
