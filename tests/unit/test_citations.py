"""What `bioscnn cite` prints: BibTeX that can be read, of exactly the methods that a study uses."""

import gzip
import hashlib
import json
import re
from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

import bioscnn
from bioscnn.citations.methods import CAMERA, DATASETS, IMAGES_MD5, NOISES
from bioscnn.citations.references import bibtex, references
from bioscnn.cli import app
from bioscnn.errors import UserError
from bioscnn.noise import NOISES as ALL_NOISES
from bioscnn.stdp.rule import RULES
from bioscnn.stdp.study import read_learned_study
from bioscnn.studies.shipped import shipped_studies

ENTRY = re.compile(r"@(\w+)\{([\w:]+),\n((?:  \w+ = \{.*\},?\n)+)\}\n?")
REQUIRED = {"article": {"journal", "volume"}, "inproceedings": {"booktitle"}, "book": {"publisher"}}


def entries(text):
    """Entries by key, as a reader of BibTeX that knows nothing but its grammar reads them."""
    read = {}
    for kind, key, fields in ENTRY.findall(text):
        assert key not in read
        read[key] = dict(re.findall(r"  (\w+) = \{(.*)\},?\n", fields)) | {"kind": kind}
    rest = ENTRY.sub("", text)
    assert all(not line or line.startswith("%") for line in rest.splitlines()), rest
    return read


def cited(study, **changes):
    return set(entries(bioscnn.cite(study, changes)))


def test_every_reference_is_whole_and_used():
    read = entries(bibtex(dict.fromkeys(references(), ("",))))
    assert len(read) == len(references()) > 30
    for key, fields in read.items():
        assert {"author", "title", "year", *REQUIRED.get(fields["kind"], ())} <= set(fields), key
        assert all(value.count("{") == value.count("}") for value in fields.values()), key
        assert key == "bioscnn" or fields["year"] in key
        assert re.fullmatch(r"10\.\d{4,5}/\S+", fields.get("doi", "10.1000/1")), key
    tables = [key for table in (DATASETS, NOISES) for keys in table.values() for key in keys]
    package = Path(bioscnn.__file__).parent
    rules = (Path(*RULES[name].partition(":")[0].split(".")[1:]).with_suffix(".py") for name in RULES)
    source = "".join((package / file).read_text() for file in ("citations/methods.py", *rules))
    assert {*tables, *CAMERA} <= set(read) and all(f'"{key}"' in source for key in read)
    assert set(NOISES) <= set(ALL_NOISES)


def test_bioscnn_itself_is_cited_as_its_citation_file_says():
    file = yaml.safe_load((Path(__file__).parents[2] / "CITATION.cff").read_text(encoding="utf-8"))
    own = entries(bioscnn.cite("mnist"))["bioscnn"]
    assert own["title"] == f"{{{file['title']}}}" and own["author"] == f"{{{file['authors'][0]['name']}}}"
    assert (own["version"], own["year"]) == (file["version"], str(file["date-released"].year))
    brian2 = entries(bioscnn.cite("mnist"))["stimberg2019brian2"]
    assert brian2["doi"] == file["references"][0]["doi"]


@pytest.mark.parametrize("study", sorted(path.stem for path in shipped_studies().glob("*.toml")))
def test_every_shipped_study_is_cited_from_the_shell_as_from_python(study):
    done = CliRunner().invoke(app, ["cite", study])
    assert done.exit_code == 0 and done.output == bioscnn.cite(study)
    expected = {"bioscnn", "wilson1927inference"}
    if read_learned_study(study) is None:
        expected |= {"stimberg2019brian2", "gerstner2014neuronal"}
    assert expected <= set(entries(done.output))


