"""The rungs of the ladder: each one is a list of changed keys of a study, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bioscnn.ann import LIFRate, read_model
from bioscnn.ann.models import locate, shipped_models
from bioscnn.errors import UserError
from bioscnn.neurons.synapse import SHARPEST, lasts
from bioscnn.quantities import format_quantity
from bioscnn.studies.config import Neuron, StudyConfig, Synapse
from bioscnn.studies.recipe import training_of_rectifiers
from bioscnn.studies.recipes import shipped_recipes
from bioscnn.studies.study import KEYS_OF_MODELS, Study, with_changes

DELAYED = "+ axonal delay"
"""The last rung with neurons of the textbook and synapses that inject currents."""

RELATIVES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "caltech-foveal": ("caltech-pixels-relu", {"retina": ()})
}
"""Networks of rectified linear units that are called otherwise, and keys of the encoding that they see."""


@dataclass(frozen=True)
class Rung:
    """One rung: a study, and what it adds to the rung below.

    Parameters
    ----------
    name : str
        Such as ``"+ axonal delay"``.
    piece : str
        What is added, as the subject of a sentence; empty for the first rung.
    changes : mapping of str
        Keys that differ from the rung below, with their values as text.
    study : Study
        The whole study.
    below : str or None
        Name of the rung that it is compared with; None for the first one.
    own : bool
        Whether its neuron is the user's own, which stands beside the ladder.
    """

    name: str
    piece: str
    changes: Mapping[str, str]
    study: Study
    below: str | None
    own: bool = False


@dataclass(frozen=True)
class Piece:
    """A piece of biology, whatever stands on it.

    Parameters
    ----------
    rung : str
        The rung of the ladder that adds it, such as ``"+ axonal delay"``.
    name : str
        Subject of a sentence, such as ``"the axonal delay"``; empty for the bottom of the ladder.
    changes : mapping of str
        Keys that it changes, with their values as text.
    """

    rung: str
    name: str
    changes: Mapping[str, str]


def pieces_of(study: Study) -> tuple[Piece, ...]:
    """Return the bottom of the ladder of a study, and the pieces that are added to it, in its order.

    What a piece adds has the study's value where the study has that piece itself, and otherwise the usual one
    of bioscnn, in whole steps.
    """
    config, tables = study.config, study.config.model_dump()
    dt = config.simulation.dt
    t_ref = config.neuron.t_ref or _in_steps(Neuron().t_ref, dt)
    tau_s = config.synapse.tau_s if lasts(config.synapse.tau_s, dt) else Synapse().tau_s
    delay = config.synapse.delay or _in_steps(1e-3, dt)
    bottom = {
        "neuron.model": "if", "neuron.t_ref": "0 ms", "synapse.model": "current",
        "synapse.tau_s": format_quantity(dt / SHARPEST, "time"), "synapse.delay": "0 ms",
    }  # fmt: skip
    adaptation = _more("neuron", "if", "adaptive-lif", tables)
    conductances = _more("synapse", "current", "conductance", tables)
    return (
        Piece("IF", "", bottom),
        Piece("LIF", "the leak", {"neuron.model": "lif"}),
        Piece(
            "+ refractory period", "the refractory period", {"neuron.t_ref": format_quantity(t_ref, "time")}
        ),
        Piece(
            "+ synaptic current", "the synaptic current", {"synapse.tau_s": format_quantity(tau_s, "time")}
        ),
        Piece(DELAYED, "the axonal delay", {"synapse.delay": format_quantity(delay, "time")}),
        Piece("+ spike-frequency adaptation", "adaptation", adaptation),
        Piece("+ conductance-based synapses", "conductances", conductances),
    )


def rungs_of(study: Study, own: Path | None = None) -> tuple[Rung, ...]:
    """Return the ladder of a study, from the bottom up.

    Data, encoding, network, trial and readout are those of the study, and so are ``tau_m``, ``V_th``, ``R_m``
    and the reset rule. What the rungs add: see `pieces_of`.

    Parameters
    ----------
    study : Study
        Of which the keys are changed.
    own : Path, optional
        A user's own neuron, see `docs/ladder.md`. Its rung has the synapses and the delay of the rung
        ``+ axonal delay``, with which it is compared.

    Raises
    ------
    UserError
        If a rung is no valid study, or there is no such neuron.
    """
    rungs: dict[str, Rung] = {}
    below = study
    for piece in pieces_of(study):
        rung = _rung(piece.rung, piece.name, piece.changes, below, next(reversed(rungs), None))
        rungs[piece.rung], below = rung, rung.study
    if own is not None:
        if not own.is_file():
            raise UserError("no such file of a neuron", file=own, expected="a TOML file with equations")
        name, changes = f"{own.stem} (own)", {"neuron.model": str(own.resolve())}
        rung = _rung(name, f"the neuron {own.stem}", changes, rungs[DELAYED].study, DELAYED)
        rungs[name] = replace(rung, changes={"neuron.model": own.name}, own=True)
    return tuple(rungs.values())


def _more(table: str, simple: str, rich: str, tables: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return the change to a richer model, with the values of the study for what the simple one has not."""
    extra = set(KEYS_OF_MODELS[table][rich]) - set(KEYS_OF_MODELS[table][simple])
    own = {f"{table}.{key}": value for key, value in tables[table].items() if key in extra}
    return {f"{table}.model": rich, **own}


