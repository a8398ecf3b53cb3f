"""C++ source of a network, written by Brian2's ``cpp_standalone`` device."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import brian2
import numpy as np
from brian2.devices.cpp_standalone.codeobject import CPPStandaloneCodeObject
from brian2.devices.device import reset_device
from brian2.groups.group import CodeRunner

from bioscnn.simulation.brian import SCHEDULE, construct
from bioscnn.simulation.equations import border_statements, parameters_of
from bioscnn.simulation.shape import TEMPLATES, ProgramShape

# Without -ffast-math, and without fused multiply-adds, which NumPy does not use: the potentials of C++ and
# NumPy then differ by the order of sums alone.
COMPILER_FLAGS = ["-w", "-O3", "-march=native", "-std=c++17", "-fno-math-errno", "-ffp-contract=off"]


class StreamCode(CPPStandaloneCodeObject):  # type: ignore[misc]
    """Code object that finds its template in ``bioscnn/simulation/cpp``."""

    templater = CPPStandaloneCodeObject.templater.derive("bioscnn.simulation", ".cpp", templates_dir="cpp")


def _stream(
    group: Any,
    template: str,
    needed: list[str],
    *,
    when: str,
    order: int = 0,
    code: str = "",
    **keywords: Any,
) -> CodeRunner:
    """Attach one of our own templates to a group."""
    return CodeRunner(
        group,
        template,
        code=code,
        when=when,
        order=order,
        name=f"{group.name}_{template}",
        template_kwds={"population": group.name, **keywords},
        needed_variables=needed,
        codeobj_class=StreamCode,
    )


def _spike_source(size: int, name: str, n_steps: int) -> Any:
    """Make a spike generator that reads its spikes while the program runs."""
    source = brian2.SpikeGeneratorGroup(size, [], [] * brian2.second, name=name)
    source.template, source.codeobj_class = "spikes", StreamCode
    source.template_kwds = {"population": name, "n_steps": n_steps}
    return source


@contextmanager
def _standalone(precision: str, dt: float) -> Iterator[None]:
    """Switch Brian2 to C++ standalone, and back to what it was."""
    names = [
        "core.default_float_dtype",
        "codegen.cpp.extra_compile_args",
        "codegen.cpp.headers",
        "codegen.cpp.include_dirs",
    ]
    before = {name: brian2.prefs[name] for name in names}
    values = [np.dtype(precision).type, COMPILER_FLAGS, ['"stream.h"'], [str(TEMPLATES)]]
    brian2.set_device("cpp_standalone", build_on_run=False)
    try:
        for name, value in zip(names, values, strict=True):
            brian2.prefs[name] = value
        brian2.start_scope()
        brian2.defaultclock.dt = dt * brian2.second
        yield
    finally:
        brian2.device.reinit()
        reset_device()
        for name, value in before.items():
            brian2.prefs[name] = value


def generate_source(shape: ProgramShape, folder: Path) -> None:
    """Write the C++ source of a network and its makefile into a folder."""
    network, n_steps = shape.network, shape.n_steps
    with _standalone(shape.precision, shape.dt):
        source = (
            _spike_source(network.source.size, network.source.name, n_steps) if shape.spike_input else None
        )
        built = construct(network, n_steps, source)
        streams = [
            _stream(next(iter(built.groups.values())), "trials", [], when="start", order=-3, n_steps=n_steps)
        ]
        for population in network.neurons:
            group = built.groups[population.name]
            driven = network.is_driven(population.name)
            names = [*parameters_of(network, population), *([] if driven else ["I_stim"])]
            streams.append(_stream(group, "values", names, when="start", order=-2, names=names))
            rest = border_statements(network, population)
            streams.append(_stream(group, "border", [], when="start", order=-1, code=rest, n_steps=n_steps))
            if driven:
                streams.append(_stream(group, "currents", [], when="start", n_steps=n_steps))
            if population.spikes:
                streams.append(
                    _stream(group, "record_spikes", [], when="thresholds", order=1, n_steps=n_steps)
                )
            streams.append(_stream(group, "record_potentials", [], when="end", n_steps=n_steps))
        streams += [
            _stream(s, "values", ["w"], when="start", order=-2, names=["w"]) for s in built.synapses.values()
        ]
        simulation = brian2.Network(*built.objects, *streams)
        simulation.schedule = SCHEDULE
        # The program ends after the last trial of its input, whatever it is told here.
        simulation.run(1e6 * brian2.second, namespace={})
        # Nobody reads the arrays that Brian2 would write at the end of a run.
        brian2.device.insert_code("before_end", "return 0;")
        brian2.device.build(directory=str(folder), compile=False, run=False)
