"""C++ source of a network, written by Brian2's ``cpp_standalone`` device."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import brian2
import numpy as np
from brian2.codegen.generators.cpp_generator import CPPCodeGenerator
from brian2.core.variables import Variables
from brian2.devices.cpp_standalone.codeobject import CPPStandaloneCodeObject
from brian2.devices.device import reset_device
from brian2.groups.group import CodeRunner

from bioscnn.network import Population, Projection
from bioscnn.neurons import LeadingCount
from bioscnn.simulation.brian import SCHEDULE, BrianNetwork, construct
from bioscnn.simulation.equations import border_statements, counts_steps, parameters_of, projection_name
from bioscnn.simulation.procedural import patches
from bioscnn.simulation.shape import TEMPLATES, ProgramShape, processor

# Without -ffast-math, and without fused multiply-adds, which NumPy does not use: the potentials of C++ and
# NumPy are the same to the bit. That no operation traps lets the compiler compute both sides of a condition.
COMPILER_FLAGS = [
    "-w", "-O3", "-march=native", "-std=c++17", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off",
]  # fmt: skip
if "avx512_vbmi2" in processor():
    # Compilers take vectors of 256 bits on all processors, since older ones slow down for longer ones.
    COMPILER_FLAGS.append("-mprefer-vector-width=512")

RUNTIME = "runtime.cpp"

GATE = """
inline double {name}(int64_t pre, int64_t post, int64_t step)
{{
    static const uint64_t key = bioscnn::mix(bioscnn::values<int64_t>("{name}.failure_key", 1)[0]);
    static const double failing = bioscnn::values<double>("{name}.failure", 1)[0];
    // The synapses of a spike come one after the other.
    static int64_t of_pre = -1, of_step = -1;
    static uint64_t spike;
    if (pre != of_pre || step != of_step)
    {{
        const int64_t trial = bioscnn::trials[step / bioscnn::n_steps];
        const uint64_t now = bioscnn::count(bioscnn::count(key, trial), step % bioscnn::n_steps);
        spike = bioscnn::count(now, pre);
        of_pre = pre, of_step = step;
    }}
    return bioscnn::uniform(bioscnn::count(spike, post)) >= failing;
}}
"""
"""Whether a synapse of a projection transmits a spike in a step."""


class StreamCode(CPPStandaloneCodeObject):  # type: ignore[misc]
    """Code object that finds its template in ``bioscnn/simulation/cpp``."""

    templater = CPPStandaloneCodeObject.templater.derive("bioscnn.simulation", ".cpp", templates_dir="cpp")


class Stream(CodeRunner):  # type: ignore[misc]
    """One of our own templates, attached to a group.

    Parameters
    ----------
    group : brian2.NeuronGroup or brian2.Synapses
        Whose variables the template uses.
    template : str
        Name of a file in ``bioscnn/simulation/cpp``, without its ending.
    needed : sequence of str
        Variables that the template does not name itself.
    when, order : str, int
        Slot of Brian2's schedule.
    code : str, or dict of str
        Abstract code; several blocks by name.
    codeobj_class : type
        Where templates are found.
    **keywords
        Passed on to the template.
    """

    def __init__(
        self,
        group: Any,
        template: str,
        needed: Sequence[str] = (),
        *,
        when: str,
        order: int = 0,
        code: str | dict[str, str] = "",
        name: str | None = None,
        codeobj_class: type = StreamCode,
        **keywords: Any,
    ) -> None:
        super().__init__(
            group,
            template,
            code=code,
            when=when,
            order=order,
            name=name or f"{group.name}_{template}",
            template_kwds={"population": group.name, **keywords},
            needed_variables=list(needed),
            codeobj_class=codeobj_class,
        )


class Advance(Stream):
    """State update, threshold and reset of a group in one pass, in place of Brian2's three."""

    def __init__(self, group: Any) -> None:
        self.update, self.threshold = group.state_updater, group.thresholder["spike"]
        self.reset = group.resetter["spike"]
        for part in (self.update, self.threshold, self.reset):
            group.contained_objects.remove(part)
        self.variables = self.threshold.variables
        held = [name for name, var in group.variables.items() if getattr(var, "conditional_write", None)]
        super().__init__(group, "advance", held, when="groups", held=held)
        self.override_conditional_write = ["not_refractory"]
        self.check_units = False

    def update_abstract_code(self, run_namespace: Any) -> None:
        """Take over the statements that Brian2 derives from the equations.

        The template holds what does not change while a neuron is refractory, so all others are meant here.
        """
        for part in (self.update, self.threshold, self.reset):
            part.update_abstract_code(run_namespace)
        release = self.update._get_refractory_code(run_namespace)
        update = self.update.abstract_code.removeprefix(release)
        advance = f"{update}\n{self.threshold.abstract_code}"
        self.abstract_code = {
            "release": release,
            "advance": re.sub(r"\bnot_refractory\b", "True", advance),
            "reset": self.reset.abstract_code,
        }


class Deliver(Stream):
    """A projection that our own code delivers, at the slot of `brian2.Synapses`.

    By the rule of a kernel, or from a list of synapses where `rule` is None.
    """

    def __init__(self, built: BrianNetwork, projection: Projection, rule: str | None) -> None:
        assert projection.synapse is not None
        sender, target, name = (
            built.sender(projection),
            projection.synapse.target,
            projection_name(projection),
        )
        counts = isinstance(projection.synapse, LeadingCount)
        template = "listed" if rule is None else "lead" if counts else "deliver"
        self.variables = Variables(None)
        self.variables.add_reference("_spikes_pre", sender, "_spikespace")
        super().__init__(
            built.groups[projection.post],
            template,
            ["_spikes_pre", target, *(["lead"] if counts else []), *([] if rule else ["t_in_timesteps"])],
            when="synapses",
            name=f"{name}_deliver",
            projection=name,
            target=target,
            rule=rule,
            fails=projection.failure is not None,
            n_pre=len(sender),
        )


