"""The key `encoding.gain_control`: what it means in a study, where it reaches, what is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bioscnn.errors import UserError
from bioscnn.script.study import study_script
from bioscnn.studies import read_study
from bioscnn.studies.explainable import case_of
from bioscnn.studies.plan import plan_study
from bioscnn.studies.prepare import prepare
from bioscnn.studies.recipe import recipe_of
from bioscnn.studies.training import load_training_examples

SIMS = Path(__file__).parents[2] / "sims"
FEW = ["dataset.trials=20", "noise.contrast.factor=0.2"]
ADAPTED = "encoding.gain_control=image"


def test_the_default_is_not_written_and_changes_no_hash_and_the_other_one_is_and_does():
    for name, usual, other in (("mnist", "none", "image"), ("caltech", "image", "none")):
        silent, said, changed = (
            read_study(SIMS / f"{name}.toml", changes)
            for changes in ([], [f"encoding.gain_control={usual}"], [f"encoding.gain_control={other}"])
        )
        assert said.key() == silent.key() != changed.key()
        assert "gain_control" not in said.toml() and f'gain_control = "{other}"' in changed.toml()


def test_a_study_with_fixed_units_reads_back_as_itself(tmp_path):
    units = {"off-midget": 0.6, "on-midget": 0.8, "on-parasol": 2}
    changes = ["encoding.gain_control=none", *(f"encoding.full_response.{k}={v}" for k, v in units.items())]
    study = read_study(SIMS / "caltech.toml", changes)
    (tmp_path / "again.toml").write_text(study.toml())
    assert read_study(tmp_path / "again.toml").config == study.config
    assert study.config.encoding.full_response == units


@pytest.mark.parametrize(
    ("study", "changes", "key"),
    [
        ("mnist", ["encoding.gain_control=local"], "encoding.gain_control"),
        ("nmnist", [ADAPTED], "encoding.gain_control"),
        ("mnist-foveal", [ADAPTED], "encoding.gain_control"),
        ("caltech", ["encoding.full_response.on-midget=1"], "encoding.full_response"),
        ("mnist", ["encoding.full_response.on-midget=1"], "encoding.full_response"),
        (
            "caltech",
            ["encoding.gain_control=none", "encoding.full_response.on-midget=1"],
            "encoding.full_response",
        ),
    ],
)
def test_gain_control_of_what_has_no_gain_and_units_that_do_not_fit_are_refused(study, changes, key):
    with pytest.raises(UserError) as refused:
        read_study(SIMS / f"{study}.toml", changes)
    assert refused.value.key == key


def test_the_trained_and_the_spiking_network_see_the_stretched_image():
    dim, adapted = (prepare(read_study(SIMS / "mnist.toml", [*FEW, *more]), None) for more in ([], [ADAPTED]))
    shown = adapted.input.intensities()
    assert shown.max() == 1 > 0.5 > dim.input.intensities().max()
    currents = adapted.stimulus.values.reshape(shown.shape)
    np.testing.assert_allclose(currents, shown * currents.max(), rtol=1e-6)
    assert np.array_equal(case_of(adapted, 5).images, shown[:5]), "and so do its explanations"
    right = [(case.ann_class == case.examples.labels).mean() for case in (dim, adapted)]
    assert right[1] > right[0]


def test_training_is_shown_stretched_pixels():
    recipe = recipe_of(read_study(SIMS / "mnist.toml", [ADAPTED, "dataset.split=validation"]))
    shown = load_training_examples(recipe, "validation", None, 20)
    assert shown.stimulus.dtype == np.float32 and (shown.stimulus.max(axis=(1, 2, 3)) == 1).all()
    assert recipe.facts()["encoding"]["gain_control"] == "image"
    plain = replace(recipe, config=read_study(SIMS / "mnist.toml").config)
    assert (
        plain.facts() == {}
        and load_training_examples(plain, "validation", None, 20).stimulus.dtype == np.uint8
    )


def test_plan_and_script_know_it():
    study = read_study(SIMS / "mnist.toml", [*FEW, ADAPTED])
    assert plan_study(study, None)
    script, plain = (study_script(one, trials=2) for one in (study, read_study(SIMS / "mnist.toml", FEW)))
    assert "gain control" in script.text and "gain control" not in plain.text
    name = next(name for name in script.arrays if name.endswith("_current"))
    assert np.abs(script.arrays[name]).max() > 1.5 * np.abs(plain.arrays[name]).max()
