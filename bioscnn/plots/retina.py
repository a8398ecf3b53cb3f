"""What the ganglion cells of the retina make of images: kernels, maps, order of spikes, what these tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.encoding import DifferenceOfGaussians, RankCode
from bioscnn.plots.raster import show_image
from bioscnn.plots.style import INK, MUTED, PALE, TRUE, WIDE, new_figure, themed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DIVERGING = "RdBu_r"
"""Red where light excites a cell, or a cell is excited; blue where it is inhibited."""

SILENT = "#ececec"

PANEL = 1.35
"""Width in inches of a panel that shows an image."""


@themed
def kernels(cells: Sequence[DifferenceOfGaussians], *, width: float = WIDE) -> Figure:
    """Draw the kernels of ganglion cells: as images, and the profile through the centre.

    Parameters
    ----------
    cells : sequence of DifferenceOfGaussians
        At least one.
    width : float
        Width in inches; below 5, or alone, a cell is a row, otherwise a column.
    """
    from matplotlib.colors import AsinhNorm

    n, beside = len(cells), width >= 5 and len(cells) > 1
    size = (1.6 * n + 0.75, 3.3) if beside else (min(width, 3.6), 1.55 * n + 0.85)
    figure = new_figure(*size, layout="compressed")
    if beside:
        panels = figure.subplots(2, n, squeeze=False, height_ratios=(1, 0.8))
    else:
        panels = figure.subplots(n, 2, squeeze=False, width_ratios=(1, 1.2)).T
    # Surrounds are wide and weak; on a linear scale they would be white.
    norm = AsinhNorm(linear_width=0.02, vmin=-1, vmax=1)
    for k, (cell, (picture, profile)) in enumerate(zip(cells, panels.T, strict=True)):
        weights = cell.kernel / np.abs(cell.kernel).max()
        half = cell.size / 2
        image = picture.imshow(weights, cmap=DIVERGING, norm=norm, extent=(-half, half, -half, half))
        _frame(picture)
        picture.set_title(f"{cell.name}, {cell.size} × {cell.size}")
        away = np.arange(cell.size) - cell.size // 2
        few = {"marker": "o", "markersize": 2.5} if cell.size < 20 else {}
        profile.axhline(0, color=PALE, linewidth=0.8, zorder=0)
        profile.plot(away, weights[cell.size // 2], color=INK, linewidth=1.2, **few)
        profile.set(ylim=(-1.08, 1.08), xticks=(away[0], 0, away[-1]))
        profile.tick_params(labelleft=k == 0 or not beside)
        profile.set_ylabel("weight / largest" if k == 0 or not beside else "")
        profile.set_xlabel("distance (px)" if beside or k == n - 1 else "")
    bar = figure.colorbar(
        image, ax=list(panels[0] if beside else panels.ravel()), location="right" if beside else "bottom",
        shrink=0.9 if beside else 0.5, aspect=20, ticks=(-1, -0.1, 0, 0.1, 1), format="{x:g}",
    )  # fmt: skip
    bar.minorticks_off()
    bar.set_label("weight / largest")
    return figure


@themed
def cell_maps(
    images: NDArray[np.uint8],
    coefficients: NDArray[np.float32],
    names: Sequence[str],
    labels: Sequence[str],
    *,
    width: float = WIDE,
) -> Figure:
    """Draw what each kind of cell makes of images; each map has its own scale, the same to both sides.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, channels, height, width)
        What was filtered.
    coefficients : ndarray of float32, shape (n, n_kinds, height, width)
        Signed, from `bioscnn.encoding.responses`.
    names : sequence of str
        Of the kinds of cells.
    labels : sequence of str
        Of the images.
    width : float
        Width in inches.
    """
    figure, panels = _panels(images, 1 + len(names), width)
    for image, maps, label, row in zip(images, coefficients, labels, panels, strict=True):
        _show_original(row[0], image, label)
        for axes, coefficient, name in zip(row[1:], maps, names, strict=True):
            largest = float(np.abs(coefficient).max())
            cell_map = axes.imshow(coefficient / (largest or 1), cmap=DIVERGING, vmin=-1, vmax=1)
            axes.set_title(f"{name}\n±{largest:.3g}")
            _frame(axes)
    _scale_below(figure, panels, cell_map, "coefficient / largest of the map")
    return figure


@themed
def firing_order(
    images: NDArray[np.uint8],
    code: RankCode,
    names: Sequence[str],
    labels: Sequence[str],
    *,
    width: float = WIDE,
) -> Figure:
    """Draw in which order the cells fire; those that stay silent are grey.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, channels, height, width)
        What was encoded.
    code : RankCode
        The order, from `bioscnn.encoding.rank_order`.
    names : sequence of str
        Of the kinds of cells.
    labels : sequence of str
        Of the images.
    width : float
        Width in inches.
    """
    figure, panels = _panels(images, 1 + len(names), width)
    maps = code.maps()
    for image, shares, label, row in zip(images, maps, labels, panels, strict=True):
        _show_original(row[0], image, label)
        for axes, share, name in zip(row[1:], shares, names, strict=True):
            rank = np.where(share > 0, 100 * (1 - share), np.nan)
            axes.set_facecolor(SILENT)
            order_map = axes.imshow(rank, cmap="plasma", vmin=0, vmax=100)
            axes.set_title(f"{name}\n{np.count_nonzero(share):,}")
            _frame(axes)
    _scale_below(figure, panels, order_map, "spikes of the image that came before (%)")
    return figure


@themed
def reconstructions(
    images: NDArray[np.uint8],
    pictures: NDArray[np.float64],
    quality: pd.DataFrame,
    labels: Sequence[str],
    *,
    width: float = WIDE,
) -> Figure:
    """Draw images beside what the first spikes tell of them.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, channels, height, width)
        The originals.
    pictures : ndarray of float64, shape (n, n_shares, height, width)
        Reconstructions in the brightness and contrast of the originals, 0 to 1.
    quality : DataFrame
        One row per image and share: columns ``image`` (0 to n - 1), ``share`` (0 to 1, ascending),
        ``spikes``, ``psnr`` (dB) and ``ssim``. Rows of other images are left out.
    labels : sequence of str
        Of the images.
    width : float
        Width in inches.
    """
    figure, panels = _panels(images, 1 + pictures.shape[1], width, above=0.46)
    for k, (image, label, row) in enumerate(zip(images, labels, panels, strict=True)):
        _show_original(row[0], image, f"{label}\noriginal")
        qualities = quality[quality["image"] == k].itertuples()
        for axes, picture, of in zip(row[1:], pictures[k], qualities, strict=True):
            axes.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
            axes.set_title(f"{100 * of.share:g} %: {of.spikes:,}\n{of.psnr:.1f} dB, {of.ssim:.2f}")
            _frame(axes)
    return figure


@themed
def quality_by_share(
    quality: pd.DataFrame, needed: float, target: float = 0.8, *, width: float = WIDE
) -> Figure:
    """Draw how much spikes tell against their share, image by image and on the mean.

    Parameters
    ----------
    quality : DataFrame
        As for `reconstructions`, with a column ``explained``, the share of the image's variance, 0 to 1.
    needed : float
        Share of the spikes that explains as much as is wanted, 0 to 1; marked.
    target : float
        What is wanted, as a part of what all spikes explain, 0 to 1.
    width : float
        Width in inches; below 5 the panels stand one above the other.
    """
    from matplotlib.ticker import NullLocator

    beside = width >= 5
    figure = new_figure(width, 2.5 if beside else 5.4)
    panels = figure.subplots(*(1, 3) if beside else (3, 1), sharex=True)
    shares = 100 * np.sort(quality["share"].unique())
    for axes, name, label, factor in zip(
        panels,
        ("explained", "psnr", "ssim"),
        ("variance explained (%)", "PSNR (dB)", "SSIM"),
        (100, 1, 1),
        strict=True,
    ):
        curves = factor * quality.pivot(index="share", columns="image", values=name)
        axes.plot(shares, curves, color=PALE, linewidth=0.8)
        axes.plot(shares, curves.mean(axis=1), color=TRUE, linewidth=2, marker="o", markersize=3.5)
        axes.set_xscale("log")
        axes.set_xticks(shares, [f"{share:g}" for share in shares])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set(ylabel=label, ylim=(0, None))
        if beside or axes is panels[-1]:
            axes.set_xlabel("spikes, of all (%)")
    mark = 100 * needed, target * 100 * quality.loc[quality["share"] == 1, "explained"].mean()
    panels[0].plot((mark[0], mark[0], shares[0]), (0, mark[1], mark[1]), color=MUTED, linewidth=1, ls=":")
    panels[0].annotate(
        f"{100 * target:g} % of it\nby {mark[0]:.3g} %", mark, xytext=(5, -4), textcoords="offset points",
        va="top", size=8, color=MUTED,
    )  # fmt: skip
    panels[0].set_ylim(0, 101)
    return figure


def _panels(
    images: NDArray[np.uint8], n_panels: int, width: float, above: float = 0.42
) -> tuple[Figure, list[list[Axes]]]:
    """Return a figure with panels for each image: in one row, or as many as the width asks for."""
    columns = min(n_panels, int(width / 1.15))
    lines = -(-n_panels // columns)
    wide = min(width, PANEL * columns)
    tall = lines * (wide / columns * images.shape[2] / images.shape[3] + above)
    figure = new_figure(wide, tall * len(images) + 0.1)
    grid = figure.subplots(lines * len(images), columns, squeeze=False).reshape(len(images), -1)
    for axes in grid[:, n_panels:].ravel():
        axes.set_axis_off()
    return figure, grid[:, :n_panels].tolist()


def _show_original(axes: Axes, image: NDArray[np.uint8], label: str) -> None:
    show_image(axes, image)
    axes.set_anchor("C")
    axes.set_title(label)


def _frame(axes: Axes) -> None:
    axes.set(xticks=(), yticks=())
    axes.spines[:].set(visible=True, color=PALE)


def _scale_below(figure: Figure, panels: list[list[Axes]], mapped: Any, label: str) -> None:
    figure.set_figheight(figure.get_figheight() + 0.5)
    bar = figure.colorbar(
        mapped, ax=[axes for row in panels for axes in row], location="bottom", shrink=0.5, aspect=40
    )
    bar.set_label(label)
    bar.outline.set_linewidth(0)
