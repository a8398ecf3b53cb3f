"""Errors in the words of Python: arguments of functions in place of options of the shell."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from bioscnn.errors import UserError

P = ParamSpec("P")
R = TypeVar("R")

OPTIONS = (
    "collapsed", "dask", "data", "epochs", "factorial", "folds", "gain", "jobs", "kinds", "layer", "network",
    "networks", "on", "out", "pbs", "perturb", "retry", "search", "seed", "seeds", "shard", "slurm", "steps",
    "study", "to", "training-examples", "training-seeds", "trials",
)  # fmt: skip
"""Options of the shell that errors name; those of other programs, such as pip's, stay as they are."""

_OPTION = re.compile(rf"--({'|'.join(OPTIONS)})\b(?!-)")
_VALUE = r'"[^"]*"|\[[^\]]*\]|[^\s,;:)`]+'
_CHANGE = re.compile(rf"--set ([\w.]+) ?= ?({_VALUE})")
_COMMAND = re.compile(
    r"bioscnn (run|train|plan|explain|compare|cite) (STUDY(?:\.toml)?|[^\s;,`]*[./][^\s;,`]*|\S+(?= --set))"
    rf"((?: --set [\w.]+=(?:{_VALUE}))*)"
)
_FETCH = re.compile(r"bioscnn data (fetch|check) ([\w-]+)")
_VERB = re.compile(r"bioscnn (run|train|plan|explain|compare|cite|doctor)\b")
_OTHER_NAMES = {"network": "networks", "study": "study_file", "layer": "layers"}


def in_python(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function name arguments in its errors, where the command line names options."""

    @wraps(function)
    def translated(*args: P.args, **keywords: P.kwargs) -> R:
        try:
            return function(*args, **keywords)
        except UserError as error:
            texts = (error.problem, error.key, error.expected, error.fix)
            problem, key, expected, fix = (None if text is None else python_words(text) for text in texts)
            if (problem, key, expected, fix) == texts:
                raise
            raise error.but(problem, key=key, expected=expected, fix=fix) from None

    return translated


def python_words(text: str) -> str:
    """Return a text with arguments in place of the options of the shell that it names.

    Examples
    --------
    >>> python_words("choose another --out, or run it again with --set readout.record=all")
    'choose another out, or run it again with changes={"readout.record": "all"}'
    >>> python_words("bioscnn data fetch caltech, then bioscnn run mnist --set network.model=own.onnx")
    'bioscnn.datasets.fetch("caltech"), then bioscnn.run("mnist", {"network.model": "own.onnx"})'
    """
    text = _COMMAND.sub(_call, text)
    text = _FETCH.sub(r'bioscnn.datasets.\1("\2")', text)
    text = _VERB.sub(lambda m: f"bioscnn.{'diagnose' if m[1] == 'doctor' else m[1]}", text)
    text = _CHANGE.sub(lambda m: f"changes={_mapping(m[0])}", text)
    text = re.sub(r"--on (\w+)", r'on="\1"', text)
    text = _OPTION.sub(lambda m: _OTHER_NAMES.get(m[1], m[1]).replace("-", "_"), text)
    return text.replace("--set", "changes")


def _call(command: re.Match[str]) -> str:
    """Return a command as a call; the study of whoever reads it stays a word."""
    verb, study, changes = command.groups()
    of = "study" if study in ("STUDY", "STUDY.toml") else f'"{study}"'
    return f"bioscnn.{verb}({of}{f', {_mapping(changes)}' if changes else ''})"


def _mapping(options: str) -> str:
    """Return options such as ``--set a.b=c`` as a mapping is written."""
    pairs = (
        f'"{key}": {value if value[0] == "[" else json.dumps(value.strip(chr(34)))}'
        for key, value in _CHANGE.findall(options)
    )
    return f"{{{', '.join(pairs)}}}"
