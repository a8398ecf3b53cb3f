"""The section about the retina: what its cells make of the example images, and what they tell of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioscnn import plots
from bioscnn.encoding import (
    DifferenceOfGaussians,
    RankCode,
    fitted,
    quality,
    rank_order,
    reconstruct,
    responses,
    share_needed,
)
from bioscnn.encoding.reconstruction import SHARES, WANTED
from bioscnn.report.folder import Run
from bioscnn.report.formats import plural
from bioscnn.report.page import Figure, Part, Section, Text

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 2
"""Images that are drawn, each of another class; quality is that of all examples."""

ORDER = ("kernels", "maps", "order", "reconstructions", "quality")
"""Figures of the section, from top to bottom."""

RANKED = ("rank-order", "latency")
"""Kinds of encoding in which only the order of the coefficients counts."""

ENTRY = {
    "currents": "Each positive coefficient, {unit}, is a constant current into the "
    "first layer of the network",
    "lif-layer": "Each positive coefficient, {unit}, is a constant current into a LIF "
    "neuron of its own, whose spikes the network sees",
    "rank-order": "The largest coefficients are ranked, and the rank of each, not its size, is a constant "
    "current into a LIF neuron of its own, whose spikes the network sees",
    "latency": "The largest coefficients are ranked, and each is one spike, which comes the sooner the "
    "higher it ranks",
    "spike-time": "Each positive coefficient, {unit}, is one spike, whose time says it",
    "poisson": "Each positive coefficient, {unit}, is the rate of Poisson spikes, which the network sees",
}
"""How coefficients reach the network, by the kind of encoding; the unit depends on the gain control."""

UNITS = {
    True: "over the largest of its map (gain control)",
    False: "in fixed units (no gain control)",
}


def retina_section(run: Run) -> Section:
    """Return the section of the retina of a run whose images it filters."""
    figures = retina_figures(run)
    order = [figures[name] for name in ORDER if name in figures]
    parts: list[Part] = [Text(retina_text(run)), *order]
    return Section("retina", "What the retina makes of an image", parts, "Retina", "retina")


def retina_text(run: Run) -> str:
    """Return the sentences on how the image reaches the network."""
    names = [cell.name for cell in run.cells]
    entry = ENTRY[run.encoding["kind"]].format(unit=UNITS[run.adapts])
    listed = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    return (
        f"Ganglion cells of the foveal pit filter each image before the network sees it, one of each kind at "
        f"every pixel: {listed}. A cell's coefficient is the sum of the pixels around it, weighted with its "
        f"kernel. {entry}. Cells that are inhibited are silent."
    )


def retina_figures(run: Run) -> dict[str, Figure]:
    """Return figures of kernels, maps, the order of spikes if it counts, and reconstructions, by name."""
    cells, images = run.cells, run.data.example_image
    names = [cell.name for cell in cells]
    few = images[:SHOWN]
    labels = [run.classes[int(run.data.label[trial])] for trial in run.data.example_trial]
    intensities = (images / np.float32(255)).astype(np.float32)
    coefficients = responses(intensities, cells)
    code = rank_order(coefficients, cells, keep=1.0)
    table, reconstructed = _read_back(intensities, code, cells)
    needed = share_needed(intensities, code, cells, WANTED)
    figures = {
        "kernels": Figure(
            lambda width: plots.kernels(cells, width=width),
            f"Kernels of {plural(len(cells), 'kind')} of ganglion cells, and their profiles in px",
            kernels_caption(cells, (images.shape[2], images.shape[3])),
        ),
        "maps": Figure(
            lambda width: plots.cell_maps(few, coefficients[:SHOWN], names, labels[:SHOWN], width=width),
            f"Images of {' and '.join(labels[:SHOWN])}, and the coefficients of each kind of cell",
            maps_caption(coefficients, names),
        ),
        "reconstructions": Figure(
            lambda width: plots.reconstructions(few, reconstructed, table, labels[:SHOWN], width=width),
            f"Images of {' and '.join(labels[:SHOWN])} beside what their first spikes show of them",
            reconstructions_caption(run, code),
        ),
        "quality": Figure(
            lambda width: plots.quality_by_share(table, needed, WANTED, width=width),
            "Variance explained in %, PSNR in dB and SSIM against the share of the spikes in %",
            quality_caption(table, needed),
        ),
    }
    if run.encoding["kind"] in RANKED:
        first = rank_order(coefficients, cells, run.encoding["keep"])
        order = rank_order(coefficients[:SHOWN], cells, run.encoding["keep"])
        figures["order"] = Figure(
            lambda width: plots.firing_order(few, order, names, labels[:SHOWN], width=width),
            f"In which order the cells fire, in % of the spikes, for {' and '.join(labels[:SHOWN])}",
            order_caption(first, names, run.encoding["keep"]),
        )
    return figures


def _read_back(
    images: NDArray[np.float32], code: RankCode, cells: tuple[DifferenceOfGaussians, ...]
) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Return the quality of the reconstructions of all images, and the first few of the reconstructions."""
    import pandas as pd

    rows, reconstructed = [], []
    for share in SHARES:
        part = code.first(share)
        pictures = reconstruct(part, cells)
        for k, (image, picture) in enumerate(zip(images[:, 0], pictures, strict=True)):
            facts = {"image": k, "share": share, "spikes": int(part.start[k + 1] - part.start[k])}
            rows.append(facts | quality(image, picture)._asdict())
        pairs = zip(images[:SHOWN, 0], pictures, strict=False)
        reconstructed.append([fitted(image, picture) for image, picture in pairs])
    return pd.DataFrame(rows), np.swapaxes(np.array(reconstructed), 0, 1)


