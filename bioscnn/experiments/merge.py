"""Units that were measured elsewhere, brought into one folder of results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bioscnn.errors import UserError
from bioscnn.experiments.store import UNITS, Kept, read_unit
from bioscnn.files import unwritable_is_told, write_atomically


@dataclass(frozen=True)
class Merged:
    """What a merge brought.

    Parameters
    ----------
    copied, there, damaged : int
        Units that were copied, that were there already, and that were left out because they are damaged.
    experiments : tuple of str
        Names of the folders that units were brought into, such as ``"noise/mnist"``.
    """

    copied: int
    there: int
    damaged: int
    experiments: tuple[str, ...]


def merge(sources: Sequence[Path], results: Path) -> Merged:
    """Copy the units of other folders of results into this one.

    Nothing is mixed up: a unit is named by the hash of all that decides it, so those of another plan lie
    beside the others and are not used. An outcome that is there already is replaced if it was made by other
    code, or failed and did not fail elsewhere; who runs the experiment judges it anew.

    Parameters
    ----------
    sources : sequence of Path
        Folders of results, such as ``results`` of other machines.
    results : Path
        Where units are copied to.

    Raises
    ------
    UserError
        If a source has no units, or the units cannot be written.
    """
    copied = there = damaged = 0
    experiments: dict[str, None] = {}
    for source in sources:
        # An experiment lies at NAME/LABEL, and nowhere else: no walk through all that lies below a folder.
        folders = sorted(source.glob(f"*/*/{UNITS}"))
        if not folders:
            raise UserError(
                "no units of experiments there",
                file=source,
                expected="a folder of results, such as results/, in which shards were measured",
            )
        for path in (path for folder in folders for path in sorted(folder.glob("*.npz"))):
            target = results / path.relative_to(source)
            present, incoming = read_unit(target), read_unit(path)
            if incoming is None:
                damaged += 1
            elif present is not None and not _replaces(incoming, present):
                there += 1
            else:
                with unwritable_is_told(target.parent):
                    target.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(target, path.read_bytes())
                copied += 1
                experiments[target.parent.parent.relative_to(results).as_posix()] = None
    return Merged(copied, there, damaged, tuple(experiments))


def _replaces(incoming: Kept, present: Kept) -> bool:
    """Whether an outcome takes the place of one that is there already."""
    new, old = incoming.made_by, present.made_by
    if (new.code, new.environment) == (old.code, old.environment):
        return bool(old.error) and not new.error
    return True
