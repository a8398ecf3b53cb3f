"""Text of a user's neuron is not code: what is allowed is printed anew, all else is refused by name."""

from __future__ import annotations

import math
import time
import tomllib
import unicodedata
from contextlib import nullcontext, suppress
from json import dumps
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioscnn.errors import UserError
from bioscnn.identifiers import check_identifier
from bioscnn.neurons import Definition, read_definition
from bioscnn.neurons.cells import cells
from bioscnn.neurons.definition import Parameter
from bioscnn.neurons.expressions import FUNCTIONS, MOST_TERMS, canonical_expression
from bioscnn.neurons.model_text import parse_equations, parse_statements
from bioscnn.quantities import BRIAN_UNITS, parse_any_quantity
from bioscnn.studies import read_study
from tests.devices.test_own_neuron_text import CELL

TEXTS = ("equations", "threshold", "reset", "refractory", "method")
SHELL = "__import__('os').system('touch CODE_RAN')"

SEPARATORS = "\u2028\u2029\x85\r\v\f\x1c\x1d\x1e\0"
HIDDEN = "\u202e\u2066\u200b\u200d\ufeff\u00ad\u00a0\x1b\x7f"
LOOK_ALIKES = "\u0410\u0412\u0435\uff36\ufb01\u212f\u00b5\u03a9\u2212"


def table(**changes):
    return CELL | changes


@pytest.fixture(autouse=True)
def nothing_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    yield
    assert not (tmp_path / "CODE_RAN").exists()


@pytest.mark.parametrize("key", TEXTS)
@pytest.mark.parametrize("character", SEPARATORS + HIDDEN + LOOK_ALIKES, ids=lambda c: f"U+{ord(c):04X}")
@pytest.mark.parametrize("place", ["before", "within", "comment", "after"])
def test_every_other_character_is_refused_by_name_in_every_text(key, character, place):
    text = CELL[key]
    changed = {
        "before": character + text,
        "within": text[:1] + character + text[1:],
        "comment": f"{text} # x{character}{SHELL}",
        "after": text + character,
    }[place]
    with pytest.raises(UserError) as raised:
        Definition.of_table("cell", table(**{key: changed}), Path("cell.toml"))
    message = str(raised.value)
    assert raised.value.key == key and "cell.toml" in message
    assert f"U+{ord(character):04X}" in message
    assert unicodedata.name(character, "") in message
    assert all(c == "\n" or c.isprintable() for c in message)


@pytest.mark.parametrize("character", SEPARATORS + HIDDEN + LOOK_ALIKES, ids=lambda c: f"U+{ord(c):04X}")
def test_names_of_parameters_hide_nothing(character):
    for name in (f"x{character}", f"{character}x", f"x{character}y"):
        with pytest.raises(UserError, match=f"U\\+{ord(character):04X}"):
            Definition.of_table("cell", table(parameters=CELL["parameters"] | {name: 1.0}))


@pytest.mark.parametrize(
    "name",
    [
        "",
        "1x",
        "_x",
        "__import__",
        "x__y",
        "x_",
        "a b",
        "a-b",
        "a.b",
        "a;b",
        "a\nb",
        "x: volt",
        "lambda",
        "None",
        "class",
        "double",
        "int",
        "namespace",
        "and_eq",
        "M_PI",
        "INT_MAX",
        "EINVAL",
        "SIGINT",
        "stdin",
        "x" * 65,
        "x # y",
        "x) {",
        'x"',
    ],
)
def test_what_is_no_name_in_python_and_in_cpp_is_refused(name):
    with pytest.raises(UserError):
        check_identifier(name, "parameters")
    with pytest.raises(UserError):
        Parameter(name, 1.0, None)
    with pytest.raises(UserError):
        parse_equations(f"d{name}/dt = 1/second : 1")
    with pytest.raises(UserError):
        parse_statements(f"{name} = 1")


@pytest.mark.parametrize("name", ["E_L", "V_T", "EK", "ENa", "I_max", "SIGMA", "GABA", "CHARGE", "M", "LONG"])
def test_what_neuroscientists_call_their_parameters_is_a_name(name):
    check_identifier(name, "parameters")


