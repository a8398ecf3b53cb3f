"""Sweep files: what is understood, what is refused before anything is computed, and what points become."""

from __future__ import annotations

import re

import pytest

from bioscnn.errors import UserError
from bioscnn.experiments.sweep import read_sweep
from bioscnn.experiments.sweep.designs import positions_of
from bioscnn.experiments.sweep.points import points_alone, points_of
from bioscnn.quantities import in_unit, split_quantity
from bioscnn.studies import read_study
from tests.sweeps import ROOT, STUDY, write_sweep

RANDOM = 'kind = "random"\npoints = 40'
V_TH = '"neuron.V_th" = { low = "15 mV", high = "25 mV" }'


def ranged(key, low, high, more=""):
    """A parameter over a range; ends as they stand in the file."""
    return f'"{key}" = {{ low = {low}, high = {high}{more} }}'


def points(folder, design, parameters, **rest):
    sweep = read_sweep(write_sweep(folder, design, parameters, changes=rest.pop("changes", ""), **rest))
    return sweep, points_of(sweep, positions_of(sweep.design, sweep.parameters))


def test_the_example_varies_twelve_parameters_by_260_points_of_200_digits():
    sweep = read_sweep(ROOT / "sims" / "sweeps" / "mnist-morris.toml")
    found = points_of(sweep, positions_of(sweep.design, sweep.parameters))
    assert len(sweep.parameters) == 12 and len(found) == 260
    assert all(point.study.config.dataset.trials == 200 for point in found)
    assert sweep.parameters[0].nominal == "20" and sweep.parameters[3].nominal == "exact"


def test_the_sweep_of_ones_own_neuron_in_the_docs_varies_its_parameters(tmp_path):
    blocks = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "sweeps.md").read_text(), re.DOTALL)
    (example,) = (block for block in blocks if '"neuron.definition.parameters.' in block)
    for folder in ("neurons", "sweeps"):
        (tmp_path / folder).mkdir()
    for file in ("mnist.toml", "neurons/exponential.toml"):
        (tmp_path / file).write_text((ROOT / "sims" / file).read_text())
    (tmp_path / "sweeps" / "own.toml").write_text(example)
    sweep = read_sweep(tmp_path / "sweeps" / "own.toml")
    found = points_of(sweep, positions_of(sweep.design, sweep.parameters))
    own = [p.study.config.neuron.definition.parameters for p in found]
    varied = {p.key.rpartition(".")[2] for p in sweep.parameters if p.key.startswith("neuron.definition.")}
    assert len(varied) == 2
    for name in varied:
        assert len({p.value for parameters in own for p in parameters if p.name == name}) == 4


def test_a_noise_that_ones_own_neuron_lacks_is_refused_with_what_can_be_varied():
    changes = ["network.model=mnist-small-relu", f"neuron.model={ROOT / 'sims/neurons/exponential.toml'}"]
    with pytest.raises(UserError) as refused:
        read_sweep("sweeps/mnist-morris", changes)
    assert "vary neuron.definition.parameters.NAME, such as tau_m" in refused.value.fix


@pytest.mark.parametrize("dataset", ["caltech", "nmnist", "ncaltech101"])
def test_each_data_set_has_its_screening_and_its_indices(dataset):
    screening = read_sweep(f"sweeps/{dataset}-morris")
    indices = read_sweep(f"sweeps/{dataset}-sobol")
    events = screening.study.config.encoding.kind == "events"
    n_points = [len(points_of(s, positions_of(s.design, s.parameters))) for s in (screening, indices)]
    trajectories = 20 if dataset == "ncaltech101" else 8
    assert n_points == [trajectories * (12 if events else 13), 448]
    (reset,) = (p.values for p in screening.parameters if p.key == "neuron.reset")
    assert reset == ("exact", "subtract")
    assert {p.key for p in indices.parameters} <= {p.key for p in screening.parameters}
    assert all(p.nominal is not None for p in screening.parameters)


def test_a_grid_has_every_combination_and_keys_need_no_quotes(tmp_path):
    sweep, found = points(
        tmp_path,
        'kind = "grid"',
        'neuron.reset = { values = ["exact", "zero"] }\n'
        'synapse.tau_s = { low = "2 ms", high = "8 ms", steps = 3 }',
    )
    assert [point.cells for point in found] == [
        (reset, tau) for reset in ("exact", "zero") for tau in ("2", "5", "8")
    ]
    assert [p.column for p in sweep.parameters] == ["neuron.reset", "synapse.tau_s [ms]"]
    assert found[4].study.config.synapse.tau_s == 5e-3 and found[4].study.config.neuron.reset == "zero"


