"""Compiled programs: made once, by one process, whoever is killed meanwhile."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from importlib import import_module
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import brian2
import numpy as np
import pytest

from bioscnn.caches import cache_folder, keep_text
from bioscnn.conversion import convert
from bioscnn.errors import UserError
from bioscnn.network import (
    Axons,
    Convolution,
    Dense,
    Failure,
    Individual,
    MembraneNoise,
    Population,
    Projection,
    SpikingNetwork,
)
from bioscnn.neurons import IF, LIF, ExponentialConductance, ExponentialCurrent, LeakyIntegrator
from bioscnn.simulation import Device, simulate_batches
from bioscnn.simulation.build import COMPILER_FLAGS, generate_source, standalone
from bioscnn.simulation.cpp_device import InterruptedBatchError, constant_files, run_batch
from bioscnn.simulation.genn_shape import GeNNShape
from bioscnn.simulation.program import WHOLE, Program, _is_whole, build, build_seconds, obtain
from bioscnn.simulation.shape import TEMPLATES, ProgramShape, _machine
from bioscnn.simulation.source import PARALLEL, write_source
from tests.networks import currents, every_layer
from tests.processes import descendants, gone_soon, lines_soon, python

MAKEFILE = """
main: main.cpp
\techo $$PPID >> ../../../../started
\tg++ -O2 main.cpp -o main
"""
NEEDS_A_SECOND = '#include <regex>\nint main() { return std::regex("a+").flags(); }'
BUILDS = "from tests.unit.test_programs import compile_simple; print(compile_simple().folder.name)"
SYNAPSE = ExponentialCurrent(5e-3)


class Simple:
    """In place of a `ProgramShape`: a program of one file."""

    arguments = ()

    def key(self) -> str:
        return "0123456789abcdef"


def compile_simple(
    code: str = NEEDS_A_SECOND, arrays: dict[str, bytes] | None = None, device: str | None = None
) -> Program:
    def write(_: object, folder: Path) -> list[list[str]]:
        (folder / "static_arrays").mkdir(parents=True)
        for name, content in (arrays or {}).items():
            (folder / "static_arrays" / name).write_bytes(content)
        (folder / "main.cpp").write_text(code)
        (folder / "makefile").write_text(MAKEFILE)
        return [["make"]]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bioscnn.simulation.program.write_source", write)
        return build(Simple(), device=device)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("BIOSCNN_CACHE", str(tmp_path / "cache"))
    return tmp_path


def builder() -> subprocess.Popen[str]:
    return python(BUILDS, stdout=subprocess.PIPE)


def test_of_several_processes_one_compiles_and_if_it_is_killed_the_next_does(cache):
    killed = builder()
    (first,) = lines_soon(cache / "started", 1)
    compiling = [first, *descendants(first)]
    others = [builder(), builder()]
    for process in others:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
    killed.kill()
    killed.communicate()
    assert gone_soon(compiling)
    assert [process.communicate(timeout=60)[0] for process in others] == [f"{Simple().key()}\n"] * 2
    assert len(lines_soon(cache / "started", 2)) == 2, "the killed one and one of the others"
    assert [path.name for path in (cache / "cache" / "programs").iterdir()] == [Simple().key()]
    program = obtain(Simple())
    assert program is not None and subprocess.run(program.command).returncode == 16


@pytest.mark.parametrize("damaged", ["main", "static_arrays/synapses", WHOLE])
def test_a_program_that_is_damaged_is_compiled_again(cache, damaged):
    """A changed synapse would change spikes, and nobody would know."""
    folder = compile_simple("int main() { return 0; }", {"synapses": b"0123456789"}).folder
    assert obtain(Simple()) is not None
    content = (folder / damaged).read_bytes()
    for other in (content[:-1], content[:5] + bytes([content[5] ^ 1]) + content[6:], b""):
        (folder / damaged).write_bytes(other)
        _is_whole.cache_clear()  # as in another process
        assert obtain(Simple()) is None
    made = compile_simple("int main() { return 0; }", {"synapses": b"0123456789"})
    assert obtain(Simple()) == made and (folder / damaged).read_bytes() == content


def test_a_program_that_does_not_compile_is_told_and_leaves_nothing(cache):
    with pytest.raises(UserError, match="could not build") as error:
        compile_simple("int main() { return x; }")
    assert "‘x’ was not declared" in error.value.value or "'x'" in error.value.value
    assert not list((cache / "cache" / "programs").iterdir()) and obtain(Simple()) is None


def test_what_is_written_beside_a_program_goes_with_its_folder_if_all_are_killed(cache, monkeypatch):
    """Brian2 tries flags, and compilers write assembler."""
    usual = tempfile.gettempdir()
    beside = []

    def write(_: object, folder: Path) -> list[list[str]]:
        folder.mkdir()
        (folder / "main.cpp").touch()
        beside.append(tempfile.mkdtemp())
        return [["sh", "-c", f"echo $TMPDIR > {cache}/told; cp main.cpp main"]]

    monkeypatch.setattr("bioscnn.simulation.program.write_source", write)
    build(Simple())
    beside.append((cache / "told").read_text().strip())
    assert all(path.startswith(str(cache / "cache" / "programs" / ".building")) for path in beside)
    assert tempfile.gettempdir() == usual and not Path(beside[0]).exists()


def test_how_long_compiling_takes_is_what_the_last_program_took_here(cache):
    assert (build_seconds("cpp_standalone"), build_seconds("genn")) == (20, 40)
    compile_simple(device="genn")
    assert build_seconds("cpp_standalone") == 20 and 0 < (taken := build_seconds("genn")) < 40
    compile_simple(device="genn")  # it is there
    assert build_seconds("genn") == taken
    for damaged in ("nan", "inf", "-1", "a minute"):
        keep_text(cache_folder() / "programs" / ".seconds-genn", damaged)
        assert build_seconds("genn") == 40


def test_what_the_program_reads_remains_of_what_the_compiler_writes(cache):
    """Objects are dropped; libraries and arrays are part of what has to be whole."""

    def write(_, folder):
        (folder / "inner").mkdir(parents=True)
        for name in ("inner/a.o", "b.o", "inner/library.so", "notes.txt"):
            (folder / name).write_text(name)
        return [["cp", "notes.txt", "main"]]

    program = build(Simple(), write)
    assert program.executable.read_text() == "notes.txt" and program.arguments == ()
    assert {path.name for path in program.folder.rglob("*") if path.is_file()} == {
        "main", "library.so", "notes.txt", WHOLE,
    }  # fmt: skip
    for changed, whole in (("notes.txt", True), ("inner/library.so", False)):
        (program.folder / changed).write_text("other")
        _is_whole.cache_clear()  # as in another process
        assert (obtain(Simple()) is not None) is whole


def test_a_cache_that_cannot_be_written_is_told_unless_somebody_else_has_made_the_program(cache, monkeypatch):
    (cache / "cache").write_text("no folder")
    with pytest.raises(UserError, match="cannot keep the compiled program") as refusal:
        build(Simple(), lambda *_: [])
    assert refusal.value.file == cache / "cache" / "programs" and "BIOSCNN_CACHE" in refusal.value.fix
    made = Program(cache / "made")
    monkeypatch.setattr("bioscnn.simulation.program.obtain", lambda shape: made)
    assert build(Simple(), lambda *_: []) is made


def test_a_program_that_somebody_made_meanwhile_is_not_compiled_again(cache):
    first = compile_simple("int main() { return 0; }")
    assert build(Simple(), lambda *_: pytest.fail("compiled again")) == first
    (first.folder / WHOLE).write_bytes(b"\xff")
    _is_whole.cache_clear()
    assert obtain(Simple()) is None


def test_the_source_of_a_program_is_compiled_by_make_and_genn_writes_its_own_first(tmp_path, monkeypatch):
    written = []
    shape = ProgramShape(SpikingNetwork((Population("input", (1,)),), ()), True, "float32")
    monkeypatch.setattr("bioscnn.simulation.build.generate_source", lambda *made: written.append(made))
    monkeypatch.setattr("bioscnn.simulation.translation_unit.join", lambda folder: ["program.cpp", "lib.c"])
    assert write_source(shape, tmp_path) == [["make", PARALLEL, "DEPS=", "SRCS=program.cpp lib.c"]]
    genn = GeNNShape(shape.network, True, "float32")
    monkeypatch.setattr("bioscnn.simulation.genn_build.generate_genn", lambda *made: written.append(made))
    monkeypatch.setattr("bioscnn.simulation.genn_build.build_model", lambda *made: ["genn"])
    assert write_source(genn, tmp_path) == [["genn"], ["make", PARALLEL]]
    assert written == [(shape, tmp_path), (genn, tmp_path)]
    assert PARALLEL == f"-j{os.cpu_count()}"


@pytest.mark.parametrize("n_bytes", [16, 23, 27, 32])
def test_a_file_that_a_program_left_with_a_wrong_number_of_values_is_refused(tmp_path, n_bytes):
    """Three trials have three counts of eight bytes."""
    shape = ProgramShape(convert(every_layer(), LIF(), ExponentialCurrent(5e-3)), False, "float32")
    script = f'head -c {n_bytes} /dev/zero > "$BIOSCNN_FOLDER/conv1.trial_counts"; echo 3'
    program = SimpleNamespace(folder=tmp_path, command=["/bin/sh", "-c", script])
    with pytest.raises(UserError, match="incomplete file") as refusal:
        run_batch(
            program, shape, constant_files(shape), currents(3), np.arange(3), (), (), lambda: None, Event()
        )
    assert refusal.value.file.name == "conv1.trial_counts" and refusal.value.expected == "24 bytes"


@pytest.mark.parametrize("script", ["#!/bin/sh\nexit 1", "#!/bin/sh\nkill -s KILL $$", "", None])
def test_programs_have_a_name_whatever_becomes_of_the_compiler_that_is_asked_for_its_version(
    tmp_path, monkeypatch, script
):
    compiler = tmp_path / "compiler"
    if script is not None:
        compiler.write_text(script)
        compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    monkeypatch.setattr("bioscnn.simulation.shape._machine", _machine.__wrapped__)
    shape = ProgramShape(convert(every_layer(), LIF(), ExponentialCurrent(5e-3)), False, "float32")
    assert len(shape.key()) == 20


def key_of(spike_input=True, precision="float32", connectivity="auto", **changed):
    """The name of the program of two channels and three cells, all to all or through a kernel."""
    part = {"pre": (2, 1, 1), "weight": np.ones((3, 2)), "kernel": None, "own": False, "name": "cell",
            "synapse": SYNAPSE, "failure": None, "sent": None, "neuron": LIF()} | changed  # fmt: skip
    pre, post = part.pop("pre"), (3, 1, 1)
    weight, kernel, synapse, failure = (part.pop(key) for key in ("weight", "kernel", "synapse", "failure"))
    through = Dense(pre, post, weight)
    if kernel is not None:
        through = Convolution(pre, post, (1, 1), (0, 0, 0, 0), kernel)
    if part.pop("own"):
        through = Individual.of(through, np.ones(6))
    source = Population("input", pre, axons=part.pop("sent"))
    cell = Population(shape=post, **part)
    onto = Projection("input", cell.name, through, synapse, failure)
    return ProgramShape(SpikingNetwork((source, cell), (onto,)), spike_input, precision, connectivity).key()


def test_numbers_that_a_program_reads_decide_nothing():
    values, noise = np.array([1e-2, 2e-2, 3e-2]), MembraneNoise(1e-3, 1)
    for first, second in (
        ({}, {"weight": np.zeros((3, 2))}),
        ({}, {"neuron": LIF(tau_m=30e-3, V_th=1e-3, R_m=1e6)}),
        ({}, {"synapse": ExponentialCurrent(4e-3)}),
        ({}, {"bias": values}),
        ({"values": {"V_th": values}}, {"values": {"V_th": 2 * values}}),
        ({"noise": noise}, {"noise": MembraneNoise(2e-3, 5)}),
        ({"failure": Failure(0.1, 1)}, {"failure": Failure(0.2, 2)}),
        ({"axons": Axons(values)}, {"axons": Axons(0 * values, 0.1, 3)}),
    ):
        assert key_of(**first) == key_of(**second)


def test_all_else_decides_what_is_compiled():
    values, kernel = np.ones(3), np.ones((3, 2, 1, 1))
    shapes = [
        {}, {"spike_input": False}, {"precision": "float64"}, {"connectivity": "explicit"}, {"name": "other"},
        {"pre": (1, 1, 2)}, {"kernel": kernel}, {"neuron": LIF(reset="zero")}, {"neuron": IF()},
        {"values": {"V_th": values}}, {"values": {"V_0": values}},
        {"noise": MembraneNoise(1e-3, 1)}, {"sent": Axons(np.ones(2))}, {"axons": Axons(values)},
        {"failure": Failure(0.1, 1)}, {"synapse": ExponentialConductance(5e-3)},
        {"synapse": ExponentialConductance(5e-3, receptor="g_i")}, {"synapse": None, "spike_input": False},
        {"own": True},
    ]  # fmt: skip
    assert len({key_of(**shape) for shape in shapes}) == len(shapes)
    # Which synapses there are is in a list that the program reads, or compiled in.
    for how, n in (("auto", 1), ("explicit", 2)):
        assert len({key_of(own=True, kernel=k, connectivity=how) for k in (None, kernel)}) == n


def test_a_program_that_ends_early_or_is_stopped_leaves_no_recording(tmp_path):
    shape = ProgramShape(convert(every_layer(), LIF(), ExponentialCurrent(5e-3)), False, "float32")
    told, stop = [], Event()

    def run(script, files=None):
        program = SimpleNamespace(
            folder=tmp_path, executable=tmp_path / "main", command=["/bin/sh", "-c", script]
        )
        return run_batch(
            program, shape, files or {}, currents(3), np.arange(3), (), (), lambda: told.append(1), stop
        )

    for code, cause in ((3, OSError), (1, type(None))):
        with pytest.raises(UserError, match=f"ended with code {code}") as refusal:
            run(f"printf '1\\n3\\n'; echo no room >&2; exit {code}")
        assert refusal.value.value == "no room" and isinstance(refusal.value.__cause__, cause)
    assert len(told) == 6, "three trials, twice"
    with pytest.raises(UserError, match="cannot write the input"):
        run("true", {"no/such/folder": np.zeros(1)})
    stop.set()
    for script in ("sleep 5", "true"):
        with pytest.raises(InterruptedBatchError):
            run(script)


def test_a_process_at_a_time_interprets_or_has_the_gpu_and_several_compute_compiled_programs():
    names = "numpy", "genn", "cpp_standalone"
    assert [Device(name, jobs=3).processes for name in names] == [1, 1, 3]
    assert Device("genn", jobs=3, use_gpu=False).processes == 3


def test_trials_that_are_too_large_to_keep_together_are_simulated_one_by_one(monkeypatch):
    network = convert(every_layer(), LIF(), ExponentialCurrent(5e-3))
    counts = []
    for room, sizes in ((10**9, [3]), (1, [1, 1, 1])):
        monkeypatch.setattr(import_module("bioscnn.simulation.simulate"), "RECORDED_BYTES", room)
        batches = list(simulate_batches(network, currents(3), Device("numpy"), record=["conv1"]))
        found = [batch["conv1"].spikes for batch in batches]
        assert [spikes.n_trials for spikes in found] == sizes
        counts.append(np.concatenate([spikes.counts() for spikes in found]))
    assert np.array_equal(*counts)


def test_brian2_writes_source_in_a_precision_and_is_afterwards_what_it_was(tmp_path):
    before = brian2.prefs.as_file, brian2.get_device()
    for precision in ("float32", "float64"):
        with standalone(precision, tmp_path):
            assert brian2.prefs.core.default_float_dtype == np.dtype(precision)
            assert brian2.prefs.codegen.cpp.extra_compile_args == COMPILER_FLAGS
            assert brian2.prefs.codegen.cpp.include_dirs == [str(TEMPLATES), str(tmp_path)]
            assert brian2.prefs.codegen.cpp.headers == ['"draws.h"']
            assert brian2.get_device() is brian2.all_devices["cpp_standalone"]
            assert not brian2.get_device().build_on_run
        assert (brian2.prefs.as_file, brian2.get_device()) == before
    with pytest.raises(RuntimeError), standalone("float32"):
        raise RuntimeError
    assert (brian2.prefs.as_file, brian2.get_device()) == before


@pytest.mark.parametrize("how", ["auto", "explicit"])
def test_what_a_step_of_a_program_does_has_its_order(tmp_path, how):
    """A trial begins, noise is drawn, neurons fire and are reset, and then spikes reach their synapses."""
    source = Population("input", (2,), axons=Axons(np.full(2, 1e-3)))
    cells = Population("a", (3,), LIF(), noise=MembraneNoise(1e-3, 1), axons=Axons(np.full(3, 1e-3)))
    readout = Population("readout", (2,), LeakyIntegrator())
    projections = (
        Projection("input", "a", Dense((2,), (3,), np.ones((3, 2))), SYNAPSE),
        Projection("a", "readout", Dense((3,), (2,), np.ones((2, 3))), SYNAPSE, Failure(0.1, 1)),
    )
    shape = ProgramShape(SpikingNetwork((source, cells, readout), projections), True, "float64", how)
    generate_source(shape, tmp_path / "program")
    run = "".join(file.read_text() for file in (tmp_path / "program").glob("*.cpp"))
    # Brian2 numbers its own code objects, and what was made before counts.
    steps = [
        re.sub(r"_codeobject(_\d+)?$", "", name) for name in re.findall(r"defaultclock, _run_(\w+)\)", run)
    ]
    reach = {
        "auto": ["a_to_readout_deliver", "input_to_a_deliver"],
        "explicit": ["a_to_readout_pre_push_spikes", "a_to_readout_pre",
                     "input_to_a_pre_push_spikes", "input_to_a_pre"],
    }  # fmt: skip
    weights = {"auto": [], "explicit": ["a_to_readout_weights", "input_to_a_weights"]}
    assert steps == [
        "a_trials", "a_begin", *weights[how], "readout_begin", "a_noise", "a_advance", "readout_stateupdater",
        "input", "a_axons", "input_axons", *reach[how], "a_record", "readout_record",
    ]  # fmt: skip
    assert (tmp_path / "program" / "runtime.cpp").read_bytes() == (TEMPLATES / "runtime.cpp").read_bytes()
    assert "_array_defaultclock_dt[0] = bioscnn::dt;" in run
