"""What `bioscnn cite` prints: BibTeX that can be read, of exactly the methods that a study uses."""

import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

import bioscnn
from bioscnn.citations.methods import CAMERA, DATASETS, NOISES
from bioscnn.citations.references import bibtex, references
from bioscnn.cli import app
from bioscnn.noise import NOISES as ALL_NOISES
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
    source = Path(bioscnn.__file__).parent.joinpath("citations", "methods.py").read_text()
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
    assert {"bioscnn", "stimberg2019brian2", "gerstner2014neuronal"} <= set(entries(done.output))


@pytest.mark.parametrize(
    ("changes", "more", "fewer"),
    [
        ({"simulation.device": "genn"}, {"stimberg2020brian2genn", "yavuz2016genn"}, set()),
        ({"neuron.reset": "subtract"}, {"rueckauer2017conversion"}, set()),
        ({"neuron.model": "adaptive-lif"}, {"treves1993meanfield", "benda2003adaptation"}, set()),
        ({"synapse.model": "conductance"}, {"destexhe2001conductances"}, {"rotter1999exact"}),
        (
            {"network.model": "mnist-small-relu"},
            {"diehl2015fast", "rueckauer2017conversion", "kim2020spikingyolo"},
            {"hunsberger2016training"},
        ),
        (
            {"network.model": "mnist-small-relu", "network.normalisation": "layer-wise"},
            {"diehl2015fast", "rueckauer2017conversion"},
            {"hunsberger2016training"},
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


def test_a_retina_and_ranks_and_recordings_bring_their_own():
    foveal = cited("mnist-foveal") - cited("mnist")
    assert foveal >= {
        "bhattacharya2010rankorder",
        "gupta2020foveal",
        "thorpe1998rankorder",
        "vanrullen2001rate",
    }
    real, simulated = (cited("nmnist", **{"dataset.recordings": kind}) for kind in ("real", "simulated"))
    assert simulated - real == set(CAMERA) and "orchard2015converting" in real


def test_the_time_code_is_cited_in_place_of_normalisations():
    now = cited("mnist-time")
    assert "stanojevic2024high" in now and not {"diehl2015fast", "kim2020spikingyolo"} & now


def test_elastic_distortions_are_cited_for_networks_that_were_shown_them():
    assert "simard2003best" in cited("mnist") and "simard2003best" not in cited("caltech")


def test_own_data_are_cited_by_their_folder_if_it_is_a_known_one(tmp_path):
    study = tmp_path / "clothes.toml"
    study.write_text('[dataset]\nname = "idx:fashion-mnist"\n')
    assert "xiao2017fashion" in cited(study) and "lecun1998gradient" not in cited(study)
    study.write_text('[dataset]\nname = "idx:my-own"\n')
    assert not {"xiao2017fashion", "lecun1998gradient"} & cited(study)


def test_a_nir_graph_is_cited_without_neuron_and_training(tmp_path):
    graph = bioscnn.export("mnist", "nir", tmp_path / "mnist.nir")
    now = cited("mnist", **{"network.model": graph})
    assert "pedersen2024nir" in now
    assert not {"gerstner2014neuronal", "rotter1999exact", "hunsberger2016training"} & now
