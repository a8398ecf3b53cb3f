import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bioscnn.cli import app
from bioscnn.doctor import (
    Check,
    Environment,
    diagnose,
    find_genn,
    require_compiler,
    require_genn,
    this_machine,
)
from bioscnn.doctor.disk import check_cache
from bioscnn.doctor.genn import check_cuda, check_genn, check_gpu
from bioscnn.doctor.packages import check_brian2, check_optional, check_python, check_requirements
from bioscnn.doctor.toolchain import locate_make, try_compiler
from bioscnn.errors import UserError


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """The only folder on the PATH of the bare machine."""
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


@pytest.fixture
def bare(programs: Path, tmp_path: Path) -> Environment:
    """A Debian machine with a new Python and nothing else."""
    return Environment(
        variables={"PATH": str(programs), "HOME": str(tmp_path)},
        system="Linux",
        distributions=("ubuntu", "debian"),
        python=(3, 11, 7),
        cache=tmp_path / ".cache" / "bioscnn",
        requirements=("brian2>=2.6", "numpy>=1.26", 'torch>=2.2; extra == "train"'),
        version_of=lambda name: None,
    )


def install(folder: Path, name: str, script: str = "exit 0") -> Path:
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def with_variables(environment: Environment, **variables: str) -> Environment:
    return replace(environment, variables={**environment.variables, **variables})


def with_versions(environment: Environment, **versions: str) -> Environment:
    return replace(environment, version_of=versions.get)


def test_this_machine_which_runs_the_tests_is_healthy():
    found = {check.name: check for check in diagnose()}
    for name in ("Python", "packages", "Brian2", "C++ compiler", "make"):
        assert found[name].status == "ok", found[name]


def test_on_a_bare_machine_everything_that_is_missing_has_its_fix(bare):
    found = {check.name: check for check in diagnose(bare)}
    missing = {name for name, check in found.items() if check.status == "missing"}
    assert missing == {"brian2", "numpy", "Brian2", "C++ compiler", "make"}
    assert all(check.fix for check in found.values() if check.status != "ok")
    assert found["torch"].status == found["GeNN"].status == found["CUDA"].status == "optional"


