"""A spiking network and its stimulus as a plain Brian2 script, to read, run and edit."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioscnn.encoding import Stimulus
from bioscnn.network import OUTPUT, READOUT, Population, SpikingNetwork
from bioscnn.script import passages
from bioscnn.script.connections import CONVOLUTION, Arrays, connect, describe, statements
from bioscnn.script.kinds import base_of, kind_of, name_texts, own_parameters, shared_parameters
from bioscnn.script.stimulus import current_into, input_spikes
from bioscnn.script.writing import comment, in_columns, quantity
from bioscnn.simulation.equations import projection_name
from bioscnn.simulation.numbering import to_brian

OWN_NAMES = (
    "Path", "chosen", "classes", "convolution", "data", "duration", "evidence", "first", "leading", "monitor",
    "n_steps", "n_trials", "post", "potential", "pre", "step", "trial", "true_class", "weight",
)  # fmt: skip
"""Names that every script has for something else."""

WIDTH = 110


@dataclass(frozen=True, eq=False)
class Model:
    """The spiking network, stimulus, classes and readout that a plain Brian2 script simulates.

    Parameters
    ----------
    origin : sequence of str
        What it was made of, for people: study, data, network, versions.
    network : SpikingNetwork
        The spiking network.
    stimulus : Currents or SpikeTrains
        Of the first trials.
    true_class : ndarray of int64, shape (n_trials,)
        Of these trials.
    classes : sequence of str
        Name of each class.
    rule : str
        Readout, a key of `bioscnn.readout.READOUTS`.
    """

    origin: tuple[str, ...]
    network: SpikingNetwork
    stimulus: Stimulus
    true_class: NDArray[np.int64]
    classes: tuple[str, ...]
    rule: str


@dataclass(frozen=True, eq=False)
class Script:
    """A script, and what it loads.

    Parameters
    ----------
    text : str
        Python.
    arrays : dict of ndarray
        Contents of the npz file beside it, SI units.
    """

    text: str
    arrays: Arrays


def script_of(model: Model, npz: str) -> Script:
    """Write a network as a script that loads a file of this name.

    Raises
    ------
    UserError
        If chance that is drawn in the simulation makes the same spikes impossible.
    """
    writer = _Writer(model)
    stimulus, network = model.stimulus, model.network
    sections = [
        passages.HEAD.format(npz=npz, origin="\n".join(f"# {comment(line)}" for line in model.origin)),
        passages.TIME.format(
            dt=quantity(stimulus.dt, "second"), n_steps=stimulus.n_steps, n_trials=stimulus.n_trials
        ),
        *writer.parameters(),
        *writer.kinds_of_neurons(),
        passages.BORDER,
        writer.source(),
        *map(writer.population, network.neurons),
        passages.SYNAPSES,
        *writer.projections(),
        passages.readout(model.rule, OUTPUT, [p.name for p in network.neurons if p.spikes]),
    ]
    printable = ("".join(c if c.isprintable() else "?" for c in name) for name in model.classes)
    arrays = {"true_class": model.true_class, "classes": np.array([*printable]), **writer.arrays}
    return Script("\n".join(section.strip("\n") + "\n" for section in sections), arrays)


class _Writer:
    """Writes the sections of a script, and collects what they load."""

    def __init__(self, model: Model) -> None:
        import brian2

        network = self._network = model.network
        self._stimulus, self.arrays = model.stimulus, dict[str, NDArray[np.generic]]()
        foreign = {*vars(brian2), *vars(builtins), *OWN_NAMES}
        names = [p.name for p in network.populations] + [projection_name(p) for p in network.projections]
        self._variable = {name: f"{name}_neurons" if name in foreign else name for name in names}
        made = {f"{name}_{what}" for name in names for what in ("spikes", "current", "potential")}
        taken = {*foreign, *made, *self._variable.values()}
        bases = {p.name: base_of(p.neuron, taken) for p in network.neurons if p.neuron is not None}
        texts = {f"{kind}_{base}".strip("_") for base in bases.values() for kind in ("", "driven")}

        def is_text(name: str) -> bool:
            return any(name == text or name.startswith(f"{text}_") for text in texts)

        self._shared = {
            name: own for name, own in shared_parameters(network, taken).items() if not is_text(name)
        }
        self._kinds = {p.name: kind_of(network, p, bases[p.name], self._shared) for p in network.neurons}
        self._texts = name_texts(list(dict.fromkeys(self._kinds.values())))

    def parameters(self) -> Iterator[str]:
        """Yield the parameters that the whole script shares."""
        rows = [
            (name, "= " + quantity(value, unit), f" # {meaning}" if meaning else "")
            for name, (value, unit, meaning) in self._shared.items()
        ]
        if rows:
            yield "\n".join(["# Parameters", *in_columns(rows)])

    def kinds_of_neurons(self) -> Iterator[str]:
        """Yield the texts of each kind of neuron, each text once."""
        printed: set[str] = set()
        introduced: set[str] = set()
        reasons: set[str] = set()
        for kind in dict.fromkeys(self._kinds.values()):
            parts = [passages.about(kind, kind.base in introduced)]
            introduced.add(kind.base)
            for role, text in kind.texts:
                if (name := self._texts[kind, role]) not in printed:
                    printed.add(name)
                    parts += passages.text_of_neuron(name, role, text, kind, reasons)
            yield "\n".join(parts)

    def source(self) -> str:
        """Return where the stimulus enters."""
        source = self._network.source
        if not (spikes := input_spikes(self._network, self._stimulus)):
            return passages.CURRENTS
        self.arrays |= spikes
        name = self._variable[source.name]
        return passages.SPIKES.format(variable=name, name=source.name, size=source.size, shape=_shape(source))

    def population(self, population: Population) -> str:
        """Return a group of neurons, its parameters, its current and its monitor."""
        name, kind = population.name, self._kinds[population.name]
        variable = self._variable[name]
        text = {role: self._texts[kind, role] for role, _ in kind.texts}
        arguments = [
            str(population.size),
            text[""],
            *([f"threshold={text['fires']}"] if "fires" in text else []),
            *([f"reset={text['reset']}"] if "reset" in text else []),
            *([f'refractory="{kind.refractory}"'] if kind.refractory else []),
            f"method={text['step']}" if "step" in text else f'method="{kind.method}"',
            f'name="{name}"',
        ]
        lines = [f"# {name}: {_shape(population)}", _call(f"{variable} = NeuronGroup", arguments)]
        for parameter, (value, unit) in own_parameters(self._network, population, self._shared).items():
            if isinstance(value, np.ndarray):
                self.arrays[f"{name}_{parameter}"] = to_brian(value, population.shape)
                written = f'data["{name}_{parameter}"]' + (f"*{unit}" if unit != "1" else "")
            else:
                written = quantity(value, unit)
            lines.append(f"{variable}.{parameter} = {written}")
        current, arrays = current_into(self._network, population, self._stimulus, variable)
        self.arrays |= arrays
        lines += [*current, f"{variable}.run_regularly({text['rest']}, dt=duration)"]
        if population.spikes:
            lines.append(f"{name}_spikes = SpikeMonitor({variable})")
        if name == READOUT:
            lines.append(f'{name}_potential = StateMonitor({variable}, "V", record=True, when="end")')
        return "\n".join(lines)

    def projections(self) -> Iterator[str]:
        """Yield the synapses of each projection, behind the function that lists those of a convolution."""
        sections = []
        for projection in self._network.projections:
            if projection.synapse is None:
                continue
            name, dt = projection_name(projection), self._stimulus.dt
            variable = self._variable[name]
            equations, on_pre, delay, steps = statements(self._network, projection, dt, variable)
            made, weights = connect(self._network, projection, variable)
            self.arrays |= steps | weights
            ends = [self._variable[projection.pre], self._variable[projection.post]]
            rules = [_quoted(equations), f"on_pre={_quoted(on_pre)}", f'name="{name}"']
            counts = getattr(projection.synapse, "counts", ())
            forget = [f'{variable}.run_regularly("{n} = 0", dt=duration, when="start")' for n in counts]
            call = _call(f"{variable} = Synapses", [*ends, *rules])
            sections.append("\n".join([f"# {describe(projection)}", call, *made, *delay, *forget]))
        if any("convolution(" in section for section in sections):
            yield CONVOLUTION
        yield from sections


def _shape(population: Population) -> str:
    if len(population.shape) == 1:
        return f"{population.size:,} neurons"
    channels, height, width = population.shape
    return f"{channels} channels of {height} x {width}"


def _quoted(text: str) -> str:
    """Return a text of Brian2's, which has neither quotes nor backslashes, as Python's."""
    return '"' + text.replace("\n", "\\n") + '"'


def _call(function: str, arguments: list[str]) -> str:
    """Return a call, on one line if it fits."""
    line = f"{function}({', '.join(arguments)})"
    if len(line) <= WIDTH:
        return line
    lines, own = [], ""
    for argument in arguments:
        if own and len(own) + len(argument) > WIDTH - 6:
            lines.append(own)
            own = ""
        own += f"{' ' if own else '    '}{argument},"
    return "\n".join([f"{function}(", *lines, own, ")"])
