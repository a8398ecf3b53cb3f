"""Who takes part, with which network, in which table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bench.environments import ENVIRONMENTS, OWN
from bench.networks import AT_ONCE, SAME_MODEL

EQUAL_ACCURACY, SAME = "equal-accuracy", "same-model"
SIZES = ("small", "large")
EVENTS, VGG = "nmnist", "vgg"
PARTS = {"peers": SIZES, EVENTS: (EVENTS,), VGG: (VGG,)}
"""Sizes whose tables fill one part of a document."""

EXAMPLES = {EVENTS: 1000, VGG: 16}
"""Examples of a size, where they are fewer than the effort allows."""

OURS = "bioscnn, 2 processes"
BATCHES = (8, 16, 32, 64, 128, 256)
EVENT_BATCHES, VGG_BATCHES = (2, 4, *BATCHES), (2, 4, 8, 16, 32, 64)
VGG_FILE = ENVIRONMENTS / "vgg-16-random.onnx"

NORMALISATION = (
    "network.normalisation=channel-wise", "network.percentile=99", "network.max_rate=350 Hz",
)  # fmt: skip
"""Of the IF networks: the fewest spikes within 0.1 points of the best, see `bench.normalisation`."""

READOUT = "peak-potential"
"""Of the LIF networks: the best of all on validation images, see docs/networks.md."""


@dataclass(frozen=True)
class Entry:
    """A contestant with a problem.

    Parameters
    ----------
    simulator : str
        Its name in the tables.
    size : str
        One of `PARTS`; entries of one size are measured in turn.
    problem : str
        Name of the problem, see `problems`.
    module : str
        Has ``load(problem)``; see `bench.worker`.
    environment : str
        Name of its environment; `OWN` is that of bioscnn.
    tables : tuple of str
        The tables that it appears in.
    variants : tuple of str
        Ways to compute the same; the fastest is taken.
    batches : tuple of int
        Images at a time; the fastest number is taken.
    recorded : str
        ``"output"`` or ``"all spikes"``.
    kind : str
        ``"bioscnn"``, ``"torch library"``, ``"JAX library"``, ``"by hand"``, ``"brian2"`` or ``"limit"``.
    images : int or None
        Images of every measurement; None for as many as take a few seconds.
    reference : bool
        Whether the others are compared with it, in its tables.
    """

    simulator: str
    size: str
    problem: str
    module: str
    environment: str = OWN
    tables: tuple[str, ...] = (EQUAL_ACCURACY, SAME)
    variants: tuple[str, ...] = ("",)
    batches: tuple[int, ...] = (1,)
    recorded: str = "output"
    kind: str = "bioscnn"
    images: int | None = None
    reference: bool = False

    @property
    def key(self) -> str:
        """What names it."""
        return f"{self.simulator}, {self.problem}"


def problems(size: str) -> dict[str, tuple[tuple[str, ...], str]]:
    """Return the problems of a size by name: changed keys of the study, and the readout of bioscnn."""
    if size == EVENTS:
        lif = "nmnist-small"
        at_once = (f"network.model={lif}", *AT_ONCE)
        return {
            f"{lif}-fine-tuned": ((f"network.model={lif}-fine-tuned",), "mean-potential"),
            lif: ((f"network.model={lif}",), "mean-potential"),
            f"{lif}, plain LIF": (at_once, "mean-potential"),
        }
    if size == VGG:
        changes = (f"network.model={VGG_FILE}", "simulation.duration=50 ms", *SAME_MODEL, *NORMALISATION)
        return {"vgg-16-random, IF": (changes, "mean-potential")}
    lif, fine_tuned, relu = f"mnist-{size}", f"mnist-{size}-fine-tuned", f"mnist-{size}-relu"
    return {
        lif: ((f"network.model={lif}",), READOUT),
        fine_tuned: ((f"network.model={fine_tuned}",), READOUT),
        f"{relu}, IF": ((f"network.model={relu}", *SAME_MODEL, *NORMALISATION), "mean-potential"),
    }


def entries(size: str) -> Iterator[Entry]:
    """Return everything that is measured with the networks of a size, in the order of a round."""
    if size == EVENTS:
        yield from _entries_of_events()
        return
    if size == VGG:
        yield from _entries_of_vgg()
        return
    lif, fine_tuned, same = problems(size)
    ours = Entry(OURS, size, lif, "bench.contestants.bioscnn", variants=("jobs=2",))
    for problem, table in ((lif, EQUAL_ACCURACY), (same, SAME)):
        here = replace(ours, problem=problem, tables=(table,))
        yield replace(here, reference=True)
        yield replace(here, simulator="bioscnn, 1 process", variants=("jobs=1",))
        yield replace(
            here,
            simulator="bioscnn, 2 processes, all spikes",
            variants=("jobs=2 all-spikes",),
            recorded="all spikes",
        )
    yield replace(ours, problem=fine_tuned, tables=(EQUAL_ACCURACY,))
    yield replace(
        ours, simulator="C by hand, 1 process", module="bench.contestants.limit", tables=(EQUAL_ACCURACY,),
        variants=("",), kind="limit",
    )  # fmt: skip

    *libraries, by_hand = torch_entries(size, same)
    yield from libraries
    yield replace(
        by_hand, simulator="spyx", module="bench.contestants.spyx", environment="spyx",
        variants=("channels-last", ""), kind="JAX library",
    )  # fmt: skip
    yield by_hand
    yield replace(
        by_hand, simulator="torch by hand, bfloat16", tables=(EQUAL_ACCURACY,),
        variants=("bfloat16 channels-last",),
    )  # fmt: skip
    yield replace(
        by_hand, simulator="JAX by hand", module="bench.contestants.jax_scan", environment="jax",
        variants=("channels-last", ""),
    )  # fmt: skip
    brian2 = replace(
        ours, simulator="Brian2", module="bench.contestants.brian2_plain", variants=("",), kind="brian2",
        images=500 if size == "small" else 100,
    )  # fmt: skip
    yield replace(brian2, tables=(EQUAL_ACCURACY,))
    yield replace(brian2, problem=same, tables=(SAME,))


def torch_entries(size: str, problem: str) -> list[Entry]:
    """Return the torch libraries, and last torch by hand."""
    first = Entry(
        "SpikingJelly", size, problem, "bench.contestants.spikingjelly", "spikingjelly",
        variants=("", "channels-last", "layer-wise", "layer-wise channels-last"), batches=BATCHES,
        kind="torch library",
    )  # fmt: skip
    return [
        first,
        replace(
            first, simulator="snnTorch", module="bench.contestants.snntorch", environment="snntorch",
            variants=("", "channels-last"),
        ),
        replace(first, simulator="sinabs", module="bench.contestants.sinabs", environment="sinabs"),
        replace(
            first, simulator="torch by hand", module="bench.contestants.torch_loop", environment="torch",
            variants=("channels-last", "", "compiled", "compiled channels-last"), kind="by hand",
        ),
    ]  # fmt: skip


def _entries_of_events() -> Iterator[Entry]:
    fine_tuned, lif, plain = problems(EVENTS)
    ours = Entry(OURS, EVENTS, fine_tuned, "bench.contestants.bioscnn", variants=("jobs=2",))
    for problem, table in ((fine_tuned, EQUAL_ACCURACY), (plain, SAME)):
        here = replace(ours, problem=problem, tables=(table,))
        yield replace(here, reference=True)
        yield replace(here, simulator="bioscnn, 1 process", variants=("jobs=1",))
    yield replace(
        ours, simulator="bioscnn, 2 processes, all spikes", tables=(EQUAL_ACCURACY,),
        variants=("jobs=2 all-spikes",), recorded="all spikes",
    )  # fmt: skip
    yield replace(ours, problem=lif, tables=(EQUAL_ACCURACY,))
    *libraries, by_hand = torch_entries(EVENTS, plain)
    for entry in (*libraries, replace(by_hand, variants=("channels-last", "", "compiled channels-last"))):
        yield replace(entry, batches=EVENT_BATCHES)
    yield replace(
        ours, simulator="Brian2", problem=plain, module="bench.contestants.brian2_plain", variants=("",),
        kind="brian2", images=100, tables=(SAME,),
    )  # fmt: skip


def _entries_of_vgg() -> Iterator[Entry]:
    (problem,) = problems(VGG)
    ours = Entry(OURS, VGG, problem, "bench.contestants.bioscnn", tables=(SAME,), variants=("jobs=2",))
    yield replace(ours, reference=True)
    yield replace(ours, simulator="bioscnn, 1 process", variants=("jobs=1",))
    *libraries, by_hand = torch_entries(VGG, problem)
    for entry in (*libraries, replace(by_hand, variants=("channels-last", ""))):
        yield replace(entry, batches=VGG_BATCHES, tables=(SAME,))
