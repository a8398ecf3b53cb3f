"""Nothing that is read is run: no call in the package that could, and readers that bound what they read."""

from __future__ import annotations

import ast
import gzip
import json
import os
import resource
import zipfile
from pathlib import Path

import brian2
import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper, save

import bioscnn
from bioscnn import files
from bioscnn.ann import read_onnx, room
from bioscnn.claims import take_table
from bioscnn.claims.record import file_of
from bioscnn.datasets import contents, image_files, read_events
from bioscnn.errors import UserError
from bioscnn.report.run import renew_report
from bioscnn.simulation.brian import exact
from bioscnn.simulation.solutions import cached_solution, is_arithmetic
from bioscnn.simulation.storage import StoredRun, load_run
from bioscnn.simulation.translation_unit import SCOPE, SUPPORT, join
from bioscnn.stdp.rule import rule_of

ROOT = Path(bioscnn.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))

RUNS = {"eval", "exec", "compile", "__import__", "system", "popen", "import_module", "run_path", "run_module"}
"""Calls that run text; `run_module` and the like take names."""

HARMLESS = {("fingerprint.py", "compile")}
"""Calls whose outcome is hashed. It cannot run: that takes `exec` or `eval`, which no module calls."""

LOADS = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "code", "runpy", "yaml"}
"""Modules that make objects, or code, of a file."""


REACHES = {
    "subprocess", "ctypes", "zipfile", "tarfile", "gzip", "lzma", "PIL", "onnx", "jinja2", "markupsafe",
    "requests", "urllib", "webbrowser", "pkgutil", "multiprocessing", "joblib", "distributed",
    "dask_jobqueue",
}  # fmt: skip
"""Modules by which what comes from outside reaches more than Python's own values."""


def imported(path: Path) -> set[str]:
    """Return the first names of all modules that a module imports, wherever in it."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
    return {name.split(".")[0] for name in names}


def test_the_table_of_security_names_every_module_that_reaches_out():
    named = (ROOT.parent / "docs" / "security.md").read_text(encoding="utf-8")
    reaching = [path.relative_to(ROOT).as_posix() for path in MODULES if REACHES & imported(path)]
    assert {"git.py", "datasets/own/survey.py", "report/render.py"} <= {*reaching}  # in functions too
    assert [name for name in reaching if f"`{name}`" not in named] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_runs_text_or_unpickles_a_file(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            harmless = ast.unparse(node.func) in ("re.compile", "platform.system")
            harmless |= (path.name, ast.unparse(node.func)) in HARMLESS
            assert name not in RUNS or harmless, f"{name} in line {node.lineno}"
            for keyword in node.keywords:
                given = getattr(keyword.value, "value", None)
                assert not (keyword.arg in ("shell", "allow_pickle") and given is not False)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [n.name for n in node.names]
            assert LOADS.isdisjoint(name.split(".")[0] for name in names), f"line {node.lineno}"
        elif isinstance(node, ast.List | ast.Tuple) and node.elts and path != ROOT / "git.py":
            assert getattr(node.elts[0], "value", "") != "git", (
                f"git in line {node.lineno}, not by bioscnn.git"
            )


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_hdf5_files_are_opened_for_reading_in_one_place(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("h5py.File", "File"):
            assert path == ROOT / "hdf5.py" or ast.unparse(node.args[1]) == "'w'", f"line {node.lineno}"


TOML = {"toml.py", "report/terms.py"}
"""Modules that parse TOML: that of others in one place, which bounds it, and a file of bioscnn's own."""


def test_toml_of_others_is_parsed_in_one_place():
    parsing = {path.relative_to(ROOT).as_posix() for path in MODULES if "tomllib" in path.read_text("utf-8")}
    assert parsing == TOML


MAIN = b"// \xc3\xbc\tint main() {}\r\n"


@pytest.fixture
def generated(tmp_path):
    """What Brian2 writes of one code object."""
    (tmp_path / "code_objects").mkdir()
    (tmp_path / "main.cpp").write_bytes(MAIN)
    (tmp_path / "makefile").write_bytes(b"SRCS = main.cpp code_objects/a_codeobject.cpp\n")

    def write(line):
        text = f"{SUPPORT}\n}}\nvoid run() {{\n    {SCOPE}\n    {line}\n}}\n"
        (tmp_path / "code_objects" / "a_codeobject.cpp").write_bytes(text.encode())
        return tmp_path

    return write