@pytest.mark.parametrize("signs", [2, 40, 1500])
def test_an_exponent_has_one_sign(signs):
    with pytest.raises(UserError):
        canonical_expression("V > V_th**" + "-" * signs + "1", "threshold")
    assert canonical_expression("V > V_th**-(1/2)", "threshold")


@pytest.mark.parametrize(
    "expression",
    [
        SHELL,
        "V.real",
        "V.__class__",
        "V[0]",
        "[V]",
        "(V, V)",
        "{V}",
        "{1: V}",
        "'V'",
        "b'V'",
        "f'{V}'",
        "1j",
        "...",
        "None",
        "lambda: V",
        "(lambda: V)()",
        "[x for x in V]",
        "V if V else V",
        "(V := 1)",
        "*V",
        "open(V)",
        "exec(V)",
        "eval(V)",
        "print(V)",
        "exp(*V)",
        "exp(x=V)",
        "exp(V, V)",
        "exp()",
        "exp",
        "V @ V",
        "V & V",
        "V | V",
        "V ^ V",
        "V << 2",
        "~V",
        "V is V",
        "V in V",
        "1 < V < 2",
        "yield V",
        "await V",
        "V = 1",
        "V; V",
        "import os",
        "1or 2",
        "",
        "(",
        ")",
        "V)",
        "1 +",
        "_V",
        "V__a",
        "1e999",
        "9" * 400,
        "2147483648",
        "rand()",
        "randn()",
        "poisson(1)",
        "t",
        "timestep(t, dt)",
        "sin(t/ms)",
        "xi",
        "exp(rand())",
        "V**rand()",
        "t_in_timesteps",
        "V**21",
        "(V**5)**5",
        "V**(V + 1)",
        "9**9**9",
        "V**(9**9)",
        "V**(1/0)",
        "(" * 300 + "V" + ")" * 300,
        "-" * 200 + "V",
        "V" + " + V" * 2000,
        "exp(" * 60 + "V" + ")" * 60,
    ],
)
def test_what_no_equation_has_is_refused_at_once(expression):
    began = time.process_time()
    for key, text in (
        ("threshold", expression),
        ("reset", f"V = {expression}"),
        ("equations", f"dV/dt = {expression} : volt"),
        ("equations", f"dV/dt = V/second : {expression}"),
    ):
        with pytest.raises(UserError) as raised:
            Definition.of_table("cell", table(**{key: text}))
        assert raised.value.key == key
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("expression", "problem", "part"),
    [
        ("1 + V.real", "an equation has no attributes", "V.real"),
        ("V[0]", "an equation has no subscripts", "V[0]"),
        ("lambda: V", "an equation has no functions of its own", "lambda: V"),
        ("V if V else V", "an equation has no if and else", "V if V else V"),
        ("V + 'x'", "an equation has no text in quotes", "'x'"),
        ("f'{V}'", "an equation has no text in quotes", "f'{V}'"),
        ("V + 1j", "an equation has no complex number", "1j"),
        ("V + ...", "an equation has no such constant", "..."),
        ("V.f(1)", "an equation has no such call", "V.f(1)"),
        ("exp(x=V)", "an equation has no such call", "exp(x=V)"),
        ("(V := 1)", "an equation has no :=", "(V := 1)"),
        ("V @ V", "an equation has no such operator", "V @ V"),
        ("~V", "an equation has no such operator", "~V"),
        ("V is V", "an equation has no such comparison", "V is V"),
        ("[V]", "an equation has no List", "[V]"),
        ("1 < V < 2", "two comparisons in a row", "1 < V < 2"),
        ("2 + open(V)", "no such function in an equation: open", "open(V)"),
        ("exp(V, V)", "exp takes 1 in parentheses", "exp(V, V)"),
        ("clip(V)", "clip takes 3 in parentheses", "clip(V)"),
        ("V*exp", "exp is a function", "exp"),
        ("V + rand()", "rand is random", "rand"),
        ("V + xi", "xi is random", "xi"),
        ("sin(t/second)", "t counts from the beginning", "t"),
        ("timestep(V, V)", "timestep counts from the beginning", "timestep"),
        ("1e999", "too large a number", "1e309"),
        ("V**(V + 1)", "not an exponent", "V + 1"),
        ("V**(1/0)", "not an exponent", "1 / 0"),
        ("2*V**21", "too high a power", "V ** 21"),
        ("1 +", "cannot read the threshold: invalid syntax", "1 +"),
        ("1or V", "cannot read the threshold: a backslash, or a number that runs into a word", "1or V"),
        ("V*2.5e-3mV", "cannot read the threshold: a backslash, or a number that", "V*2.5e-3mV"),
        ("V + '\\d'", "cannot read the threshold: a backslash", "V + '\\d'"),
        ("V" + " " * 4000, "the text is too long", 4001),
    ],
)
def test_what_no_equation_has_is_told_with_the_part_that_it_is(expression, problem, part):
    with pytest.raises(UserError) as raised:
        canonical_expression(expression, "threshold")
    assert (raised.value.key, raised.value.value) == ("threshold", part)
    assert raised.value.problem.startswith(problem)