def _rung(name: str, piece: str, changes: Mapping[str, str], below: Study, compared: str | None) -> Rung:
    return Rung(name, piece, changes, changed(below, changes, name), compared)


def changed(study: Study, changes: Mapping[str, str], name: str) -> Study:
    """Return a study with some keys changed, given as text.

    Raises
    ------
    UserError
        If it is no valid study; the error says of which rung.
    """
    tables = with_changes(study.config.model_dump(), [f"{key}={value}" for key, value in changes.items()])
    return Study(study.name, _valid(tables, name))


def _valid(tables: dict[str, Any], name: str) -> StudyConfig:
    try:
        return StudyConfig.model_validate(tables)
    except ValidationError as error:
        cause = error.errors()[0].get("ctx", {}).get("error")
        ours = cause.args[0] if isinstance(cause, ValueError) and cause.args else None
        if not isinstance(ours, UserError):
            raise
        raise of_rung(ours, name) from None


def of_rung(error: UserError, name: str) -> UserError:
    """Return an error that says of which rung it is."""
    return error.but(f"the rung {name!r} cannot be climbed: {error.problem}")


def _in_steps(time: float, dt: float) -> float:
    """Return a time as the nearest whole number of steps, at least one."""
    return max(1, round(time / dt)) * dt


def of_relu(study: Study) -> Study:
    """Return the study with a network of rectified linear units, which belongs to no neuron."""
    model = study.config.network.model
    if not any(isinstance(layer, LIFRate) for layer in read_model(model).layers):
        return study
    base = model.removesuffix("-fine-tuned").removesuffix("-noise")
    relative, encoding = RELATIVES.get(base, (f"{base}-relu", {}))
    if relative not in shipped_models():
        fix = "--set network.model=PATH of one that you trained on the same input"
        if Path(model).suffix == ".onnx":
            command, rectifiers = training_of_rectifiers(str(study.file or "STUDY.toml"), model)
            fix = f"{command}, then --set network.model={rectifiers}"
        none = ""
        if base in shipped_recipes():
            none = f"; no {relative} is shipped"
            fix = (
                f"bioscnn train {base} --set training.activation=relu --set network.model={relative}; "
                f"then --set network.model=results/models/{relative}.onnx"
            )
        raise UserError(
            "the network was trained on the rates of one neuron, and every rung has another",
            file=locate(model),
            key="network.model",
            value=model,
            expected=f"one of rectified linear units, such as mnist-small-relu{none}",
            fix=fix,
        )
    return study.changed(network={"model": relative}, encoding=encoding)