def test_a_logarithmic_range_has_equal_factors_and_units_may_differ(tmp_path):
    _, found = points(
        tmp_path,
        'kind = "grid"',
        '"neuron.tau_m" = { low = "8000 us", high = "32 ms", scale = "log", steps = 3 }',
    )
    assert [point.study.config.neuron.tau_m for point in found] == [8e-3, 16e-3, 32e-3]


def test_times_are_rounded_to_whole_steps_of_the_points_own_time_step(tmp_path):
    _, found = points(
        tmp_path,
        RANDOM,
        '"neuron.t_ref" = { low = "1 ms", high = "4 ms" }\n"simulation.dt" = { values = ["0.5 ms", "1 ms"] }',
    )
    for point in found:
        t_ref, dt = map(float, point.cells)
        assert t_ref % dt == 0 and point.study.config.neuron.t_ref == pytest.approx(t_ref / 1e3)
    assert {point.cells[0] for point in found} >= {"1.5", "2", "3"}


def test_whole_numbers_stay_whole_and_no_noise_is_no_noise(tmp_path):
    _, found = points(
        tmp_path,
        'kind = "grid"',
        '"simulation.seed" = { low = 1, high = 4, steps = 3 }\n'
        '"noise.threshold-mismatch.cv" = { low = 0.0, high = 0.2, steps = 2 }',
    )
    assert [point.seed for point in found] == [1, 1, 2, 2, 4, 4]
    assert found[0].study.config.noise == {} and found[1].study.config.noise["threshold-mismatch"].cv == 0.2


def test_a_listed_seed_is_the_one_that_is_simulated(tmp_path):
    seeds = [2**62 + 1, 2**62 + 2]
    _, found = points(tmp_path, 'kind = "grid"', f'"simulation.seed" = {{ values = {seeds} }}')
    assert [point.seed for point in found] == seeds
    assert [point.cells for point in found] == [(str(seed),) for seed in seeds]


def test_a_gain_of_the_command_line_has_results_of_its_own(tmp_path):
    file = write_sweep(tmp_path, RANDOM, V_TH)
    wired, kept = read_sweep(file), read_sweep(file, gain="kept")
    assert (wired.design.gain, kept.design.gain) == ("wired", "kept")
    assert (wired.name, kept.name) == ("sweep", "sweep-gain-kept")
    (again := tmp_path / "again.toml").write_text(kept.toml(str(wired.study_file)))
    assert read_sweep(again).design == kept.design


def test_a_study_in_place_of_a_sweep_is_told_from_it():
    with pytest.raises(UserError, match="a study, where a sweep is expected") as error:
        read_sweep(STUDY)
    assert error.value.file == STUDY and STUDY.name in error.value.fix


@pytest.mark.parametrize(
    "parameter",
    [
        ranged("noise.weight-noise.severity", 1, 5),
        ranged("noise.quantisation.bits", 2, 8),
        ranged("noise.weight-noise.cv", 0.1, 0.5),
    ],
)
def test_a_study_without_a_noise_has_none_of_it_as_its_own_value(tmp_path, parameter):
    (found,) = read_sweep(write_sweep(tmp_path, RANDOM, parameter, changes="")).parameters
    assert found.nominal == (None if "cv" not in parameter else "0")


def test_through_a_conductance_no_gain_is_kept(tmp_path):
    changes = '"synapse.model" = "conductance"\n"network.model" = "mnist-small-relu"'
    with pytest.raises(UserError) as error:
        points(tmp_path, f'{RANDOM}\ngain = "kept"', V_TH, changes=changes)
    assert (error.value.key, error.value.expected) == ("design.gain", 'synapse.model = "current"')


def test_values_that_rounding_makes_equal_are_one_point_of_a_parameter_alone(tmp_path):
    t_ref = ranged("neuron.t_ref", '"1 ms"', '"3 ms"')
    sweep = read_sweep(write_sweep(tmp_path, RANDOM, t_ref, changes=""))
    assert [point.cells for point in points_alone(sweep, ["neuron.t_ref"])] == [("1",), ("2",), ("3",)]