@pytest.mark.parametrize(
    ("power", "fits"),
    [("V**+20", True), ("V**(-(20))", True), ("V**b", True), ("(V**b)**20", True), ("V**(1/3)", True),
     ("(V**(1/3))**20", True), ("(V**(60/3))**1.1", False), ("(V**3 + 1)**7", False), ("V**2 * V**20", True),
     ("exp(V**20)", True), ("exp(V**20)**2", False), ("2**V", True)],
)  # fmt: skip
def test_powers_of_powers_are_limited_together(power, fits):
    with nullcontext() if fits else pytest.raises(UserError, match="too high a power"):
        canonical_expression(power, "threshold")


def test_reading_an_expression_does_not_change_what_becomes_of_warnings(monkeypatch):
    """All threads share that: beside one that loaded packages, every later warning was an error."""
    text = "V2*1e-3 + .5e3*V_1 + 2.*x1e3 + 10"
    with monkeypatch.context() as patched:
        patched.setattr("warnings.catch_warnings", lambda: pytest.fail("changed"))
        assert canonical_expression(text, "threshold") == "V2 * 0.001 + 500.0 * V_1 + 2.0 * x1e3 + 10"


def test_a_function_takes_one_argument_and_clip_takes_three():
    assert "clip" in FUNCTIONS
    for name in FUNCTIONS:
        for n in range(5):
            fits = n == (3 if name == "clip" else 1)
            with nullcontext() if fits else pytest.raises(UserError, match=f"{name} takes"):
                canonical_expression(f"{name}({', '.join('V' * n)})", "threshold")


def test_a_function_takes_as_many_arguments_as_in_brian2():
    from brian2.core.functions import DEFAULT_FUNCTIONS

    for name, n in FUNCTIONS.items():
        assert canonical_expression(f"{name}({', '.join('V' * n)})", "threshold")
        assert len(DEFAULT_FUNCTIONS[name]._arg_units) == n


@pytest.mark.parametrize(
    ("largest", "too_large"),
    [
        ("V".ljust(4000), "V".ljust(4001)),
        ("-" * 40 + "V", "-" * 41 + "V"),
        ("V**20", "V**20.1"),
        ("V**-20", "V**-21"),
        ("(V**4)**5", "(V**4)**5.1"),
        ("V**(40/2)", "V**(41/2)"),
        ("(V**20)**(1/2)", "((V**20)**(1/2))**2"),
        ("2147483647", "2147483648"),
    ],
)
def test_an_expression_may_be_as_large_as_the_refusal_says(largest, too_large):
    assert canonical_expression(largest, "threshold")
    with pytest.raises(UserError):
        canonical_expression(too_large, "threshold")


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("dV/dt=-V/tau_m:volt", "dV/dt = -V / tau_m : volt"),
        (
            "# a membrane\ndV/dt = (I\n  - V)/tau_m  : volt (unless   refractory) # leaky\n",
            "dV/dt = (I - V) / tau_m : volt (unless refractory)",
        ),
        (
            "x = V**2 : volt**2\n\ndx_2/dt = x/second : volt**2",
            "x = V ** 2 : volt ** 2\ndx_2/dt = x / second : volt ** 2",
        ),
    ],
)
def test_equations_are_printed_from_their_tree(text, printed):
    assert "\n".join(map(str, parse_equations(text))) == printed
    assert "\n".join(map(str, parse_equations(printed))) == printed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "V",
        "dV/dt = 1",
        ": volt",
        "= 1 : volt",
        "dV/dx = 1 : volt",
        "dV/dt = 1 : volt : volt",
        "dV/dt = 1 : volt (constant)",
        "x = 1 : 1 (unless refractory)",
        "x = 1 : 1 (constant over dt)",
        "x : volt",
        "dV/dt = 1 : 'volt'",
        "dV/dt = 1 : volt.real",
        "dV/dt = 1 : eval(V)",
        "dV/dt = 1 : volt + volt",
        "dV/dt = 1 : volt**99",
        "dV/dt = 1 : -volt",
        "dV/dt = 1 : volt (unless refractory) (shared)",
    ],
)
def test_a_line_that_is_no_equation_is_refused(text):
    with pytest.raises(UserError) as raised:
        parse_equations(text)
    assert raised.value.key == "equations"


