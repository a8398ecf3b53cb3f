"""How soon the order of spikes tells what an image shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bioscnn.datasets import ImageSet
from bioscnn.encoding import (
    FOVEAL_PIT,
    Quality,
    find_cells,
    quality,
    rank_order,
    reconstruct,
    responses,
    share_needed,
)
from bioscnn.encoding.reconstruction import SHARES, WANTED, explained
from bioscnn.experiments.experiment import Row

IMAGES = 100


def order_rows(images: ImageSet) -> tuple[list[Row], float]:
    """Rank the spikes of all four kinds of cells, and read images back from the first of them.

    Parameters
    ----------
    images : ImageSet
        Of which the first hundred are taken.

    Returns
    -------
    list of dict
        One row per share of the spikes: ``share``, and the means over images of ``psnr`` (dB), ``ssim`` and
        ``explained``, and ``explained_without_correction`` of spikes in the order of the coefficients as they
        are.
    float
        The share that explains 80 % of what all spikes explain.

    References
    ----------
    Sen Bhattacharya and Furber (2009), Maximising information recovery from rank-order codes, IJCNN: "more
    than 80 % of the input information" by the first 10 % of the ganglion cells.
    """
    intensities = images.take(min(IMAGES, len(images))).intensities()
    cells = find_cells(FOVEAL_PIT)
    coefficients = responses(intensities, cells)
    code = rank_order(coefficients, cells, keep=1.0)
    # As pixels of one tall image, coefficients are sorted, and nothing is corrected.
    n, kinds, height, width = coefficients.shape
    tall = rank_order(coefficients.reshape(n, 1, kinds * height, width), (), keep=1.0)
    sorted_only = replace(tall, shape=code.shape)
    rows: list[Row] = []
    for share in SHARES:
        read = reconstruct(code.first(share), cells)
        qualities = np.mean([quality(*pair) for pair in zip(intensities[:, 0], read, strict=True)], axis=0)
        row = {"share": share, "n": n, **dict(zip(Quality._fields, map(float, qualities), strict=True))}
        without = explained(intensities[:, 0], reconstruct(sorted_only.first(share), cells))
        rows.append(row | {"explained_without_correction": float(without.mean())})
    return rows, share_needed(intensities, code, cells, WANTED)
