"""The command line: verbs and what they print; no logic of their own."""

from __future__ import annotations

import os
import signal
import sys
from typing import Annotated

import typer

from bioscnn import __version__
from bioscnn.cli import experiments, machine, networks, other_tools, simulate
from bioscnn.cli.help import Verb, Verbs
from bioscnn.errors import UserError

app = typer.Typer(
    cls=Verbs,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A trained CNN as a biologically detailed spiking network in Brian2.",
    epilog="Begin with: bioscnn run mnist. Options of a command: bioscnn run --help.",
)
PANELS = {
    "Simulate": simulate.app,
    "Networks": networks.app,
    "Experiments": experiments.app,
    "Other tools": other_tools.app,
    "This machine and these docs": machine.app,
}
"""How ``--help`` groups the commands."""

for _panel, _verbs in PANELS.items():
    for _command in _verbs.registered_commands:
        _command.rich_help_panel, _command.cls = _panel, Verb
    app.registered_commands += _verbs.registered_commands
for _command in machine.data_app.registered_commands:
    _command.cls = Verb
app.add_typer(machine.data_app, name="data", cls=Verbs, rich_help_panel="This machine and these docs")


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="print the version")] = False) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


class _Interrupt(BaseException):
    """Ctrl-C, as an exception that typer does not turn into a message and an exit code of its own."""

    came = False


def _interrupt(signal_number: int, frame: object) -> None:
    _Interrupt.came = True
    raise _Interrupt


def _run() -> None:
    """Run the command line; an interrupt is one, whatever C code or the making of a class turned it into."""
    try:
        app(prog_name="bioscnn")
    except Exception:
        if _Interrupt.came:
            raise _Interrupt from None
        raise


def _complain(error: UserError) -> None:
    """Print what is wrong; in a terminal, lines are broken between words."""
    text = f"bioscnn: {error}"
    if sys.stderr.isatty():
        from bioscnn.printing.shared import wrapped

        lines = text.splitlines()
        text = "\n".join(margin + line[part] for line in lines for margin, part in wrapped(line, 12))
    typer.echo(text, err=True)


def _of_disk(error: OSError) -> UserError:
    """Say that a disk, such as that of the file to which standard output goes, is full or closed."""
    try:
        sys.stdout.flush()
    except OSError:  # nor could it be when Python ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return UserError(
        f"a file cannot be read or written: {error.strerror}",
        file=error.filename or "where results, temporary files, or what is printed go",
        fix="free some space there, or take another folder; the cache is at BIOSCNN_CACHE, "
        "temporary files are at TMPDIR",
    )


def main() -> None:
    """Run the command line; what the user can mend ends with one message and code 2."""
    signal.signal(signal.SIGINT, _interrupt)
    # Python looks for the modules of worker processes in the current folder first, and would run them.
    os.environ["PYTHONSAFEPATH"] = "1"
    # Brian2 loads all of pylab where it can, of which it uses nothing: a third of its time.
    sys.modules.setdefault("pylab", None)  # type: ignore[arg-type]
    try:
        _run()
    except UserError as error:
        _complain(error)
        sys.exit(2)
    except OSError as error:
        from bioscnn.files import is_of_disk

        if not is_of_disk(error):
            raise
        _complain(_of_disk(error))
        sys.exit(2)
    except MemoryError:
        fix = "give fewer trials, or close other programs; or take a machine with more memory"
        _complain(UserError("the memory of this machine is full", fix=fix))
        sys.exit(2)
    except ImportError as error:
        if (error.name or "").split(".")[0] == "bioscnn":
            raise
        broken = UserError(
            "a package that bioscnn needs is missing or broken",
            key=error.name,
            value=str(error),
            fix="`bioscnn doctor` says which versions fit, and how to get them",
        )
        typer.echo(f"bioscnn: {broken}", err=True)
        sys.exit(2)
    except _Interrupt:
        typer.echo(
            "bioscnn: interrupted; nothing half-written is left. "
            "The same command again begins anew; a training or an experiment goes on where it was",
            err=True,
        )
        sys.exit(2)
    finally:
        # All is done: Python, which takes a while to end, is left to it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