def kernels_caption(cells: tuple[DifferenceOfGaussians, ...], size: tuple[int, int]) -> str:
    """Return the caption of the kernels, and of which are larger than the image."""
    sizes = ", ".join(
        f"{cell.name} {cell.sigma:g} px, {cell.ratio:g} times as wide in the surround" for cell in cells
    )
    wider = [cell.name for cell in cells if cell.size > min(size)]
    beyond = (
        f" Kernels of {' and '.join(wider)} are larger than an image of {size[1]} × {size[0]}, which goes on "
        "beyond its border as its outermost pixels."
        if wider
        else ""
    )
    return (
        "What light weighs around a cell (red: it excites; blue: it inhibits), and the profile through the "
        "centre: the difference of two Gaussians, of sum 0 and norm 1 (Sen Bhattacharya and Furber 2010). "
        f"Standard deviations: {sizes}.{beyond} Colours are not linear, since surrounds are weak."
    )


def maps_caption(coefficients: NDArray[np.float32], names: list[str]) -> str:
    """Say which cells are excited most, and how many are excited at all."""
    largest = np.abs(coefficients).max(axis=(0, 2, 3))
    excited = 100 * np.mean(coefficients > 0)
    most = f"The largest are those of {names[int(largest.argmax())]}. " if len(names) > 1 else ""
    return (
        f"Coefficients of the cells at each pixel; red: excited, blue: inhibited. {most}Over "
        f"{plural(len(coefficients), 'example image')}, {excited:.0f} % of the cells are excited. Each map "
        "has its own scale, ± the largest coefficient, which stands above it."
    )


def order_caption(code: RankCode, names: list[str], keep: float) -> str:
    """Return the caption of the order of spikes: how many cells fire, and which fire first."""
    early = code.first(0.1)
    kind = early.neuron // (code.size // len(names))
    shares = 100 * np.bincount(kind, minlength=len(names)) / max(1, early.n_spikes)
    parts = ", ".join(f"{share:.0f} % from {name}" for name, share in zip(names, shares, strict=True))
    return (
        "The order in which the cells fire: the largest coefficient first; what it tells already is taken "
        "from the others before the next one is picked (FoCal). The study stops when "
        f"{100 * keep:g} % of the excited cells have fired: {code.n_spikes / code.n_images:,.0f} of "
        f"{code.n_positive.mean():,.0f} an image, on average. Of the first tenth of the spikes come {parts}. "
        "Above each map: how many of its cells fire. Grey: silent."
    )


def reconstructions_caption(run: Run, code: RankCode) -> str:
    """Return the caption of the reconstructions: what they are made of, and whether the network gets it."""
    kind, spikes = run.encoding["kind"], code.n_spikes / code.n_images
    if kind in RANKED:
        used = run.encoding["keep"] * code.n_positive.sum() / max(1, code.n_spikes)
        used_text = f"The network gets the first {100 * min(1, used):.0f} % of the spikes, on average"
    else:
        used_text = (
            "The network of this study gets the coefficients themselves; their order shows how much of the "
            "image they tell"
        )
    return (
        "Images read back from the first spikes when cells fire in rank order, each once: the sum of the "
        "kernels of those that have fired, times their coefficients, in the brightness and contrast nearest "
        "to the original. Above: share and number of the spikes, PSNR and SSIM (1: the original). "
        f"{used_text}. All spikes of an image: {spikes:,.0f} on average."
    )


def quality_caption(table: pd.DataFrame, needed: float) -> str:
    """Return the caption of the quality: what a tenth and all of the spikes explain, how many it takes."""
    explained = 100 * table.groupby("share")["explained"].mean()
    n = table["image"].nunique()
    return (
        f"How much the first spikes tell, on the mean over {plural(n, 'example image')} (blue) and for each "
        f"(grey): a tenth of them explains {explained[0.1]:.1f} % of the variance, all explain "
        f"{explained[1.0]:.1f} %. For {100 * WANTED:g} % of that, {100 * needed:.3g} % of the spikes are "
        "enough (dotted); Sen Bhattacharya and Furber (2009), by another measure, report more than 80 % of "
        "the information after 10 % of the cells."
    )
