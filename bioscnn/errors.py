"""The one exception for what a user can mend."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

LONGEST = 3000
"""Most characters of a key, a value, or what was expected, that an error shows."""


class UserError(Exception):
    """A problem in what the user gave: bad file, key, value, or a missing tool.

    The command line prints it without a traceback and exits with code 2.

    Parameters
    ----------
    problem : str
        What is wrong, in one sentence without a final full stop.
    file : path, optional
        The file at fault.
    key : str, optional
        The key, column, layer or argument at fault.
    value : object, optional
        The offending value.
    expected : str, optional
        What would have been right.
    fix : str, optional
        What to do, as an instruction or a command.

    Examples
    --------
    >>> print(UserError("unknown key", file="a.toml", key="neuron.tau", fix="write neuron.tau_m"))
    unknown key
      file:     a.toml
      key:      neuron.tau
      fix:      write neuron.tau_m
    """

    def __init__(
        self,
        problem: str,
        *,
        file: str | Path | None = None,
        key: str | None = None,
        value: object = None,
        expected: str | None = None,
        fix: str | None = None,
    ) -> None:
        self.problem, self.file, self.key, self.value, self.expected, self.fix = (
            problem, file, key, value, expected, fix,
        )  # fmt: skip
        details = {
            "file": file, "key": None if key is None else _shortened(str(key)),
            "value": None if value is None else _shortened_repr(value),
            "expected": None if expected is None else _shortened(expected),
        }  # fmt: skip
        one_line = {
            name: str(text).replace("\n", "\\n") for name, text in details.items() if text is not None
        }
        texts = one_line if fix is None else one_line | {"fix": fix}
        lines = [f"  {name + ':':<9} {text}" for name, text in texts.items()]
        problem = _shortened(problem).replace("\n", "\\n")
        super().__init__(printable("\n".join([problem, *lines])))

    def but(self, problem: str | None = None, **details: Any) -> Self:
        """Return the same error with some details changed, or told as another problem.

        Examples
        --------
        >>> UserError("unknown key", key="tau").but(key="neuron.tau").key
        'neuron.tau'
        """
        names = ("file", "key", "value", "expected", "fix")
        return type(self)(problem or self.problem, **{name: getattr(self, name) for name in names} | details)


def did_you_mean(word: object, words: Iterable[str]) -> str | None:
    """Return the fix that names the word most like another, whatever its case; None if none is alike.

    Examples
    --------
    >>> did_you_mean("Validaton", ["train", "validation", "test"])
    'did you mean "validation"?'
    """
    near = difflib.get_close_matches(str(word).lower(), [*words], n=1)
    return f'did you mean "{near[0]}"?' if near else None


def _shortened_repr(value: object) -> str:
    """Return a value as Python writes it, its middle left out if it is long."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        return "a number of very many digits, or a very deep table"
    return _shortened(text)


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]} ... {text[-LONGEST // 2 :]}"


def printable(text: str) -> str:
    """Return a text in which nothing but line feeds controls the terminal; all else is shown as an escape.

    Examples
    --------
    >>> print(printable("\\x1b[31mred"))
    \\x1b[31mred
    """
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)