def test_networks_that_learned_are_cited_by_how_they_learn(tmp_path):
    """Brian2 simulates the competitive network; the convolutional one is computed by a program of its own."""
    always = {"bioscnn", "wilson1927inference", "lecun1998gradient"}
    competitive = {"stimberg2019brian2", "diehl2015unsupervised", "pfister2006triplets"}
    assert cited("mnist-stdp") == always | competitive
    rule = (files("bioscnn.stdp.competitive") / "plastic.toml").read_text()
    (tmp_path / "synapse.toml").write_text(rule)
    own = {"learning.synapse": str(tmp_path / "synapse.toml")}
    assert competitive - cited("mnist-stdp", **own) == {"pfister2006triplets"}
    convolutional = cited("mnist-stdp-convolutional") - always
    assert convolutional == {
        "kheradpisheh2018stdp", "masquelier2007unsupervised", "mozafari2019spyketorch",
        "thorpe1998rankorder", "vanrullen2001rate", "pedregosa2011scikit",
    }  # fmt: skip
    leaky = cited("mnist-stdp-convolutional", **{"learning.neuron.model": "lif"})
    assert leaky - convolutional - always == {"gerstner2014neuronal", "rotter1999exact"}
    assert "li2022caltech101" in cited("caltech-stdp") and "mu2019mnistc" in cited(
        "mnist-stdp", **{"noise.gaussian-noise.severity": 2}
    )


@pytest.mark.parametrize(
    ("changes", "more", "fewer"),
    [
        ({"simulation.device": "genn"}, {"stimberg2020brian2genn", "yavuz2016genn"}, set()),
        ({"neuron.model": "adaptive-lif"}, {"treves1993meanfield", "benda2003adaptation"}, set()),
        ({"synapse.model": "conductance"}, {"destexhe2001conductances"}, {"rotter1999exact"}),
        (
            {"network.model": "mnist-small-relu"},
            {"diehl2015fast", "kim2020spikingyolo"},
            {"hunsberger2016training", "bengio2013estimating"},
        ),
        (
            {"network.model": "mnist-small-relu", "network.normalisation": "layer-wise"},
            {"diehl2015fast"},
            {"hunsberger2016training", "bengio2013estimating"},
        ),
        ({"network.model": "mnist-small-fine-tuned"}, {"neftci2019surrogate"}, set()),
        ({"noise.transmission-failure.severity": 1}, {"allen1994unreliability"}, set()),
        ({"noise.spike-loss.severity": 1}, set(), set()),
        ({"network.model": "mnist-small-noise"}, {"mu2019mnistc", "devries2017cutout"}, set()),
        ({"encoding.kind": "latency"}, {"thorpe1998rankorder", "vanrullen2001rate"}, set()),
        ({"encoding.kind": "poisson", "encoding.input_rate": "100 Hz"}, {"diehl2015fast"}, set()),
        ({"neuron.t_ref": "1 ms", "simulation.duration": "auto"}, set(), set()),
    ],
)
def test_a_changed_key_changes_what_is_cited(changes, more, fewer):
    usual, now = cited("mnist"), cited("mnist", **changes)
    assert (now - usual, usual - now) == (more, fewer)


def test_reset_by_subtraction_is_cited_for_what_it_is():
    assert "rueckauer2017conversion" in cited("mnist")
    assert "reset by subtraction" in bioscnn.cite("mnist", {"neuron.reset": "subtract"})
    assert "reset by subtraction" not in bioscnn.cite("mnist")


def test_a_retina_and_ranks_and_recordings_bring_their_own():
    foveal = cited("mnist-foveal") - cited("mnist")
    assert foveal >= {
        "bhattacharya2010rankorder",
        "gupta2020foveal",
        "thorpe1998rankorder",
        "vanrullen2001rate",
    }
    adapted = cited("mnist", **{"encoding.gain_control": "image"}) - cited("mnist")
    assert adapted == {"shapley1978contrast"} <= cited("caltech") and not adapted & foveal
    real, simulated = (cited("nmnist", **{"dataset.recordings": kind}) for kind in ("real", "simulated"))
    assert simulated - real == set(CAMERA) and "orchard2015converting" in real


def test_the_time_code_is_cited_in_place_of_normalisations():
    now = cited("mnist-time")
    assert "stanojevic2024high" in now and not {"diehl2015fast", "kim2020spikingyolo"} & now


def test_elastic_distortions_are_cited_for_networks_that_were_shown_them():
    assert "simard2003best" in cited("mnist") and "simard2003best" not in cited("caltech")