def _spike_source(source: Population) -> Any:
    """Make a spike generator that reads its spikes while the program runs."""
    generator = brian2.SpikeGeneratorGroup(source.size, [], [] * brian2.second, name=source.name)
    generator.template, generator.codeobj_class = "spikes", StreamCode
    generator.template_kwds = {"population": source.name}
    return generator


def _axons(population: Population, fires: Any) -> Any:
    """Make a spike generator that emits the spikes of a population when they reach its synapses."""
    group = brian2.SpikeGeneratorGroup(
        population.size, [], [] * brian2.second, name=f"{population.name}_axons", when="synapses", order=-2
    )
    group.template, group.codeobj_class = "axons", StreamCode
    group.template_kwds = {"population": population.name}
    group.variables.add_reference("_spikes_pre", fires, "_spikespace")
    group.needed_variables = [*group.needed_variables, "_spikes_pre"]
    return group


def _gate(projection: Projection) -> Any:
    """Make the function that says, in the program, whether a synapse transmits a spike."""
    if projection.failure is None:
        return None
    name = projection_name(projection)
    transmits = brian2.Function(
        lambda i, j, step: None,
        arg_units=[1, 1, 1],
        return_unit=1,
        arg_types=["integer"] * 3,
        return_type="float",
    )
    transmits.implementations.add_implementation(CPPCodeGenerator, GATE.format(name=name), name=name)
    return transmits


@contextmanager
def standalone(precision: str, *headers: Path) -> Iterator[None]:
    """Switch Brian2 to C++ standalone, with more folders of headers, and back to what it was."""
    names = [
        "core.default_float_dtype",
        "codegen.cpp.extra_compile_args",
        "codegen.cpp.headers",
        "codegen.cpp.include_dirs",
    ]
    before = {name: brian2.prefs[name] for name in names}
    values = [np.dtype(precision).type, COMPILER_FLAGS, ['"draws.h"'], [str(TEMPLATES), *map(str, headers)]]
    brian2.set_device("cpp_standalone", build_on_run=False)
    try:
        for name, value in zip(names, values, strict=True):
            brian2.prefs[name] = value
        brian2.start_scope()
        yield
    finally:
        brian2.device.reinit()
        reset_device()
        for name, value in before.items():
            brian2.prefs[name] = value


def generate_source(shape: ProgramShape, folder: Path) -> None:
    """Write the C++ source of a network and its makefile into a folder."""
    network = shape.network
    with standalone(shape.precision):
        source = _spike_source(network.source) if shape.spike_input else None
        built = construct(network, shape.explicit, source, axons=_axons, gate=_gate)
        streams = [Stream(next(iter(built.groups.values())), "trials", when="start", order=-1)]
        for population in network.neurons:
            streams += _streams_of(shape, population, built.groups[population.name])
        for projection in shape.explicit:
            counts = projection.synapse.counts if isinstance(projection.synapse, LeadingCount) else ()
            synapses = built.synapses[projection_name(projection)]
            streams.append(Stream(synapses, "weights", counts, when="start", counts=counts))
        for projection in shape.procedural:
            computed = patches(network, projection)
            assert computed is not None
            streams.append(Deliver(built, projection, computed.rule))
        streams += [Deliver(built, projection, None) for projection in shape.listed]
        simulation = brian2.Network(*built.objects, *streams)
        simulation.schedule = SCHEDULE
        # The program reads the time step of the run, and ends after the last trial whatever it is told here.
        brian2.device.insert_code("before_network_run", "_array_defaultclock_dt[0] = bioscnn::dt;")
        simulation.run(1e6 * brian2.second, namespace={})
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(TEMPLATES / RUNTIME, folder)
        brian2.device.build(
            directory=str(folder), compile=False, run=False, additional_source_files=[RUNTIME]
        )


def _streams_of(shape: ProgramShape, population: Population, group: Any) -> list[Stream]:
    """Attach to a group what it reads, computes and writes."""
    network, driven = shape.network, shape.network.is_driven(population.name)
    injection = shape.injection(population.name) if driven else None
    size = network.source.size if injection else population.size
    assert population.neuron is not None
    own = list(population.values)
    shared = [name for name in parameters_of(network, population) if name not in own]
    parameters = [*shared, *own, *(["n_steps"] if counts_steps(population) else [])]
    begin = Stream(
        group,
        "begin",
        parameters,
        when="start",
        code=border_statements(network, population),
        parameters=parameters,
        own=own,
        rule=injection.rule if injection else None,
        n_values=size if driven else 0,
    )
    streams = [begin]
    if population.noise is not None:
        enters = population.neuron.noise_enters
        driven = driven and enters == "I_stim"
        streams.append(Stream(group, "noise", [enters], when="start", order=1, driven=driven, current=enters))
    if not population.spikes:
        return [*streams, Stream(group, "record", when="end", channels=0)]
    record = Stream(group, "record", ["_spikespace"], when="end", channels=population.shape[0])
    return [*streams, Advance(group), record]