def test_changes_of_the_command_line_come_last(tmp_path):
    file = write_sweep(tmp_path, RANDOM, changes='"neuron.t_ref" = "3 ms"')
    assert read_sweep(file).study.config.neuron.t_ref == 3e-3
    assert read_sweep(file, ["neuron.t_ref=1 ms"]).study.config.neuron.t_ref == 1e-3


REFUSED = {
    "unknown parameter": (RANDOM, ranged("neuron.tau", '"1 ms"', '"2 ms"'), ("tau", "neuron.tau_m")),
    "unit of another dimension": (
        RANDOM, ranged("neuron.tau_m", '"1 mV"', '"2 mV"'), ("tau_m", "not a unit of time", "1 mV to 2 mV")
    ),
    "no unit": (RANDOM, ranged("neuron.tau_m", 10, 20), ("neuron.tau_m", "unit")),
    "one unit": (RANDOM, ranged("neuron.tau_m", 10, '"20 ms"'), ("neuron.tau_m", "unit of both")),
    "units that differ": (RANDOM, ranged("neuron.tau_m", '"1 mV"', '"20 ms"'), ("different dimensions",)),
    "no extent": (RANDOM, ranged("neuron.tau_m", '"20 ms"', '"20 ms"'), ("not above",)),
    "half a range": (RANDOM, '"neuron.tau_m" = { low = "20 ms" }', ("without its ends", "high")),
    "log of zero": (RANDOM, ranged("noise.weight-noise.cv", 0, 1, ', scale = "log"'), ("reach zero",)),
    "refractory period below a step": (
        RANDOM, ranged("neuron.t_ref", '"0 ms"', '"4 ms"'),
        ("shorter than a time step", "neuron.t_ref", "simulation.dt = 1 ms", "0 ms to 4 ms"),
    ),
    "equal time constants": (
        'kind = "grid"', ranged("synapse.tau_s", '"10 ms"', '"30 ms"', ", steps = 3"),
        ("synapse.tau_s", "differ by at least 1 %", "10 ms to 30 ms"),
    ),
    "a time step that does not divide": (
        RANDOM, ranged("simulation.dt", '"0.7 ms"', '"0.9 ms"'), ("no whole number of time steps",)
    ),
    "share above one": (
        RANDOM, ranged("noise.spike-loss.share", 0.5, 1.5), ("noise.spike-loss.share", "0 to 1", "0.5 to 1.5")
    ),
    "unknown choice": (
        RANDOM, '"neuron.reset" = { values = ["exact", "none"] }', ("neuron.reset", "exact | none")
    ),
    "the data": (RANDOM, ranged("dataset.trials", 5, 10), ("dataset.trials", "same examples", "[set]")),
    "conversion under fixed weights": (
        RANDOM, ranged("network.max_rate", '"100 Hz"', '"300 Hz"'),
        ("network.max_rate", 'design.weights = "converted"'),
    ),
    "steps without a grid": (RANDOM, ranged("neuron.V_th", '"15 mV"', '"25 mV"', ", steps = 3"), ("steps",)),
    "a grid without steps": ('kind = "grid"', V_TH, ("steps = 5",)),
    "a key of another design": (f"{RANDOM}\nlevels = 4", V_TH, ("design.levels", "morris")),
    "an unknown key": (f"{RANDOM}\nweigths = 'fixed'", V_TH, ("design.weigths", "design.weights")),
    "no power of two": ('kind = "sobol"\nsamples = 100', V_TH, ("power of two", "write 128")),
    "a choice of three on four levels": (
        'kind = "morris"', '"neuron.reset" = { values = ["exact", "subtract", "zero"] }',
        ("parameters.neuron.reset", "never compared", "design.levels = 6"),
    ),
    "a gain of converted weights": (
        f'{RANDOM}\nweights = "converted"\ngain = "kept"', V_TH, ("design.gain", 'design.weights = "fixed"')
    ),
    "a gain that nothing changes": (
        f'{RANDOM}\ngain = "kept"', ranged("noise.spike-loss.share", 0.1, 0.2),
        ("design.gain", "no parameter"),
    ),
    "a gain of several neurons": (
        f'{RANDOM}\ngain = "kept"', f'{V_TH}\n"neuron.model" = {{ values = ["lif", "adaptive-lif"] }}',
        ("design.gain", 'neuron.model = "lif"'),
    ),
    "a gain that a neuron cannot have": (
        f'{RANDOM}\ngain = "kept"', ranged("neuron.t_ref", '"1 ms"', '"9 ms"'), ("200 Hz", "max_rate")
    ),
    "a gain that is none of the two": (f'{RANDOM}\ngain = "lost"', V_TH, ("design.gain", "kept")),
    "a range and values": (
        RANDOM, '"neuron.V_th" = { values = ["15 mV", "20 mV"], low = "1 mV" }',
        ("neuron.V_th", "one of the two"),
    ),
    "a value twice": (
        'kind = "grid"', '"neuron.reset" = { values = ["exact", "exact"] }', ("neuron.reset", "twice")
    ),
    "no time step": (
        'kind = "grid"', ranged("simulation.dt", '"0 ms"', '"1 ms"', ", steps = 2"), ("simulation.dt",)
    ),
    "a period of volts": (
        RANDOM, ranged("neuron.t_ref", '"1 mV"', '"4 mV"'), ("neuron.t_ref", "not a unit of time")
    ),
    "more points than memory": (
        'kind = "random"\npoints = 2_000_000_000', V_TH, ("design.points", "too many")
    ),
    "more combinations than memory": (
        'kind = "grid"',
        "\n".join(
            ranged(f"synapse.{key}", '"2 ms"', '"4 ms"', ", steps = 60_000") for key in ("tau_s", "delay")
        ),
        ("parameters", "3,600,000,000 points", "at most 100,000"),
    ),
    "a screening without end": (
        'kind = "morris"\ntrajectories = 1_000_000_000', V_TH, ("design.trajectories", "too many")
    ),
    "indices without end": (
        'kind = "sobol"\nsamples = 33_554_432', V_TH, ("design.samples", "100,663,296 points")
    ),
    "a seed twice": (f'{RANDOM}\nseeds = "own"', ranged("simulation.seed", 1, 5), ("simulation.seed",)),
}  # fmt: skip