def test_own_data_are_cited_by_what_they_hold_and_not_by_their_folder(tmp_path, monkeypatch):
    images = bytes([0, 0, 8, 3, 0, 0, 0, 20, 0, 0, 0, 2, 0, 0, 0, 2]) + bytes(range(80))
    labels = bytes([0, 0, 8, 1, 0, 0, 0, 20]) + bytes([0, 1] * 10)
    study = tmp_path / "clothes.toml"
    for folder in ("mnist", "fashion-mnist", "my-own"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(images))
        (tmp_path / folder / "train-labels-idx1-ubyte").write_bytes(labels)
        study.write_text(f'[dataset]\nname = "idx:{folder}"\n')
        assert not {"xiao2017fashion", "lecun1998gradient"} & cited(study)
    monkeypatch.setitem(IMAGES_MD5, hashlib.md5(images).hexdigest(), "fashion-mnist")
    assert "xiao2017fashion" in cited(study) and "lecun1998gradient" not in cited(study)
    study.write_text('[dataset]\nname = "fashion-mnist"\n')  # by its name, also where it is not
    assert "xiao2017fashion" in cited(study)
    study.write_text('[dataset]\nname = "idx:nowhere"\n')
    assert not {"xiao2017fashion", "lecun1998gradient"} & cited(study)


def test_what_training_used_is_cited_as_the_card_says(tmp_path):
    """Batch normalisation and weight decay by their keys; what an earlier stage used, too."""
    card = {
        "weights_sha256": bioscnn.read_network("mnist-small").sha256(), "stage": "rates",
        "settings": {"weight_decay": 0.01}, "training": {"layers": "8c3 bn"},
        "started_from": "random weights",
    }  # fmt: skip
    bioscnn.write_onnx(bioscnn.read_network("mnist-small"), tmp_path / "own.onnx")
    own = {"network.model": str(tmp_path / "own.onnx")}
    always = {"paszke2019pytorch", "kingma2015adam", "loshchilov2017sgdr", "he2015delving"}
    asked = {"ioffe2015batch", "loshchilov2019decoupled"}
    assert not (always | asked) & cited("mnist", **own)
    (tmp_path / "own.json").write_text(json.dumps(card))
    assert always | asked | {"bengio2013estimating"} <= cited("mnist", **own)
    assert always <= cited("mnist") and not asked & cited("mnist")
    tuned = card | {"stage": "spikes", "settings": {"epochs": 1}, "training": {}}
    bioscnn.write_onnx(bioscnn.read_network("mnist-small"), tmp_path / "tuned.onnx")
    (tmp_path / "tuned.json").write_text(json.dumps(tuned | {"started_from": own["network.model"]}))
    assert asked | {"neftci2019surrogate"} <= cited(
        "mnist", **{"network.model": str(tmp_path / "tuned.onnx")}
    )


def test_before_training_it_is_said_how_to_train(tmp_path):
    study = tmp_path / "pets.toml"
    study.write_text('[network]\nmodel = "pets.onnx"\n')
    for function in (bioscnn.cite, bioscnn.plan):
        with pytest.raises(UserError) as refused:
            function(study)
        assert "bioscnn.train(study)" in refused.value.fix and refused.value.file == tmp_path / "pets.onnx"


def test_a_nir_graph_is_cited_without_neuron_and_training(tmp_path):
    graph = bioscnn.export("mnist", "nir", tmp_path / "mnist.nir")
    now = cited("mnist", **{"network.model": graph})
    assert "pedersen2024nir" in now
    assert not {"gerstner2014neuronal", "rotter1999exact", "hunsberger2016training"} & now


@pytest.mark.parametrize(
    ("changes", "more", "less"),
    [
        (
            {"network.model": "mnist-small-relu"},
            {"diehl2015fast", "rotter1999exact"},
            {"bu2022initialization"},
        ),
        ({"network.model": "mnist-small-relu", "network.normalisation": "none"}, set(), {"diehl2015fast"}),
        (
            {"network.model": "mnist-small-relu", "simulation.start": "spread"},
            {"bu2022initialization"},
            set(),
        ),
        ({"noise.membrane-noise-xi.severity": 1}, {"gerstner2014neuronal"}, {"rotter1999exact"}),
        (
            {"network.model": "mnist-small-relu", "neuron.model": "{sims}/neurons/exponential.toml"},
            {"diehl2015fast"},
            {"gerstner2014neuronal", "rotter1999exact"},
        ),
    ],
)
def test_what_a_change_brings_and_takes_away_is_cited_or_not(changes, more, less):
    given = {key: value.format(sims=shipped_studies()) if isinstance(value, str) else value
             for key, value in changes.items()}  # fmt: skip
    found = cited("mnist", **given)
    assert more <= found and not less & found
