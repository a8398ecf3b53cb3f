"""The network as one C++ program: Brian2 integrates the neurons, three functions a step do the rest.

Weights are one array, inputs by neurons. `brian2.Synapses` would keep traces, list pre- and postsynaptic
neurons and hold inhibition synapse by synapse. Here an input spike walks along a row of weights, a spike of
an excitatory neuron along a column, and inhibition is a sum minus one's own.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from bioscnn.errors import UserError
from bioscnn.simulation.shape import made_by
from bioscnn.stdp.competitive.groups import check_units, parameter_values, populations
from bioscnn.stdp.competitive.model import SLOT, Model, joined
from bioscnn.stdp.competitive.settings import Circuit, Precision

CPP = Path(__file__).parent / "cpp"


@dataclass(frozen=True)
class CompetitiveProgram:
    """All that decides what the program looks like; parameters, weights and images are read when it runs.

    Parameters
    ----------
    model : Model
        The equations; values of parameters do not matter here.
    n_inputs, n_neurons : int
        As of `Circuit`.
    precision : str
        ``"float32"`` or ``"float64"``.
    """

    model: Model
    n_inputs: int
    n_neurons: int
    precision: Precision

    arguments: ClassVar[tuple[str, ...]] = ()

    def key(self) -> str:
        """Return the hash that names the program."""
        table, model = self.model.table(), self.model
        for part, parameters in (
            ("excitatory", model.excitatory.definition.parameters),
            ("inhibitory", model.inhibitory.definition.parameters),
            ("synapse", model.synapse.parameters),
        ):
            table[part]["parameters"] = sorted((parameter.name, parameter.unit) for parameter in parameters)
        own = [Path(__file__), Path(__file__).with_name("groups.py"), *sorted(CPP.iterdir())]
        sources = hashlib.sha256(b"".join(file.read_bytes() for file in own)).hexdigest()
        shape = [table, self.n_inputs, self.n_neurons, self.precision, *made_by(), sources]
        return hashlib.sha256(json.dumps(shape).encode()).hexdigest()[:20]

    def write(self, folder: Path) -> list[list[str]]:
        """Write the source into a folder, and return the commands that compile it there.

        Raises
        ------
        UserError
            If Brian2 cannot make a program of the equations, such as where units do not fit.
        """
        from bioscnn.simulation.source import make_command

        try:
            self._generate(folder)
        except Exception as error:  # what Brian2 raises of a text has no type of its own
            cause = error.__cause__ or error
            raise UserError(
                f"Brian2 cannot simulate the equations: {' '.join(str(cause).split())}",
                key="learning",
                fix="look at the files of the neurons and the synapse, at their units first",
            ) from error
        return [make_command(folder)]

    def _generate(self, folder: Path) -> None:
        import brian2

        from bioscnn.simulation.brian import SCHEDULE
        from bioscnn.simulation.build import RUNTIME, Advance, standalone
        from bioscnn.simulation.shape import TEMPLATES

        circuit = Circuit(self.n_inputs, self.n_neurons)
        check_units(self.model)
        with standalone(self.precision, CPP):
            groups = populations(self.model, circuit)
            weights = brian2.NeuronGroup(self.n_inputs * self.n_neurons, "w : 1", name="weights")
            excitatory, inhibitory = groups["excitatory"], groups["inhibitory"]
            streams = [
                self._present(groups, weights),
                Advance(excitatory),
                Advance(inhibitory),
                self._on_pre(groups, weights),
                self._on_post(groups, weights),
                self._inhibit(groups),
            ]
            network = brian2.Network(*groups.values(), weights, *streams)
            network.schedule = SCHEDULE
            for name, values in parameter_values(self.model, circuit, learns=True).items():
                for parameter in values:
                    brian2.device.insert_code(
                        "before_network_run",
                        f"_array_{name}_{parameter}[0] = "
                        f'bioscnn::values<double>("{name}.{parameter}", 1)[0];',
                    )
            brian2.device.insert_code("before_network_run", "_array_defaultclock_dt[0] = bioscnn::dt;")
            network.run(1e7 * brian2.second, namespace={})
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(TEMPLATES / RUNTIME, folder)
            brian2.device.build(
                directory=str(folder), compile=False, run=False, additional_source_files=[RUNTIME]
            )

    def _sizes(self) -> dict[str, int]:
        return {"n_inputs": self.n_inputs, "n_neurons": self.n_neurons}

    def _present(self, groups: dict[str, Any], weights: Any) -> Any:
        excitatory = self.model.excitatory
        variables, at_rest = _references(w=(weights, "w", "_idx")), []
        traces = [equation.name for equation in self.model.synapse.pre]
        for group, names, size in (
            ("inputs", traces, self.n_inputs),
            *((g, self.model.variables(g), self.n_neurons) for g in ("excitatory", "inhibitory")),
        ):
            resting = dict.fromkeys(names, "0")
            if group != "inputs":
                resting |= {"not_refractory": "true", "lastspike": "-1e9"}
            for name, value in resting.items():
                variables.add_reference(f"{group}_{name}", groups[group], name, "_idx")
                at_rest.append((f"{group}_{name}", size, value))
        kept = [variable.name for variable in excitatory.kept]
        code = {"between": excitatory.between}
        needed = [SLOT, *kept, *(name for name, _, _ in at_rest)]
        runner = _stream(groups["excitatory"], "present", variables, needed, "start", -1, code,
                         at_rest=at_rest, kept=kept, **self._sizes())  # fmt: skip
        return runner

    def _on_pre(self, groups: dict[str, Any], weights: Any) -> Any:
        synapse = self.model.synapse
        of_pre = [equation.name for equation in synapse.pre]
        variables = _references(
            w=(weights, "w", "_idx"), **{name: (groups["inputs"], name, "0") for name in of_pre}
        )
        code = {"learning": joined(synapse.on_pre), "frozen": synapse.delivery, "spike": synapse.pre_spike}
        return _stream(groups["excitatory"], "on_pre", variables, of_pre, "synapses", 0, code,
                       of_pre=of_pre, **self._sizes())  # fmt: skip

    def _on_post(self, groups: dict[str, Any], weights: Any) -> Any:
        synapse, excitatory = self.model.synapse, groups["excitatory"]
        kept = [variable.name for variable in self.model.excitatory.kept]
        of_post = [*self.model.variables("excitatory"), *kept]
        variables = _references(
            w=(weights, "w", "_idx"),
            _spikes_post=(excitatory, "_spikespace", "_idx"),
            **{name: (excitatory, name, "0") for name in of_post},
        )
        code = {"learning": joined(synapse.on_post), "spike": synapse.post_spike}
        needed = ["_spikes_post", *of_post]
        return _stream(groups["inputs"], "on_post", variables, needed, "synapses", 1, code,
                       of_post=of_post, **self._sizes())  # fmt: skip

    def _inhibit(self, groups: dict[str, Any]) -> Any:
        excitatory, inhibitory = groups["excitatory"], groups["inhibitory"]
        variables = _references(
            _spikes_excitatory=(excitatory, "_spikespace", "_idx"),
            _spikes_inhibitory=(inhibitory, "_spikespace", "_idx"),
            onto_inhibitory=(inhibitory, "g_e", "_idx"),
            onto_excitatory=(excitatory, "g_i", "_idx"),
        )
        names = [name for name in variables if name.startswith(("_spikes", "onto"))]
        return _stream(inhibitory, "inhibit", variables, names, "synapses", 2, "", **self._sizes())


def _references(**named: tuple[Any, str, str]) -> Any:
    from brian2.core.variables import Variables

    variables = Variables(None)
    for name, (group, of_group, index) in named.items():
        variables.add_reference(name, group, of_group, index)
    return variables


def _stream(
    group: Any,
    template: str,
    variables: Any,
    needed: list[str],
    when: str,
    order: int,
    code: Any,
    **keys: Any,
) -> Any:
    from brian2.devices.cpp_standalone.codeobject import CPPStandaloneCodeObject

    from bioscnn.simulation.build import Stream, StreamCode

    class Code(StreamCode):
        templater = CPPStandaloneCodeObject.templater.derive(
            "bioscnn.stdp.competitive", ".cpp", templates_dir="cpp"
        )

    stream = Stream(group, template, needed, when=when, order=order, code=code, codeobj_class=Code, **keys)
    stream.variables = variables
    return stream
