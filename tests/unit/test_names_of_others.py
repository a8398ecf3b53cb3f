"""Names that others chose, of classes, files and studies, stay names in pages, figures and folders."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import onnx
import pytest

from bioscnn import plots, report
from bioscnn.ann import read_onnx, write_onnx
from bioscnn.conversion import convert
from bioscnn.errors import UserError
from bioscnn.network import Population
from bioscnn.neurons import LIF, ExponentialCurrent
from bioscnn.report import render
from bioscnn.studies import read_study
from tests.networks import every_layer

HOSTILE = [
    "<script>touch()</script>",
    "{{ 7 * 7 }}",
    "$\\frac$",
    '" onload="touch()',
    "{% raise %}",
    "a\u202eb",
]
TEMPLATES = sorted(Path(report.__file__).parent.glob("*.html"))


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.name)
def test_no_template_trusts_a_value_or_holds_a_script(file):
    text = file.read_text(encoding="utf-8")
    assert not re.search(r"\|\s*safe|autoescape|<script|Markup|\bon\w+\s*=", text)


def test_only_our_own_style_sheet_is_markup():
    source = Path(render.__file__).read_text(encoding="utf-8")
    assert "autoescape=True" in source
    assert re.findall(r"Markup\((.*?)\.read_text", source) == ["style"]
    assert [path.name for path in render.TEMPLATES] == ["page.html", "report.css"]


def test_a_figure_draws_any_class_name_as_it_is():
    figure = plots.confusion(np.eye(len(HOSTILE), dtype=int), HOSTILE)
    figure.canvas.draw()
    drawn = {
        label.get_text() for axes in figure.axes for label in axes.get_xticklabels() + axes.get_yticklabels()
    }
    assert {"{{ 7 * 7 }}", "$\\frac$"} <= drawn


def test_of_many_classes_some_are_named_and_long_names_leave_room_for_the_figure():
    classes = [f"{k} is a class with a name of more than twenty letters" for k in range(45)]
    figure = plots.confusion(np.eye(45, dtype=int), classes)
    figure.canvas.draw()
    drawn = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert [name.split(" ")[0] for name in drawn] == [str(k) for k in range(0, 45, 3)]
    assert max(map(len, drawn)) <= 20


@pytest.mark.parametrize("name", ["a b", "a-b", "", "a/b", "../a", "a\nb", "class", 'a"', "a{", "\u0430"])
def test_a_population_has_a_name_that_code_and_files_can_hold(name):
    with pytest.raises(UserError):
        Population(name, (1,))
    with pytest.raises(UserError):
        Population("cells", (1,), values={name: np.zeros(1)})


def test_populations_are_named_by_what_they_are_whatever_the_layers_of_a_file_are_called(tmp_path):
    def names():
        network = convert(read_onnx(tmp_path / "net.onnx"), LIF(), ExponentialCurrent(5e-3), input_rate=100.0)
        return [population.name for population in network.populations]

    write_onnx(every_layer(), tmp_path / "net.onnx")
    before, model = names(), onnx.load(tmp_path / "net.onnx")
    for k, node in enumerate(model.graph.node):
        node.name = HOSTILE[k % len(HOSTILE)]
    model.graph.name = HOSTILE[0]
    onnx.save(model, tmp_path / "net.onnx")
    assert names() == before and all(name.isidentifier() and name.isascii() for name in before)


@pytest.mark.parametrize("name", ["...toml", ".toml.toml", "a\nb.toml", "a\x1b[0m.toml"])
def test_a_study_is_called_what_a_folder_can_be_called(tmp_path, name):
    file = tmp_path / name
    file.write_text("")
    with pytest.raises(UserError, match=r"rename the file|no such study"):
        read_study(file)