@pytest.mark.parametrize("character", "\r\v\f\x1c\x85\u2028\u2029\u202e\u0430\0")
def test_generated_code_with_a_hidden_line_is_not_compiled(generated, character):
    with pytest.raises(UserError, match=f"U\\+{ord(character):04X}") as raised:
        join(generated(f"// V{character}system(0);"))
    assert raised.value.key == "code_objects/a_codeobject.cpp"


def test_generated_code_is_joined_as_it_is(generated):
    folder = generated("// a comment\t{}")
    assert join(folder) == ["program.cpp"]
    joined = (folder / "program.cpp").read_bytes()
    assert MAIN in joined and b"// a comment\t{}\n" in joined
    assert b"using namespace a_codeobject_support;" in joined


def test_what_a_program_never_calls_is_not_compiled(generated):
    folder = generated("")
    functions = ["_init_arrays()", "_write_arrays()", "set_variable_by_name(std::string name)", "_last()"]
    text = "".join(
        f"void {function}\n{{\n  if (1) {{\n  }}\n  of({function});\n}}\n" for function in functions
    )
    (folder / "objects.cpp").write_text(text)
    (folder / "makefile").write_text("SRCS = main.cpp objects.cpp\n")
    join(folder)
    joined = (folder / "program.cpp").read_text()
    assert all(f"void {function}\n{{" in joined for function in functions)
    assert [function for function in functions if f"of({function})" in joined] == [
        functions[0],
        functions[-1],
    ]


@pytest.mark.parametrize(
    "code",
    ["V = V*exp(-dt/tau_m)\nI = 2.0*I**(-1)", "V = system(0)", "V = V; system(0)", 'V = "a"', "V = a.b", "V"],
)
def test_a_solution_on_disk_is_arithmetic_or_solved_again(tmp_path, monkeypatch, code):
    monkeypatch.setenv("BIOSCNN_CACHE", str(tmp_path))
    cached_solution("asked", lambda: code, is_arithmetic)
    assert list(tmp_path.rglob("*.json"))
    again = cached_solution("asked", lambda: "solved again", is_arithmetic)
    assert again == (code if code.startswith("V = V*exp") else "solved again")


@pytest.mark.parametrize(
    "code", [["V = 1"], None, "V = é", "V = 1j", "1V = 1", "V = clip(1)", "V = exp(x=1)"]
)
def test_other_content_is_no_solution(code):
    assert is_arithmetic("V = -exp(a)**2/3 + 1.5*sqrt(+b)") and not is_arithmetic(code)


def test_libraries_are_compiled_by_themselves(generated):
    folder = generated("")
    (folder / "network.cpp").write_text("// the network")
    (folder / "randomkit.c").write_text("// a library")
    (folder / "makefile").write_text("SRCS = main.cpp brianlib/randomkit.c network.cpp\n")
    (folder / "brianlib").mkdir()
    (folder / "randomkit.c").rename(folder / "brianlib" / "randomkit.c")
    assert join(folder) == ["program.cpp", "brianlib/randomkit.c"]
    joined = (folder / "program.cpp").read_text()
    assert "// the network" in joined and "// a library" not in joined


def test_a_solution_that_calls_a_function_of_others_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("BIOSCNN_CACHE", str(tmp_path))
    decay = brian2.Equations("dV/dt = -V/tau : 1\ntau : second")
    assert exact(decay, {"exp": brian2.DEFAULT_FUNCTIONS["exp"]}).startswith("_V = V*exp(-dt/tau)\n")
    other = brian2.Function(lambda x: x, arg_units=[1], return_unit=1)
    with pytest.raises(AssertionError, match="exp is no function of Brian2's own"):
        exact(decay, {"exp": other})


