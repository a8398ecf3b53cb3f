"""GeNN source of a network, written by brian2genn."""

from __future__ import annotations

import contextlib
import io
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import brian2
import numpy as np
from brian2.devices.device import reset_device

from bioscnn.network import V_0, Population
from bioscnn.simulation.brian import construct
from bioscnn.simulation.build import COMPILER_FLAGS
from bioscnn.simulation.equations import LONG_AGO, projection_name, state_of
from bioscnn.simulation.genn_shape import GeNNShape
from bioscnn.simulation.propagator import coefficients, statements
from bioscnn.simulation.shape import TEMPLATES

# GeNN's makefile for a CPU optimises nothing by itself. Its own switch for that, optimizeCode, also lets the
# compilers change the bits of a result, and so does brian2genn's default.
NVCC_FLAGS = ["-O3", "--fmad=false"]

# In the program that writes GeNN's code, not in the one that simulates.
PREFERENCES = f"""
#ifdef BACKEND_NAMESPACE
GENN_PREFERENCES.userCxxFlagsGNU = "{" ".join(COMPILER_FLAGS)}";
#endif
"""

MODEL = "magicnetwork_model.cpp"

# Variables that a step reads only. brian2genn does not tell GeNN, which would write all of them back.
UNCHANGED = re.compile(r'\{("(?:i|I_stim)", "\w+")\}')

# brian2genn 1.7.0 rounds to single precision here.
CLIP = """
template<typename T> SUPPORT_CODE_FUNC T _clip(const T value, const double a_min, const double a_max)
{
    return value < a_min ? T(a_min) : value > a_max ? T(a_max) : value;
}
"""


@contextmanager
def _genn(shape: GeNNShape, folder: Path) -> Iterator[None]:
    """Switch Brian2 to GeNN, and back to what it was."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning)  # pkg_resources, by brian2genn
        warnings.filterwarnings("ignore", category=UserWarning, message="pkg_resources")
        from brian2genn.codeobject import GeNNCodeObject
        from brian2genn.genn_generator import GeNNCodeGenerator

    clip = brian2.DEFAULT_FUNCTIONS["clip"].implementations
    clip.add_implementation(GeNNCodeGenerator, code=CLIP, name="_clip")
    templater = GeNNCodeObject.templater
    preferences = {
        "core.default_float_dtype": np.dtype(shape.precision).type,
        "codegen.cpp.extra_compile_args": [*COMPILER_FLAGS, f"-I{TEMPLATES}"],
        # A spike reaches few of the neurons behind a convolution: one thread a spike, not one a neuron.
        "devices.genn.synapse_span_type": "PRESYNAPTIC" if shape.use_gpu else "POSTSYNAPTIC",
        "devices.genn.cuda_backend.extra_compile_args_nvcc": NVCC_FLAGS,
        # What brian2genn would set itself, and say so.
        "core.network.default_schedule": ["start", "synapses", "groups", "thresholds", "resets", "end"],
        "codegen.loop_invariant_optimisations": False,
        "codegen.generators.cpp.restrict_keyword": "__restrict",
    }
    before = {name: brian2.prefs[name] for name in preferences}
    try:
        for name, value in preferences.items():
            brian2.prefs[name] = value
        brian2.set_device("genn", directory=str(folder), compile=False, run=False, use_GPU=shape.use_gpu)
        GeNNCodeObject.templater = templater.derive(
            "bioscnn.simulation", env_globals=_of_the_engine(shape), templates_dir="genn"
        )
        brian2.start_scope()
        yield
    finally:
        GeNNCodeObject.templater = templater
        brian2.device.reinit()
        reset_device()
        for name, value in before.items():
            brian2.prefs[name] = value


def generate_genn(shape: GeNNShape, folder: Path) -> None:
    """Write the C++ source of a network, GeNN's model of it, and a makefile into a folder."""
    network = shape.network
    with _genn(shape, folder), contextlib.redirect_stdout(io.StringIO()):
        brian2.defaultclock.dt = shape.dt * brian2.second
        source = None
        if shape.spike_input:
            source = brian2.SpikeGeneratorGroup(
                network.source.size, [], [] * brian2.second, name=network.source.name
            )
        steps = {population.name: shape.step(population) for population in network.neurons}
        solutions = {name: (statements(step), coefficients(step)) for name, step in steps.items() if step}
        built = construct(network, shape.explicit, source, solutions)
        brian2.device.insert_code("before_start", PREFERENCES)
        brian2.device.insert_code("after_network_run", "return 0;")
        brian2.device.insert_code("main", _reading(shape))
        brian2.Network(*built.objects).run(brian2.defaultclock.dt, namespace={})  # writes the source
    model = folder / MODEL
    model.write_text(UNCHANGED.sub(r"{\1, VarAccess::READ_ONLY}", model.read_text()))
    (folder / "test_output").mkdir()  # or the program would make it


def _of_the_engine(shape: GeNNShape) -> dict[str, Any]:
    """Return the values that ``genn/engine.cpp`` needs."""
    populations = [_population(shape, population) for population in shape.network.neurons]
    return {"populations": populations, "source": shape.network.source.name if shape.spike_input else ""}


def _population(shape: GeNNShape, population: Population) -> dict[str, Any]:
    rest = dict.fromkeys(state_of(shape.network, population), "0")
    if population.spikes:
        rest |= {"not_refractory": "true", "lastspike": f"-{LONG_AGO:g}"}
    return {
        "name": population.name,
        "size": population.size,
        "channels": population.shape[0],
        "spikes": population.spikes,
        "driven": shape.network.is_driven(population.name),
        "noisy": population.noise is not None,
        "starts": V_0 in population.values,
        "rest": rest,
    }


def _reading(shape: GeNNShape) -> str:
    """Return the C++ that reads parameters, weights and constant currents when the program starts."""
    lines = []
    for population in shape.network.neurons:
        name = population.name
        shared = [*shape.parameters(population), *(["n_steps"] if population.spikes else [])]
        sizes = {**dict.fromkeys(shared, 1), **dict.fromkeys([*population.values, "I_stim"], population.size)}
        lines += [
            f'bioscnn::File("{name}.{variable}", "rb").read_all(_array_{name}_{variable}, {size});'
            for variable, size in sizes.items()
        ]
    for projection in shape.explicit:
        name = projection_name(projection)
        weights = f"_dynamic_array_{name}_w"
        lines.append(f'bioscnn::File("{name}.w", "rb").read_all({weights}.data(), {weights}.size());')
    return "\n".join(["#ifndef BACKEND_NAMESPACE", *lines, "#endif"])


def build_model(shape: GeNNShape, folder: Path) -> list[str]:
    """Return the command by which GeNN writes and compiles what it makes of the model in a folder."""
    generator = str(Path(os.environ["GENN_PATH"], "bin", "genn-buildmodel.sh"))
    include = f"{folder}:{folder / 'brianlib' / 'randomkit'}"
    return [generator, *([] if shape.use_gpu else ["-c"]), "-i", include, MODEL]