@pytest.mark.parametrize(
    "text",
    [
        "V",
        "V == 0",
        "V := 0",
        "V, w = 0",
        "V **= 2",
        "V[0] = 1",
        "V = 1 if V else 2",
        "V = (1\n",
        "del V",
        "#",
    ],
)
def test_a_line_that_is_no_statement_is_refused(text):
    with pytest.raises(UserError) as raised:
        parse_statements(text)
    assert raised.value.key == "reset"


def trees():
    """Expressions as Python text with every parenthesis, of names x, y and numbers."""
    leaves = st.sampled_from(["x", "y", "2", "3.5", "0.25", "1e-3", "True"])

    def larger(below):
        arithmetic = st.tuples(below, st.sampled_from(["+", "-", "*", "/", "//", "%"]), below).map(" ".join)
        logic = st.tuples(below, st.sampled_from(["and", "or", "<", "<=", ">", ">=", "==", "!="]), below).map(
            " ".join
        )
        unary = st.tuples(st.sampled_from(["-", "+", "not "]), below).map("".join)
        power = st.tuples(below, st.sampled_from(["** 2", "** -1", "** (1/2)", "** y"])).map(" ".join)
        called = below.map(lambda text: f"abs({text})")
        return st.one_of(arithmetic, logic, unary, power).map(lambda text: f"({text})") | called

    return st.recursive(leaves, larger, max_leaves=12)


@given(trees())
def test_what_is_printed_means_the_same_and_is_printed_the_same_again(text):
    try:
        printed = canonical_expression(text, "threshold")
    except UserError as error:
        assert error.problem in (
            "too high a power", "it is nested too deeply", "too many terms when it is multiplied out"
        )  # fmt: skip
        return
    assert canonical_expression(printed, "threshold") == printed
    assert set(printed) <= set(map(chr, range(32, 127)))

    def value(expression):
        try:
            return eval(expression, {"__builtins__": {}, "abs": abs}, {"x": 1.7, "y": 0.3})
        except (ArithmeticError, TypeError) as error:
            return type(error)

    one, other = value(text), value(printed)
    assert one == other or (isinstance(one, float) and math.isnan(one))


def test_a_definition_is_written_as_it_is_read():
    cell = Definition.of_table("cell", CELL)
    written = cell.table()
    assert Definition.of_table("other name", written) == cell
    assert list(written) == ["equations", "threshold", "reset", "refractory", "method", "parameters"]
    assert (
        "refractory"
        not in Definition.of_table("cell", {k: v for k, v in CELL.items() if k != "refractory"}).table()
    )
    units = {p.name: (p.value, p.dimension, p.unit, p.setting) for p in cell.parameters}
    assert list(units) == list(CELL["parameters"]) == list(written["parameters"])
    for name, (value, dimension, unit, setting) in units.items():
        assert (
            parse_any_quantity(CELL["parameters"][name]) == parse_any_quantity(setting) == (value, dimension)
        )
        assert unit == ("1" if dimension is None else BRIAN_UNITS[dimension])
    plain = Parameter("k", 2.5, None)
    assert (plain.unit, plain.setting) == ("1", 2.5)