@pytest.mark.parametrize("location", ["../secret.bin", "/etc/hostname", "link.bin"])
def test_a_network_takes_no_weights_from_outside_its_folder(tmp_path, location):
    inside = tmp_path / "folder"
    inside.mkdir()
    (tmp_path / "secret.bin").write_bytes(bytes(4 * 90))
    (inside / "link.bin").symlink_to(tmp_path / "secret.bin")
    weights = numpy_helper.from_array(np.zeros((10, 9), np.float32), "w")
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value=location)
    graph = helper.make_graph(
        [helper.make_node("Flatten", ["x"], ["f"]), helper.make_node("Gemm", ["f", "w"], ["y"], transB=1)],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 1, 3, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 10])],
        [weights],
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), inside / "net.onnx")
    with pytest.raises(UserError, match="external data"):
        read_onnx(inside / "net.onnx")


@pytest.mark.parametrize("commit", ["--output=written", "-Swritten", "HEAD; touch written", None, 7])
def test_a_commit_that_results_name_is_no_option_of_git(tmp_path, monkeypatch, commit):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    (tmp_path / "summary.json").write_text(json.dumps({"commit": commit, "command": "bioscnn noise mnist"}))
    (tmp_path / "units.csv").write_text("measure,code,commit\nbioscnn.readout,x,y\n")
    record = take_table(tmp_path / "x.csv", tmp_path / "tables" / "x.csv", "trials")
    assert record.code == {"bioscnn.readout": "x"}
    assert {path.name for path in tmp_path.iterdir()} == {"x.csv", "summary.json", "units.csv", "tables"}


@pytest.mark.parametrize("module", ["bioscnn./etc/passwd", "bioscnn.", "bioscnn.a b", "os"])
def test_a_module_that_results_name_is_one_of_bioscnn(module):
    assert file_of(module) is None


@pytest.mark.parametrize(
    "read",
    [
        files.read_text,
        load_run,
        lambda path: StoredRun(path).__enter__(),
        lambda path: read_onnx(path),
        contents.read_content,
        lambda path: image_files.open_image(path, ["PNG"]),
        lambda path: read_events(path, (34, 34)),
    ],
)
def test_a_pipe_is_no_file(tmp_path, read):
    """Whoever opens one waits for ever."""
    os.mkfifo(tmp_path / "pipe.onnx")
    with pytest.raises(UserError):
        read(tmp_path / "pipe.onnx")


def test_a_report_that_is_a_pipe_is_written_anew(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "report.html")
    monkeypatch.setattr("bioscnn.report.run.write_report", lambda folder: folder / "written")
    assert renew_report(tmp_path) == tmp_path / "written"


@pytest.mark.parametrize("name", ["os.path:join", "bioscnn.stdp.rule:RULES", "", None, ["competitive"]])
def test_no_module_is_imported_by_a_name_that_is_in_no_table(name):
    with pytest.raises(UserError, match="no such way to learn"):
        rule_of(name)
    with pytest.raises(AttributeError, match="has no attribute"):
        bioscnn.__getattr__(str(name))


def test_a_text_of_any_size_is_not_read(tmp_path):
    with (tmp_path / "summary.json").open("wb") as file:
        file.truncate(files.LARGEST_TEXT + 1)
    with pytest.raises(UserError, match="too large"):
        files.read_text(tmp_path / "summary.json")


def test_a_member_of_an_npz_file_that_is_no_array_damages_it(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("x.npy", b"no array")
    assert files.read_npz(tmp_path / "x.npz") is None


def test_the_memory_is_what_this_process_may_have(monkeypatch):
    room.memory.cache_clear()
    monkeypatch.setattr(resource, "getrlimit", lambda what: (10**9, 10**9))
    try:
        with pytest.raises(UserError, match="does not fit into the memory"):
            room.check_room((300_000_000,), "an image", itemsize=1)
    finally:
        room.memory.cache_clear()


def test_a_file_that_unpacks_to_too_much_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(contents, "MOST_BYTES", 1000)
    file = tmp_path / "images.gz"
    file.write_bytes(gzip.compress(bytes(1000)))
    assert contents.read_content(file) == bytes(1000)
    file.write_bytes(gzip.compress(bytes(1001)))
    with pytest.raises(UserError, match="unpacks to too much"):
        contents.read_content(file)
