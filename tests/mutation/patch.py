"""A changed module put into a process that has it already: functions get the changed code."""

from __future__ import annotations

import functools
import gc
from collections.abc import Collection, Iterator
from types import CodeType, FunctionType

Key = tuple[str, int]


def changed_functions(before: str, after: str, file: str) -> dict[Key, CodeType] | None:
    """Return the code of the functions that a change concerns; None if it concerns what runs on import."""
    old, new = (dict(_codes(compile(text, file, "exec"))) for text in (before, after))
    if old.keys() != new.keys():
        return None
    unlike = {key: code for key, code in new.items() if _own(code) != _own(old[key])}
    functions = {
        key for key, code in new.items() if code.co_flags & 2 and "<class" not in key[0]
    }  # CO_NEWLOCALS
    return {key: new[key] for key in _outer(unlike, new)} if unlike and unlike.keys() <= functions else None


def functions_of(text: str, file: str, keys: Collection[Key]) -> dict[Key, CodeType]:
    """Return the code of some functions as a text has it."""
    return {key: code for key, code in _codes(compile(text, file, "exec")) if key in keys}


def put_in(name: str, changed: dict[Key, CodeType]) -> int:
    """Give functions of a module their changed code, forget what caches know, and count them."""
    n = 0
    gc.unfreeze()  # what tests/conftest.py has frozen is not among the objects
    for thing in gc.get_objects():
        kind = type(thing)  # isinstance would ask a weak proxy, whose object may be gone
        if kind is functools._lru_cache_wrapper and thing.__module__.split(".")[0] in ("bioscnn", name):
            thing.cache_clear()  # and not what tests and pytest know
        if kind is not FunctionType or thing.__module__ != name:
            continue
        code = changed.get((thing.__code__.co_qualname, thing.__code__.co_firstlineno))
        if code is not None and code.co_freevars == thing.__code__.co_freevars:
            thing.__code__ = code
            n += 1
    return n


def _codes(code: CodeType) -> Iterator[tuple[Key, CodeType]]:
    """Yield a code object and all in it; those of one name and line are told apart by their order."""
    yield (code.co_qualname, code.co_firstlineno), code
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from _codes(part)


def _own(code: CodeType) -> tuple[object, ...]:
    """Return what a code object does itself, without the code in it."""
    plain = tuple((type(part), part) for part in code.co_consts if not isinstance(part, CodeType))
    return code.co_code, repr(plain), code.co_names, code.co_varnames


def _outer(unlike: dict[Key, CodeType], new: dict[Key, CodeType]) -> set[Key]:
    """Return the keys of changed code, and of the functions around it, which hold it as a constant."""
    return {
        key
        for key, code in new.items()
        if code.co_flags & 2 and any(one in dict(_codes(code)) for one in unlike)
    }