@pytest.mark.parametrize(
    ("change", "key", "problem"),
    [
        ({"parameters": 3}, "parameters", "not a table"),
        ({"parameters": {"x": "1 parsec"}}, "parameters.x", "neither a number nor a quantity"),
        ({"parameters": {"1x": 1}}, "parameters.1x", ""),
        ({"threshhold": "V > V_th"}, "threshhold", "a neuron does not have this key"),
        ({"refractory": "dt"}, "refractory", "the refractory period is the name of a parameter"),
        ({"method": "rk5"}, "method", "no such method"),
        ({"reset": "  "}, "reset", "empty"),
        ({"reset": None}, "reset", "not a text"),
    ],
)
def test_a_table_that_is_no_neuron_is_refused_with_file_and_key(change, key, problem):
    with pytest.raises(UserError) as raised:
        Definition.of_table("cell", CELL | change, Path("cell.toml"))
    assert (raised.value.key, raised.value.file) == (key, Path("cell.toml"))
    assert raised.value.problem.startswith(problem)


def test_the_api_holds_a_definition_to_the_same():
    """A Definition that is made without a file, or by `replace`, has printed text too."""
    from dataclasses import replace

    cell = Definition.of_table("cell", CELL)
    assert replace(cell, reset="V=0*volt;  # rest") == replace(cell, reset="V = 0*volt")
    assert replace(cell, reset="V=0*volt").reset == "V = 0 * volt"
    for change in (
        {"reset": f"V = {SHELL}"},
        {"method": "os.system"},
        {"refractory": "t_ref + dt"},
        {"threshold": 3},
    ):
        with pytest.raises(UserError):
            replace(cell, **change)
    with pytest.raises(UserError):
        Parameter("x", math.inf, None)
    with pytest.raises(UserError):
        Parameter("x", 1.0, "volt\nx")


@pytest.mark.parametrize(
    ("reset", "name"),
    [
        ("I_stim = 0*amp", "I_stim"),
        ("lastspike = 0*second", "lastspike"),
        ("not_refractory = True", "not_refractory"),
        ("V_th = V", "V_th"),
        ("dt = 1*second", "dt"),
        ("volt = 1", "volt"),
        ("N = 1", "N"),
    ],
)
def test_a_reset_sets_only_variables_of_the_neuron(tmp_path, reset, name):
    file = tmp_path / "cell.toml"
    file.write_text(written(table(reset=f"V = 0*volt\n{reset}")))
    with pytest.raises(UserError, match=f"the reset sets {name}"):
        read_definition(file)


@pytest.mark.parametrize("key", TEXTS)
@pytest.mark.parametrize("character", SEPARATORS, ids=lambda c: f"U+{ord(c):04X}")
def test_a_study_that_holds_a_neuron_is_refused_like_a_file(tmp_path, key, character):
    hidden = f"{CELL[key]} # x{character}{SHELL}"
    study = tmp_path / "study.toml"
    head = '[network]\nmodel = "mnist-small-relu"\n[neuron]\nmodel = "cell"\n'
    study.write_text(head + written(table(**{key: hidden}), "neuron.definition."))
    assert tomllib.loads(study.read_text())["neuron"]["definition"][key] == hidden
    with pytest.raises(UserError, match=f"U\\+{ord(character):04X}") as raised:
        read_study(study)
    assert raised.value.key == f"neuron.definition.{key}"


def written(cell, prefix=""):
    """Write a neuron as TOML."""
    head = f"[{prefix.rstrip('.')}]\n" if prefix else ""
    texts = [f"{key} = {dumps(value)}" for key, value in cell.items() if key != "parameters"]
    parameters = [f"{dumps(name)} = {dumps(value)}" for name, value in cell["parameters"].items()]
    return head + "\n".join([*texts, f"[{prefix}parameters]", *parameters, ""])


