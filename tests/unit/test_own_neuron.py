"""A neuron of the user's own: a file of equations, checked before anything is simulated."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from bioscnn.ann import ReLU
from bioscnn.conversion import convert, normalise
from bioscnn.errors import UserError
from bioscnn.network import OUTPUT
from bioscnn.neurons import (
    LIF,
    Definition,
    EquationNeuron,
    ExponentialConductance,
    ExponentialCurrent,
    read_definition,
)
from bioscnn.neurons.brian_checks import check, state_units
from bioscnn.simulation import Device, simulate
from bioscnn.studies import read_study
from tests.networks import currents, every_layer, images

SIMS = Path(__file__).parents[2] / "sims"
SHIPPED = sorted((SIMS / "neurons").glob("*.toml"))

LEAKY = """
equations = "dV/dt = (R_m*(I_syn + I_stim) - V)/tau_m : volt (unless refractory)"
threshold = "V > V_th"
reset = "V = V - V_th"
refractory = "t_ref"
method = "exact"

[parameters]
tau_m = "20 ms"
R_m = "100 Mohm"
V_th = "20 mV"
t_ref = "2 ms"
"""
"""The LIF neuron, with the reset rule `subtract`."""


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "leaky.toml"
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_every_shipped_neuron_fires_faster_with_more_current(path):
    neuron = EquationNeuron(read_definition(path))
    rates = neuron.rate(np.linspace(0, 2e-9, 50))
    assert rates[0] == 0 and rates[-1] > 100
    assert np.all(np.diff(rates) >= 0)
    assert neuron.rate(neuron.current(60.0)) == pytest.approx(60.0, rel=1e-6)


def test_a_lif_neuron_written_as_a_file_is_the_lif_neuron(write):
    """Its measured curve is the closed form; in a network, its spikes and potentials are the same."""
    own, known = EquationNeuron(read_definition(write(LEAKY))), LIF(reset="subtract")
    current = np.linspace(0.25e-9, 1.5e-9, 20)
    fine = own.in_whole_steps(0.4e-3)
    assert np.allclose(fine.rate(current), known.rate(current), rtol=0.02)
    interval, window = 1 / known.rate(current), 30e-3
    first = interval - known.t_ref  # from rest
    intervals = np.where(window < first, window / first, 1 + (window - first) / interval)
    assert np.allclose(fine.mean_rate(current, window), intervals / window, rtol=0.03)
    assert own.rheobase == pytest.approx(known.rheobase, rel=0.01)
    networks = [
        convert(
            every_layer(ReLU()), neuron, ExponentialCurrent(5e-3),
            normalisation=normalise(every_layer(ReLU()), images(50), neuron, method="none", max_rate=100.0),
        )
        for neuron in (own, known)
    ]  # fmt: skip
    ours, theirs = networks[0], networks[1]
    populations = [
        p if q.neuron is None or q.name == "readout" else type(p)(p.name, p.shape, own, q.bias)
        for p, q in zip(ours.populations, theirs.populations, strict=True)
    ]
    same = type(theirs)(tuple(populations), theirs.projections)
    one, other = (simulate(n, currents(3), Device("numpy"), record=["conv1", OUTPUT]) for n in (same, theirs))
    for name in ("conv1", OUTPUT):
        assert one[name].spikes.n_spikes > 0
        assert one[name].spikes == other[name].spikes
        assert np.allclose(one[name].potentials, other[name].potentials, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("threshold =", "treshold =", ["does not have this key", "treshold", "write threshold"]),
        ('threshold = "V > V_th"', "", ["needs this key", "threshold"]),
        ('"V > V_th"', "3", ["not a text", "threshold", "3"]),
        ('"V > V_th"', '" "', ["empty", "threshold"]),
        ("dV/dt", "dv/dt", ["membrane potential", "dV/dt = ... : volt"]),
        (": volt", ": amp", ["nothing of the membrane potential"]),
        (": volt", ": mV", ["cannot read the equations", "Use 'volt' instead"]),
        ("/tau_m :", "/ :", ["cannot read the equations"]),
        ("R_m*(I_syn + I_stim)", "(I_syn + I_stim)", ["R_m is not used"]),
        ("R_m*(I_syn + I_stim)", "R_m*I_stim", ["input I_syn is not used"]),
        ("- V)/tau_m", "- V)/tau", ["tau is not defined", "equations", "write tau_m"]),
        ("- V)/tau_m", "- V - 0*volt*exp(-tau_k/tau_m))/tau_m", ["tau_k is not defined", 'tau_k = "10 ms"']),
        ('"V > V_th"', '"V > V_th*rand()"', ["rand is random", "noise is a table of the study"]),
        ('"V > V_th"', '"V > V_T"', ["V_T is not defined", "threshold"]),
        ('"V = V - V_th"', '"V = V_reset"', ["V_reset is not defined", "reset", "[parameters]"]),
        ('"V = V - V_th"', '"V = V_r"', ["V_r is not defined", "reset", "[parameters]: V_r = "]),
        ('"V > V_th"', '"V > V_th and lastspike < 0*second"', ["lastspike belongs to the simulation"]),
        ('"V > V_th"', '"V > V_th or i == N"', ["N belongs to the simulation", "threshold"]),
        ('"V = V - V_th"', '"V = a; a = V_th"', ["the reset uses a before it sets it"]),
        ('"V = V - V_th"', '"a += V_th; V = a"', ["the reset uses a before it sets it"]),
        ('t_ref = "2 ms"', 't_ref = "-2 ms"', ["no refractory period", "parameters.t_ref", "0 ms to"]),
        ('t_ref = "2 ms"', 't_ref = "1e9 s"', ["no refractory period", "parameters.t_ref"]),
        ("R_m*(I_syn", "R_m*2*ohm*(I_syn", ["cannot simulate it", "equations"]),
        ('"100 Mohm"', '"10 nS"', ["look at the units: ", "R_m in siemens"]),
        ('"V > V_th"', '"V > tau_m"', ["cannot simulate it", "threshold"]),
        ('"V = V - V_th"', '"V = V - R_m"', ["cannot simulate it", "reset"]),
        ('tau_m = "20 ms"', 'tau_m = "20 parsec"', ["neither a number nor a quantity", "parameters.tau_m"]),
        ('R_m = "100 Mohm"', 'R_m = "100 Mohm"\nE_L = "-70 mV"', ["parameter E_L is not used"]),
        ("- V)/tau_m", "- V - 70*mV)/tau_m", ["does not rest at 0", "-0.07 V", "deviation"]),
        ('"t_ref"', '"R_m"', ["a parameter that is a time", "refractory", "tau_m | t_ref"]),
        ('"exact"', '"heun"', ["no such method", "rk4"]),
        ("- V)/tau_m", "- V**2/(1*mV))/tau_m", ["cannot simulate it", "method", 'method = "rk4"']),
        ("[parameters]", 'x = "1', ["not a TOML file"]),
    ],
)  # fmt: skip
def test_a_mistake_in_the_file_is_answered_with_file_key_value_and_fix(write, old, new, words):
    assert old in LEAKY
    path = write(LEAKY.replace(old, new))
    with pytest.raises(UserError) as raised:
        read_definition(path)
    for word in [str(path), *words]:
        assert word in str(raised.value)


def defined(**changes):
    """The neuron of the file as a definition, of which Brian2 has checked nothing yet."""
    return Definition.of_table("leaky", tomllib.loads(LEAKY) | changes)


@pytest.mark.usefixtures("copied")
@pytest.mark.parametrize(("of_V", "soluble"), [("0*mV", True), ("V/2", False)])
def test_equations_that_are_not_solved_in_time_are_refused(monkeypatch, of_V, soluble):
    monkeypatch.setattr("bioscnn.neurons.brian_checks.SECONDS", 4)
    slow = f"da/dt = ({of_V} - a)/tau_a : volt"
    text = LEAKY.replace('equations = "', f'tau_a = "9 ms"\nequations = "{slow}\\n').replace(
        "- V)", "- V + a)"
    )
    table = tomllib.loads(text)
    table["parameters"]["tau_a"] = table.pop("tau_a")
    neuron = Definition.of_table("leaky", table)
    if soluble:
        check(neuron)
        return
    with pytest.raises(UserError, match="no exact solution of these equations after 4 s") as raised:
        check(neuron)
    assert raised.value.key == "method" and "rk4" in raised.value.fix


LEAK = "dV/dt = (R_m*(I_syn + I_stim) - V{})/tau_m : volt"


@pytest.mark.parametrize(
    ("name", "usual"),
    [("tau_k", "10 ms"), ("t_k", "10 ms"), ("R_k", "100 Mohm"), ("g_k", "10 nS"), ("C_k", "200 pF"),
     ("I_k", "1 nA"), ("E_k", "10 mV")],
)  # fmt: skip
def test_a_name_that_nobody_defines_is_told_with_what_it_could_be(name, usual):
    with pytest.raises(UserError, match=f"{name} is not defined") as raised:
        check(defined(equations=LEAK.format(f" - {name}")))
    assert (raised.value.key, raised.value.value) == ("equations", name)
    assert f'below [parameters]: {name} = "{usual}" or the like' in raised.value.fix


@pytest.mark.parametrize(
    ("line", "problem", "value"),
    [
        ("dx/dt = -x/tau_m : metre", "the unit of x is none", "m"),
        ("dw/dt = -w/tau_m : 1", "w is defined by the network already", "w"),
        ("dI_syn/dt = -I_syn/tau_m : amp", "I_syn is defined by the network already", "I_syn"),
        ("R_m = 1*ohm : ohm", "R_m is defined twice", "R_m"),
    ],
)
def test_an_equation_that_the_network_cannot_have_is_refused(line, problem, value):
    with pytest.raises(UserError) as raised:
        check(defined(equations=LEAK.format("") + f"\n{line}"))
    assert raised.value.problem.startswith(problem) and raised.value.value == value


@pytest.mark.parametrize(
    ("changes", "problem", "value"),
    [
        ({"equations": "dV/dt = R_m*I_syn/tau_m : volt"}, "the input I_stim is not used", "I_stim"),
        ({"reset": "V = V_k"}, "V_k is not defined", "V_k"),
        ({"reset": "x = V; V = x - V_th; w = 1"}, "the reset sets w", "w"),
    ],
)
def test_what_the_network_cannot_have_is_refused_before_a_simulation(changes, problem, value):
    with pytest.raises(UserError) as raised:
        check(defined(**changes))
    assert raised.value.problem.startswith(problem) and raised.value.value == value


def test_a_reset_may_keep_a_value_for_itself_alone():
    check(defined(reset="x = V; V = x - V_th"))
    for change in ({"threshold": "V > x"}, {"equations": LEAK.format(" - x")}):
        with pytest.raises(UserError, match="x is not defined"):
            check(defined(reset="x = V; V = x - V_th", **change))


def test_the_potential_rests_within_a_millivolt_of_0():
    check(defined(equations=LEAK.format(" + 0.9*mV")))
    with pytest.raises(UserError, match="does not rest at 0") as raised:
        check(defined(equations=LEAK.format(" + 1.1*mV")))
    assert (raised.value.value, raised.value.expected) == ("V = 0.0011 V after 0.2 s", "within 1 mV of 0")


def test_each_variable_of_a_differential_equation_returns_to_rest_in_its_unit():
    equations = LEAK.format(" - R_m*w") + "\ndw/dt = -w/tau_m : amp\ndx/dt = -x/tau_m : 1\ny = x**2 : 1"
    units = {"V": "volt", "w": "amp", "x": "1"}
    assert (
        EquationNeuron(defined(equations=equations)).state
        == state_units(defined(equations=equations))
        == units
    )
    rates = "\ndg/dt = -g/tau_m : siemens\ndf/dt = -f/tau_m : hertz\ndh/dt = 1 - h/tau_m : second"
    found = state_units(defined(equations=LEAK.format("") + rates))
    assert found == {"V": "volt", "g": "siemens", "f": "hertz", "h": "second"}


def test_parameters_are_those_of_the_file_or_what_replaces_them(write):
    changed = read_definition(write(LEAKY), {"tau_m": "15 ms"})
    values = {p.name: p.value for p in changed.parameters}
    assert values == {"tau_m": 15e-3, "R_m": 100e6, "V_th": 20e-3, "t_ref": 2e-3}
    with pytest.raises(UserError, match="parameter other is not used"):
        read_definition(write(LEAKY), {"other": "15 ms"})


def test_a_missing_file_names_those_that_are_there():
    with pytest.raises(UserError, match=r"exponential\.toml"):
        read_definition(SIMS / "neurons" / "exponental.toml")


def test_a_neuron_that_nothing_makes_fire_has_no_rate_curve(write):
    neuron = EquationNeuron(read_definition(write(LEAKY.replace('"20 mV"', '"20 MV"'))))
    with pytest.raises(UserError, match="no current makes the neuron fire"):
        neuron.rate([1e-9])


def test_a_rate_beyond_the_curve_is_refused_before_the_simulation(write):
    neuron = EquationNeuron(read_definition(write(LEAKY.replace('t_ref = "2 ms"', 't_ref = "50 ms"'))))
    with pytest.raises(UserError, match=r"network\.max_rate"):
        normalise(every_layer(ReLU()), images(5), neuron, max_rate=200.0)


def test_the_path_of_a_network_begins_beside_the_file_that_names_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "studies").mkdir()
    file = Path("studies/mine.toml")
    file.write_text('[network]\nmodel = "../networks/mine.onnx"\n')
    study = read_study(file)
    assert study.config.network.model == "networks/mine.onnx"
    assert read_study(file, ["network.model=mine.onnx"]).config.network.model == "mine.onnx"
    assert read_study(file, ["network.model=mnist-large"]).config.network.model == "mnist-large"
    # What a run keeps of its study says the same from any folder.
    (tmp_path / "config.toml").write_text(study.toml())
    monkeypatch.chdir("/")
    assert read_study(tmp_path / "config.toml").config.network.model == str(tmp_path / "networks/mine.onnx")


def test_a_study_takes_the_path_from_its_own_place_and_keeps_what_the_file_says(write, tmp_path):
    write(LEAKY)
    study_file = tmp_path / "study.toml"
    study_file.write_text('[neuron]\nmodel = "leaky.toml"\n')
    study = read_study(study_file)
    assert study.config.neuron.refractory_period == 2e-3
    written = tmp_path / "elsewhere" / "config.toml"
    written.parent.mkdir()
    written.write_text(study.toml())
    again = read_study(written)
    assert again.config == study.config and again.key() == study.key()

    study_file.write_text('[neuron]\nmodel = "leaking.toml"\n')
    with pytest.raises(UserError, match=r"no such file of a neuron[^$]*leaking\.toml[^$]*leaky\.toml"):
        read_study(study_file)
    study_file.write_text('[neuron]\nmodel = "leaky.toml"\n')

    faster = read_study(study_file, ["neuron.definition.parameters.tau_m=10 ms"])
    assert faster.key() != study.key()
    write(LEAKY.replace('"20 ms"', '"10 ms"'))
    assert read_study(study_file).key() == faster.key()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("neuron.tau_m=10 ms", ["neuron.tau_m", '"lif"']),
        ("noise.threshold-mismatch.cv=0.1", ["noise.threshold-mismatch", "come with bioscnn"]),
        ("simulation.dt=0.7 ms", ["whole number of time steps"]),
        ("neuron.definition.parameters.tau=10 ms", ["parameter tau is not used"]),
        ("neuron.definition.reset=V = 0*volt", ["only the parameters", "neuron.definition.parameters.NAME"]),
    ],
)
def test_a_study_refuses_what_a_neuron_of_ones_own_does_not_have(write, change, words):
    with pytest.raises(UserError) as raised:
        read_study(SIMS / "mnist.toml", [f"neuron.model={write(LEAKY)}", change])
    for word in words:
        assert word in str(raised.value)


def test_a_linear_neuron_of_ones_own_takes_conductances(write):
    neuron = EquationNeuron(read_definition(write(LEAKY)))
    graph = every_layer(ReLU())
    normalisation = normalise(graph, images(50), neuron, max_rate=100.0)
    network = convert(graph, neuron, ExponentialConductance(), normalisation=normalisation)
    assert simulate(network, currents(2), Device("numpy"))["conv2"].counts_by_neuron.sum() > 0


def test_a_file_called_like_a_neuron_of_ours_is_to_be_called_otherwise(tmp_path):
    shipped = Path(__file__).parents[2] / "sims"
    own = tmp_path / "lif.toml"
    own.write_text((shipped / "neurons" / "exponential.toml").read_text())
    with pytest.raises(UserError) as refused:
        read_study(shipped / "mnist.toml", [f"neuron.model={own}", "network.model=mnist-small-relu"])
    assert refused.value.key == "neuron.definition" and "named" not in refused.value.problem


def test_parameters_that_are_no_table_are_refused_in_their_file(tmp_path):
    shipped = Path(__file__).parents[2] / "sims"
    own = tmp_path / "own.toml"
    own.write_text(
        (shipped / "neurons" / "exponential.toml").read_text().replace("[parameters]", "[[parameters]]")
    )
    with pytest.raises(UserError) as refused:
        read_study(shipped / "mnist.toml", [f"neuron.model={own}", "network.model=mnist-small-relu"])
    assert "parameters" in refused.value.key
