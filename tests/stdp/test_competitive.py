"""Diehl and Cook's network: the compiled program is what its equations say."""

import numpy as np
import pytest

from bioscnn.errors import UserError
from bioscnn.seeds import stream
from bioscnn.stdp.competitive import training
from bioscnn.stdp.competitive.model import Model
from bioscnn.stdp.competitive.plain import input_spikes, show_plainly
from bioscnn.stdp.competitive.program import CompetitiveProgram
from bioscnn.stdp.competitive.simulate import fresh_state, show


@pytest.mark.parametrize("learns", [True, False])
def test_the_compiled_network_learns_and_fires_as_plain_synapses_of_brian2_do(model, circuit, digits, learns):
    images, key = digits[0][:6], 5
    state = fresh_state(model, circuit, stream(1, "weights"))
    compiled, answers = show(
        model, circuit, state, images, np.arange(6), key, learns=learns, precision="float64", rasters=6
    )
    plain, spikes = show_plainly(model, circuit, state, images, key, learns=learns)
    np.testing.assert_array_equal(np.sort(answers.raster), spikes)
    assert len(spikes) > 30 and answers.counts.sum() <= len(spikes)
    # Sums over inhibitory spikes are taken in another order, and the exponentials differ in their last bits.
    np.testing.assert_allclose(compiled.weight, plain.weight, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(compiled.kept["theta"], plain.kept["theta"], rtol=1e-12)
    assert np.allclose(compiled.weight, state.weight) != learns


def test_pixels_fire_at_rates_that_are_their_intensities(circuit):
    intensities = np.linspace(0, 1, circuit.n_inputs)
    counts = np.zeros(circuit.n_inputs)
    for image in range(50):
        np.add.at(counts, input_spikes(circuit, intensities, 3, image, 0)[1], 1)
    expected = intensities * circuit.rate * circuit.shown * 50
    assert counts[0] == 0
    # Bernoulli steps: the variance is below that of Poisson spikes. Five standard errors of 784 pixels' sum.
    assert abs(counts.sum() - expected.sum()) < 5 * np.sqrt(expected.sum())
    assert np.corrcoef(counts, expected)[0, 1] > 0.98


def test_a_training_that_was_stopped_goes_on_bit_for_bit(model, circuit, digits, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "PART", 8)
    images, labels = digits[0][:20], digits[1][:20]

    def parts(checkpoint=None, passes=2):
        return training.train(
            model, circuit, images, labels, passes=passes, seed=3, checkpoint=checkpoint, precision="float64"
        )

    *_, undisturbed = parts()
    stopped = parts(tmp_path / "part.npz")
    for _ in range(2):
        assert next(stopped).seen < 20
    *_, resumed = parts(tmp_path / "part.npz")
    assert resumed.seen == undisturbed.seen == 40 and resumed.slots == undisturbed.slots
    np.testing.assert_array_equal(resumed.state.weight, undisturbed.state.weight)
    np.testing.assert_array_equal(resumed.state.kept["theta"], undisturbed.state.kept["theta"])
    assert resumed.curve == undisturbed.curve
    assert [again.seen for again in parts(tmp_path / "part.npz")] == [40]
    with pytest.raises(UserError, match="no checkpoint of this training"):
        next(
            training.train(model, circuit, images, labels, passes=1, seed=4, checkpoint=tmp_path / "part.npz")
        )


def test_several_programs_answer_as_one_does(model, circuit, digits):
    state = fresh_state(model, circuit, stream(1, "weights"))
    one, three = (
        training.answers_of(model, circuit, state, digits[0][:7], 5, jobs=jobs, precision="float64")
        for jobs in (1, 3)
    )
    np.testing.assert_array_equal(one.counts, three.counts)
    np.testing.assert_array_equal(one.first_step, three.first_step)


def test_an_image_that_is_shown_again_costs_the_spikes_of_all_its_presentations(model, circuit, digits):
    state, images = fresh_state(model, circuit, stream(1, "weights")), digits[0][:3] * np.float32(0.3)
    _, answers = show(model, circuit, state, images, np.arange(3), 5, learns=False, precision="float64",
                      rasters=3)  # fmt: skip
    assert answers.presentations.max() > 1
    for image, tries in enumerate(answers.presentations):
        drawn = [len(input_spikes(circuit, images[image], 5, image, k)[0]) for k in range(tries)]
        assert answers.input_spikes[image] == sum(drawn)
    assert answers.excitatory_spikes.sum() == len(answers.raster)


@pytest.mark.parametrize(
    ("part", "key", "value", "problem"),
    [
        ("synapse", "on_pre", "g_e += w*g_max\nw = clip(w - eta*y_1, 0, w_max)", "eta is not defined"),
        ("synapse", "on_post", "g_e = 0*siemens", "acts on the weight alone"),
        ("synapse", "on_past", "w = 0", "a synapse does not have this key"),
        ("excitatory", "kept", {"y_1": 0.0}, "y_1 is defined twice"),
        ("excitatory", "kept", {"theta": "20 mV", "images": 1.0}, "images is a name of the network's own"),
        ("excitatory", "frozen", ["theta"], "not a list of parameters"),
        ("inhibitory", "kept", {"theta": "1 mV"}, "nothing of an inhibitory neuron lasts"),
        ("inhibitory", "equations", "dV/dt = -V/(10*ms) : volt", "lacks g_"),
        ("excitatory", "between", "theta = __import__('os')", "no such function"),
    ],
)
def test_equations_that_do_not_fit_are_refused(model, part, key, value, problem):
    tables = model.table()
    tables[part][key] = value
    with pytest.raises(UserError, match=problem):
        Model.of_table(tables)


def test_units_that_do_not_fit_are_refused_before_anything_is_compiled(model, tmp_path):
    tables = model.table()
    tables["synapse"]["on_pre"] = "g_e += w*tau_x\nw = w"
    with pytest.raises(UserError, match="Brian2 cannot simulate the equations"):
        CompetitiveProgram(Model.of_table(tables), 4, 2, "float32").write(tmp_path)