def test_the_doctor_works_where_no_package_can_be_imported():
    code = """if True:
        import sys
        class Nothing:
            def find_spec(self, name, path=None, target=None):
                if name.split(".")[0] in {"brian2", "numpy", "pooch", "packaging"}:
                    raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        sys.meta_path.insert(0, Nothing())
        from bioscnn.doctor import diagnose
        print(*(f"{check.name}: {check.status}" for check in diagnose()), sep="\\n")
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert "packaging: missing" in lines
    assert "cache folder: ok" in lines


@pytest.mark.parametrize(
    ("system", "distributions", "fix"),
    [
        ("Linux", ("ubuntu", "debian"), "sudo apt-get install g++ make"),
        ("Linux", ("rocky", "rhel", "centos", "fedora"), "sudo dnf install gcc-c++ make"),
        ("Linux", ("unheard-of",), "conda install -c conda-forge cxx-compiler make"),
        ("Darwin", (), "xcode-select --install"),
        ("Windows", (), "use the Windows Subsystem for Linux: wsl --install"),
    ],
)
def test_a_missing_compiler_comes_with_this_systems_command(bare, system, distributions, fix):
    machine = replace(bare, system=system, distributions=distributions)
    for check in (try_compiler(machine), locate_make(machine)):
        assert check.status == "missing"
        assert check.fix.startswith(fix)


def test_a_build_without_a_compiler_is_refused_at_once_with_the_fix(bare):
    start = time.process_time()
    with pytest.raises(UserError, match=r"no C\+\+ compiler for the C\+\+ device") as caught:
        require_compiler(bare)
    assert time.process_time() - start < 0.1
    assert "sudo apt-get install g++ make" in caught.value.fix
    assert '"numpy"' in caught.value.fix


def test_a_build_with_a_compiler_and_without_make_is_refused(bare, programs):
    install(programs, "g++")
    with pytest.raises(UserError, match="no make for the C"):
        require_compiler(bare)
    install(programs, "make")
    require_compiler(bare)


def test_the_compiler_is_the_one_that_make_would_call(bare, programs):
    install(programs, "clang++")
    assert try_compiler(bare).fix == "export CXX=clang++"
    require = with_variables(bare, CXX="ccache g++-14")
    check = try_compiler(require)
    assert (check.status, check.found) == ("broken", "CXX=ccache is not on the PATH")
    assert "CXX" in check.fix


def test_a_compiler_that_is_there_and_fails_is_broken(bare, programs):
    install(programs, "g++", "echo 'cannot find cc1plus' >&2; exit 1")
    check = try_compiler(bare)
    assert check.status == "broken"
    assert "cannot find cc1plus" in check.found


def test_a_compiler_whose_programs_do_not_run_is_broken(bare, programs):
    install(programs, "g++", 'while [ "$1" != -o ]; do shift; done; echo text > "$2"')
    check = try_compiler(bare)
    assert check.status == "broken"
    assert "does not run" in check.found


def test_a_real_compiler_is_run_and_timed():
    check = try_compiler(this_machine())
    assert check.status == "ok"
    assert "built and ran in" in check.found


@pytest.mark.parametrize(
    ("python", "status"), [((3, 10, 14), "broken"), ((3, 11, 0), "ok"), ((3, 13, 1), "ok")]
)
def test_python_before_3_11_is_refused(bare, python, status):
    assert check_python(replace(bare, python=python)).status == status


def test_a_package_that_is_too_old_is_named_with_what_is_needed(bare):
    checks = check_requirements(with_versions(bare, brian2="2.5.4", numpy="1.26.4"))
    assert checks == [
        Check("brian2", "broken", "2.5.4, but bioscnn needs >=2.6", 'pip install "brian2>=2.6"')
    ]


def test_good_packages_are_one_line_and_extras_are_not_asked_for(bare):
    (check,) = check_requirements(with_versions(bare, brian2="2.9.0", numpy="2.3.5"))
    assert (check.status, check.found) == ("ok", "all 2 at a version that bioscnn accepts")


def test_a_checkout_that_is_not_installed_is_told_to_install(bare):
    (check,) = check_requirements(replace(bare, requirements=()))
    assert check.fix == "pip install -e ."


@pytest.mark.parametrize(
    ("brian2", "numpy", "fix"),
    [("2.9.0", "2.4.6", 'pip install "numpy<2.4"'), ("2.5.4", "2.3.5", 'pip install "numpy<2"')],
)
def test_a_numpy_too_new_for_brian2_is_found_before_it_fails(bare, brian2, numpy, fix):
    check = check_brian2(with_versions(bare, brian2=brian2, numpy=numpy))
    assert (check.status, check.fix) == ("broken", fix)


@pytest.mark.parametrize(("brian2", "numpy"), [("2.9.0", "2.3.5"), ("2.10.1", "2.5.5"), ("2.5.4", "1.26.4")])
def test_pairs_known_to_work_are_accepted(tmp_path, brian2, numpy):
    (tmp_path / "brian2.py").touch()
    machine = with_variables(this_machine(), PYTHONPATH=str(tmp_path))
    assert check_brian2(with_versions(machine, brian2=brian2, numpy=numpy)).status == "ok"


def test_a_brian2_that_does_not_import_is_broken_whatever_its_version(tmp_path):
    (tmp_path / "brian2.py").write_text("raise ImportError('undefined symbol: ptp')")
    machine = with_variables(this_machine(), PYTHONPATH=str(tmp_path))
    check = check_brian2(with_versions(machine, brian2="2.9.0", numpy="2.3.5"))
    assert check.status == "broken"
    assert "undefined symbol: ptp" in check.found


FOR_GENN = {
    "brian2genn": "1.7.0",
    "brian2": "2.5.4",
    "numpy": "1.26.4",
    "cython": "3.0.12",
    "setuptools": "81.0.0",
}


def with_genn(environment: Environment, folder: Path, version: str | None = "4.9.0\n") -> Environment:
    if version is not None:
        (folder / "version.txt").write_text(version)
    return with_variables(environment, GENN_PATH=str(folder))


def not_ok(environment: Environment) -> list[Check]:
    return [check for check in check_genn(environment) if check.status != "ok"]


def test_a_machine_that_nobody_wants_genn_on_is_not_ill(bare):
    (check,) = check_genn(bare)
    assert (check.name, check.status) == ("GeNN", "optional")
    assert "GENN_PATH" in check.fix
    assert check_cuda(bare).status == check_gpu(bare).status == "optional"


def test_genn_that_is_installed_as_it_should_be_is_found(bare, tmp_path):
    machine = with_versions(with_genn(bare, tmp_path), **FOR_GENN)
    assert not not_ok(machine)
    assert find_genn(machine) == require_genn(machine) == tmp_path


@pytest.mark.parametrize(
    ("version", "found"),
    [
        ("5.1.0", "GeNN 5.1.0"),
        ("4.2.0", "GeNN 4.2.0"),
        ("5.0.0\n", "GeNN 5.0.0"),
        ("nonsense", "no version"),
        (None, "no version"),
    ],
)
def test_a_genn_that_brian2genn_cannot_use_is_found_before_a_build(bare, tmp_path, version, found):
    machine = with_versions(with_genn(bare, tmp_path, version), **FOR_GENN)
    (check,) = not_ok(machine)
    assert (check.name, check.status) == ("GeNN", "broken")
    assert check.found.startswith(found)
    assert "4.9.0" in check.fix and "GENN_PATH" in check.fix
    assert find_genn(machine) is None


@pytest.mark.parametrize(
    ("name", "version", "status", "fix"),
    [
        ("numpy", "2.0.0", "broken", "numpy<2"),
        ("cython", "3.1.0", "broken", "cython<3.1"),
        ("setuptools", "82.0.0", "broken", "setuptools<82"),
        ("setuptools", None, "missing", "setuptools<82"),
        ("brian2", "2.6.0", "broken", "brian2>=2.5.4,<2.6"),
        ("brian2genn", "1.6", "broken", "brian2genn==1.7.0"),
    ],
)
def test_a_package_that_brian2genn_does_not_work_with_is_named_with_its_fix(
    bare, tmp_path, name, version, status, fix
):
    machine = with_versions(with_genn(bare, tmp_path), **FOR_GENN | {name: version})
    (check,) = not_ok(machine)
    assert (check.name, check.status) == (f"{name} for GeNN", status)
    assert check.fix == f'pip install "{fix}"'
    with pytest.raises(UserError) as caught:
        require_genn(machine)
    assert caught.value.key == "simulation.device"
    assert fix in caught.value.fix


@pytest.mark.parametrize("version", ["4.2.1", "4.9.0\n"])
def test_genn_4_needs_brian2genn_beside_it(bare, tmp_path, version):
    (check,) = not_ok(with_genn(bare, tmp_path, version))
    assert (check.name, check.status) == ("brian2genn", "missing")
    for pinned in ("brian2genn==1.7.0", "numpy<2", "cython<3.1", "setuptools<82"):
        assert f'"{pinned}"' in check.fix


def test_a_gpu_and_cuda_are_needed_only_where_they_are_to_be_used(bare, tmp_path):
    machine = with_versions(with_genn(bare, tmp_path), **FOR_GENN)
    require_genn(machine)
    with pytest.raises(UserError, match=r"no nvcc[^$]*CUDA 12"):
        require_genn(machine, use_gpu=True)


def test_brian2genn_without_genn_is_told_to_name_its_folder(bare):
    (check,) = not_ok(with_versions(bare, **FOR_GENN))
    assert (check.name, check.status) == ("GeNN", "missing")
    assert "export GENN_PATH" in check.fix


def test_a_gpu_is_named_and_a_driver_that_fails_is_ill_only_where_genn_is_wanted(bare, programs, tmp_path):
    install(programs, "nvidia-smi", "echo 'NVIDIA A100, 550.54'")
    assert check_gpu(bare) == Check("GPU", "ok", "NVIDIA A100, 550.54")
    install(programs, "nvidia-smi", "echo 'No devices were found'; exit 6")
    assert check_gpu(bare).status == "optional"
    check = check_gpu(with_genn(bare, tmp_path))
    assert (check.status, check.found) == ("broken", "nvidia-smi says: No devices were found")


def test_cuda_13_is_too_new_only_for_genn(bare, programs):
    install(programs, "nvcc", "echo 'Cuda compilation tools, release 13.0, V13.0.88'")
    assert check_cuda(bare).status == "ok"
    check = check_cuda(with_variables(bare, GENN_PATH="/opt/genn"))
    assert check.status == "broken"
    assert "CUDA 12" in check.fix


def test_cuda_is_looked_for_where_cuda_path_says(bare, tmp_path):
    machine = with_variables(bare, CUDA_PATH=str(tmp_path))
    assert check_cuda(machine).status == "broken"
    (tmp_path / "bin").mkdir(exist_ok=True)
    install(tmp_path / "bin", "nvcc", "echo release 12.4")
    assert check_cuda(machine).found.startswith("CUDA 12.4")


def test_a_cache_folder_that_cannot_be_written_is_broken(bare, tmp_path):
    assert check_cache(bare).status == "ok"
    assert not bare.cache.exists()
    (tmp_path / "file").touch()
    check = check_cache(replace(bare, cache=tmp_path / "file" / "bioscnn"))
    assert check.status == "broken"
    assert str(tmp_path / "file") in check.fix


def test_a_full_disk_is_broken(bare, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda place: type("Usage", (), {"free": 2**29}))
    check = check_cache(bare)
    assert check.status == "broken"
    assert "0.5 GiB free" in check.found


def test_a_browser_that_playwright_installed_is_found(bare, tmp_path):
    def chromium() -> str:
        return next(check.status for check in check_optional(bare) if check.name == "Chromium")

    assert chromium() == "optional"
    (tmp_path / ".cache" / "ms-playwright" / "chromium-1200").mkdir(parents=True)
    assert chromium() == "ok"


@pytest.mark.parametrize(("status", "code"), [("missing", 2), ("broken", 2), ("optional", 0)])
def test_the_command_ends_with_code_2_if_something_has_to_be_mended(monkeypatch, status, code):
    found = Check("compiler", status, "no C++ compiler", "apt install g++")
    monkeypatch.setattr("bioscnn.doctor.diagnose", lambda: [found])
    told = CliRunner().invoke(app, ["doctor"])
    assert told.exit_code == code and "apt install g++" in told.stdout