HODGKIN_HUXLEY = """
a_m = 0.1/mV*(25*mV - V)/(exp((25*mV - V)/(10*mV)) - 1)/ms : Hz
b_m = 4*exp(-V/(18*mV))/ms : Hz
a_n = 0.01/mV*(10*mV - V)/(exp((10*mV - V)/(10*mV)) - 1)/ms : Hz
b_n = 0.125*exp(-V/(80*mV))/ms : Hz
I_m = g_na*m**3*h*(E_na - V) + g_k*n**4*(E_k - V) + g_l*(E_l - V) : amp
dV/dt = (I_syn + I_stim + I_m)/C_m : volt
dm/dt = a_m*(1 - m) - b_m*m : 1
dn/dt = a_n*(1 - n) - b_n*n : 1
dh/dt = 0.07*exp(-V/(20*mV))/ms*(1 - h) - 1/(exp((30*mV - V)/(10*mV)) + 1)/ms*h : 1
"""
GATE = "m_inf = a_m/(a_m + b_m) : 1\ntau_m = 1/(a_m + b_m) : second\ndm/dt = (m_inf - m)/tau_m : 1"
"""The same gate as it is written most often."""

SUM = "(V + a + b + c + d + g + h + k)"


def test_models_of_the_literature_fit_three_times_over(monkeypatch):
    monkeypatch.setattr("bioscnn.neurons.expressions.MOST_TERMS", MOST_TERMS // 3)
    monkeypatch.setattr("bioscnn.neurons.model_text.MOST_TERMS", MOST_TERMS // 3)
    assert len(parse_equations(HODGKIN_HUXLEY)) == 9
    gates = HODGKIN_HUXLEY.replace("dm/dt = a_m*(1 - m) - b_m*m : 1", GATE)
    assert len(parse_equations(gates)) == 11
    adaptive = "(g_L*(Delta*exp((V - V_T)/Delta) - V) - x + I)/C"
    assert parse_equations(f"dV/dt = {adaptive} : volt\ndx/dt = (a*V - x)/tau : amp")
    assert parse_equations(
        "dV/dt = 0.04*V**2/mV/ms + 5*V/ms + 140*mV/ms - u + I : volt\ndu/dt = a*(b*V - u) : 1"
    )


@pytest.mark.parametrize(
    "text",
    [
        f"dV/dt = -V/s + 1e-30*V*({SUM}/v)**6/s : volt",
        f"dV/dt = 1/({SUM}**20) : 1",
        "dV/dt = " + "*".join(["(V + a)"] * 9) + " : 1",
        f"dV/dt = exp({SUM}**6) : 1",
        f"x = {SUM} : 1\ndV/dt = x**6 : 1",
        f"z = y**2 : 1\ny = x**3 : 1\nx = {SUM} : 1\ndV/dt = z : 1",
        "\n".join(f"dx{k}/dt = {SUM}**3 : 1" for k in range(9)),
    ],
)
def test_equations_that_take_long_to_multiply_out_are_refused_before_brian2_sees_them(text):
    before = time.process_time()
    with pytest.raises(UserError, match="too many terms"):
        parse_equations(text)
    assert time.process_time() - before < 1


def test_an_exponent_is_no_expression_under_a_name():
    with pytest.raises(UserError, match="an exponent that is an expression"):
        parse_equations("x = 1000 : 1\ndV/dt = (V + a)**x : 1")


def accepted(seed):
    """Equations with as high powers of sums and products as are accepted, of 2 to 8 names."""
    rng = Random(seed)
    names = ["V", *"abcdghk"[: rng.randint(1, 7)]]
    shapes = ("({0}/v)**{p}", "({0}/v)**{p}*exp({0}/v)", "({0}/v)**2*({0}/v)**{p}", "1/(2 + ({0}/v)**{p})")
    shape = rng.choice(shapes)
    for power in range(20, 0, -1):
        text = shape.format(f"({' + '.join(names)})", p=power)
        equations = f"dV/dt = (R_m*(I_syn + I_stim) - V + 1e-30*V*{text})/tau_m : volt"
        parameters = CELL["parameters"] | dict.fromkeys([*names[1:], "v"], "1 V")
        with suppress(UserError):
            parse_equations(equations)
            return table(equations=equations, parameters=parameters)
    raise AssertionError


@pytest.mark.parametrize("method", ["euler", "exponential_euler", "rk2", "rk4"])
def test_equations_that_are_accepted_are_translated_in_seconds(method):
    for seed in range(3):
        definition = Definition.of_table("cell", accepted(seed) | {"method": method})
        before = time.process_time()
        with suppress(Exception):  # Brian2 may refuse what a method cannot solve
            cells(definition, np.zeros(1), 1e-3, 1e-3)
        assert time.process_time() - before < 10