@pytest.mark.parametrize(("design", "parameters", "told"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_is_refused_before_any_work_with_file_key_and_fix(tmp_path, design, parameters, told):
    with pytest.raises(UserError) as error:
        points(tmp_path, design, parameters)
    message = str(error.value)
    assert all(word in message for word in told), message
    assert str(tmp_path / "sweep.toml") in message


def test_a_ledger_is_of_networks_that_are_converted_and_clean(tmp_path):
    t_ref, delay = (
        '"neuron.t_ref" = { low = "1 ms", high = "4 ms" }',
        '"synapse.delay" = { low = "0 ms", high = "3 ms" }',
    )
    outcomes = 'outcomes = ["accuracy", "ledger"]'
    with pytest.raises(UserError, match="converted anew"):
        points(tmp_path, RANDOM, t_ref, top=outcomes)
    with pytest.raises(UserError, match="without synaptic delays"):
        points(tmp_path, f'{RANDOM}\nweights = "converted"', delay, top=outcomes)
    points(tmp_path, f'{RANDOM}\nweights = "converted"', t_ref, top=outcomes)


@pytest.mark.parametrize(
    ("kind", "instead"),
    [
        ("poisson", "encoding.input_rate"),
        ("rank-order", "encoding.full_current"),
        ("latency", "network.weight_scale"),
    ],
)
def test_a_gain_is_for_currents_and_the_refusal_says_what_to_do_instead(kind, instead):
    with pytest.raises(UserError, match="for currents") as error:
        read_study(STUDY, [f"encoding.kind={kind}", "encoding.gain=2"])
    assert instead in str(error.value)


def test_a_gain_and_a_scale_of_one_are_none():
    plain, written = read_study(STUDY), read_study(STUDY, ["encoding.gain=1", "network.weight_scale=1.0"])
    assert plain.key() == written.key() and "gain" not in plain.toml() and "weight_scale" not in plain.toml()
    changed = read_study(STUDY, ["encoding.gain=1.5"])
    assert changed.key() != plain.key() and "gain = 1.5" in changed.toml()


def test_quantities_keep_their_digits_from_unit_to_unit():
    assert split_quantity("-2.5 µs") == (-2.5, "us") and split_quantity("0.1 Gohm") == (0.1, "Gohm")
    assert (
        in_unit(0.1, "ms", "us") == 100
        and in_unit(3, "s", "ms") == 3000
        and in_unit(5, "mohm", "Mohm") == 5e-9
    )
    with pytest.raises(UserError, match="different dimensions"):
        in_unit(1, "ms", "mV")
