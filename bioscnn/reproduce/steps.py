"""Steps that reproduce the results of the docs: commands in the order in which they run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bioscnn.extras import how_to_install

NEEDS = {
    "SALib": f"{how_to_install('sensitivity')}, or `make study`, which installs it",
    "torch": f"{how_to_install('train')}, or `make study`, which installs it",
    "photographs": "`bioscnn data fetch caltech`, or a data folder with Caltech101/",
    "recordings": "`bioscnn data fetch nmnist`, or a data folder with N-MNIST/",
    "test images": "`bioscnn data fetch mnist`, or a data folder with MNIST/",
}
"""What does not come with bioscnn, and how to get it."""


@dataclass(frozen=True)
class Step:
    """One command.

    Parameters
    ----------
    name : str
        What a user calls it.
    answers : str
        What it answers, in one line.
    command : tuple of str
        Words after ``bioscnn``.
    minutes : float
        About how long it takes on two cores.
    writes : str
        A file below the folder of all results, which is there once the step is done; ``{}`` stands for
        nothing or for ``-simulated``, where recordings may be either.
    needs : tuple of str
        Of `NEEDS`, what the step cannot do without.
    """

    name: str
    answers: str
    command: tuple[str, ...]
    minutes: float
    writes: str
    needs: tuple[str, ...] = ()

    def left(self, results: Path) -> bool:
        """Return whether what the step writes is there."""
        return any((results / self.writes.format(kind)).exists() for kind in ("", "-simulated"))


def _run(name: str, answers: str, minutes: float, *words: str, needs: tuple[str, ...] = ()) -> Step:
    """Return the run of a study of ``sims/``."""
    return Step(
        name, answers, ("run", f"sims/{name}.toml", *words), minutes, f"{name}{{}}/latest/summary.json", needs
    )


def _variant(
    name: str, study: str, answers: str, minutes: float, *changes: str, needs: tuple[str, ...] = ()
) -> Step:
    """Return the run of a study with keys changed, in a folder of its own: ``latest`` stays as it is."""
    words = (word for change in changes for word in ("--set", change))
    command = ("run", f"sims/{study}.toml", *words, "--out", f"results/{name}")
    return Step(name, answers, command, minutes, f"{name}/summary.json", needs)


def _retina(study: str, answers: str, minutes: float, *cells: str, needs: tuple[str, ...]) -> Step:
    """Return the retina experiment of a study with these cells."""
    names = ", ".join(f'"{cell}"' for cell in cells)
    command = ("retina", f"sims/{study}.toml", "--set", f"encoding.retina=[{names}]")
    return Step(f"retina-{study}", answers, command, minutes, f"filters/{study}/latest/summary.json", needs)


def _contrast(study: str, *changes: str, needs: tuple[str, ...] = ()) -> Iterator[Step]:
    """Yield the runs of a network of pixels at a fifth of the contrast, without and with gain control."""
    for gain in ("none", "image"):
        yield _variant(
            f"{study}-contrast-{gain}",
            study,
            f"What is left of {study} without filters at a fifth of the contrast? Gain control: {gain}",
            0.3,
            *changes, "noise.contrast.severity=3", f"encoding.gain_control={gain}",
            needs=needs,
        )  # fmt: skip


def _ledger(name: str, run: str, minutes: float) -> Step:
    answers = f"Where does the accuracy of {run} go, cause by cause?"
    return Step(name, answers, ("explain", f"results/{run}"), minutes, f"{run}/ledger.json")


def _relu(normalisation: str, milliseconds: int) -> Step:
    return _variant(
        f"mnist-relu-{normalisation}-{milliseconds}",
        "mnist",
        f"How well does a ReLU network spike in {milliseconds} ms? Normalisation: {normalisation}",
        0.3,
        "network.model=mnist-small-relu",
        f"network.normalisation={normalisation}",
        f"simulation.duration={milliseconds} ms",
    )


RUNS = (
    _run("mnist", "How well are digits classified in 30 ms?", 0.3),
    _ledger("mnist-ledger", "mnist/latest", 1),
    _variant("mnist-fine-tuned", "mnist", "What does fine-tuning on spikes bring?", 0.3,
             "network.model=mnist-small-fine-tuned"),
    *(_relu(name, milliseconds) for name in ("rate-matched", "channel-wise", "layer-wise", "none")
      for milliseconds in (30, 100)),
    _ledger("mnist-relu-ledger", "mnist-relu-none-30", 2),
    _run("mnist-foveal", "Is the order in which ganglion cells fire enough for digits?", 0.5),
    _run("caltech", "Are motorbikes told from airplanes through a retina?", 0.3, needs=("photographs",)),
    _variant("caltech-pixels", "caltech", "And without the retina?", 0.3,
             "network.model=caltech-pixels", "encoding.retina=[]", needs=("photographs",)),
    *_contrast("mnist"),
    *_contrast("caltech", "network.model=caltech-pixels", "encoding.retina=[]", needs=("photographs",)),
    _run("nmnist", "Are digits told from the events of a camera?", 0.5),
    _variant("nmnist-rates", "nmnist", "How well without fine-tuning on spikes?", 0.5,
             "network.model=nmnist-small"),
    Step("nmnist-simulated", "And from the events of a simulated camera?",
         ("run", "sims/nmnist.toml", "--set", "dataset.recordings=simulated"), 1,
         "nmnist-simulated/latest/summary.json"),
    _run("ncaltech101", "Are motorbikes told from airplanes by events?", 1, needs=("photographs",)),
)  # fmt: skip

COMPARISONS = (
    Step("devices-mnist", "Do all devices of this machine give the same spikes?",
         ("devices", "sims/mnist.toml", "--trials", "200"), 3, "devices/mnist/summary.json"),
    Step("devices-nmnist", "And where spikes come in?",
         ("devices", "sims/nmnist.toml", "--trials", "50"), 4, "devices/nmnist{}/summary.json"),
    Step("benchmark-mnist", "How good, fast and thrifty is each shipped network?",
         ("benchmark", "mnist"), 15, "benchmark/mnist/latest/summary.json", ("test images",)),
    Step("time-step-mnist", "What does a coarser time step change?",
         ("time-step", "sims/mnist.toml", "--trials", "1000"), 2, "time-step/mnist/latest/summary.json"),
)  # fmt: skip

QUESTIONS = (
    Step("timing-ncaltech101", "What do the times of spikes carry in recordings of photographs?",
         ("timing", "sims/ncaltech101.toml", "--set", "dataset.split=test", "--trials", "200"), 8,
         "timing/ncaltech101{}/latest/summary.json", ("photographs",)),
    Step("timing-nmnist", "What do the times of spikes carry that their number does not?",
         ("timing", "sims/nmnist.toml"), 15, "timing/nmnist{}/latest/summary.json"),
    Step("timing-nmnist-simulated", "And in simulated recordings of digits?",
         ("timing", "sims/nmnist.toml", "--set", "dataset.recordings=simulated"), 15,
         "timing/nmnist-simulated/latest/summary.json"),
    Step("times-needed-nmnist", "Does a network need the times of spikes, if it is trained without them?",
         ("times-needed", "sims/nmnist.toml", "--set", "encoding.frame=100 ms", "--trials", "500"), 15,
         "times-needed/nmnist{}/latest/summary.json", ("torch",)),
    Step("codes-mnist", "Rates or spike times, if both are trained alike?",
         ("codes", "sims/mnist.toml"), 40, "codes/mnist/latest/summary.json", ("torch", "test images")),
    _retina("caltech", "What do all cells of a retina add to gain control, for photographs in noise?", 15,
            "off-midget", "on-midget", "off-parasol", "on-parasol", needs=("torch", "photographs")),
    _retina("mnist-foveal", "What do midget cells of a retina add to gain control, for digits in noise?", 25,
            "off-midget", "on-midget", needs=("torch",)),
    Step("cross-nmnist", "What does training on real recordings add?",
         ("cross-validate", "sims/nmnist.toml", "nmnist-small-real"), 30,
         "cross-validation/nmnist-small-real{}/latest/summary.json", ("torch", "recordings")),
    Step("cross-ncaltech101", "How well are recordings of photographs classified, fold by fold?",
         ("cross-validate", "sims/ncaltech101.toml", "ncaltech101-small-fine-tuned"), 30,
         "cross-validation/ncaltech101-small-fine-tuned{}/latest/summary.json", ("torch", "photographs")),
)  # fmt: skip

NOISE = tuple(
    Step(f"noise-{name}", f"What does noise destroy first in {what}, and does the biology help?",
         ("noise", f"sims/{name}.toml"), minutes, f"noise/{name}{{}}/latest/summary.json", needs)
    for name, what, minutes, needs in (
        ("caltech", "photographs", 20, ("photographs",)), ("mnist", "digits", 40, ()),
        ("nmnist", "recordings", 50, ()),
    )
)  # fmt: skip

SWEEPS = tuple(
    Step(name, answers, ("sweep", f"sims/sweeps/{name.removesuffix('-gain-kept')}.toml", *words), minutes,
         f"sweeps/{name}/latest/summary.json", needs)
    for name, answers, words, minutes, needs in (
        ("mnist-surface", "How far may the strength of synapses and input be off?", (), 1, ()),
        ("mnist-morris", "Which of twelve biophysical parameters matter for digits?", (), 4, ("SALib",)),
        ("mnist-morris-gain-kept", "And if no layer changes its gain?", ("--gain", "kept"), 4, ("SALib",)),
        ("mnist-sobol", "Do those that matter act by themselves, or together?", (), 5, ("SALib",)),
    )
)  # fmt: skip

LADDERS = tuple(
    Step(f"ladder-{name}", f"What does each piece of biology cost and buy for {what}, in any order?",
         ("ladder", f"sims/{name}.toml", "--factorial"), minutes, f"ladder/{name}{{}}/latest/summary.json")
    for name, what, minutes in (("mnist", "digits", 8), ("nmnist", "recordings", 15))
)  # fmt: skip

STEPS = (*RUNS, *COMPARISONS, *SWEEPS, *LADDERS, *NOISE, *QUESTIONS)
"""All results of the docs: quick things first, then what takes long."""

QUICK = (
    Step("mnist-quick", "Are a few digits classified?", ("run", "sims/mnist.toml", "--trials", "200"), 0.2,
         "mnist/latest/summary.json"),
    Step("mnist-ledger-quick", "Where does their accuracy go?",
         ("explain", "results/mnist/latest", "--trials", "100"), 0.5, "mnist/latest/ledger.json"),
    Step("mnist-foveal-quick", "And through a retina?",
         ("run", "sims/mnist-foveal.toml", "--trials", "100"), 0.3, "mnist-foveal/latest/summary.json"),
    Step("nmnist-quick", "And as a simulated camera sees them?",
         ("run", "sims/nmnist.toml", "--trials", "50", "--set", "dataset.recordings=simulated"), 0.5,
         "nmnist-simulated/latest/summary.json"),
    Step("noise-mnist-quick", "What does noise destroy first?", ("noise", "sims/mnist.toml", "--quick"), 2,
         "noise/mnist-quick/latest/summary.json"),
    Step("mnist-surface-quick", "How far may synapses and input be off?",
         ("sweep", "sims/sweeps/mnist-surface.toml", "--trials", "20"), 0.5,
         "sweeps/mnist-surface/latest/summary.json"),
)  # fmt: skip
"""A few minutes of it, on what comes with bioscnn."""
