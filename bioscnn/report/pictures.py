"""Figures as images of a page."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bioscnn.plots.files import CSS_PIXELS_PER_INCH, to_svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Image:
    """An SVG image as a data URI, with its size in CSS pixels.

    An image, not SVG elements of the page: matplotlib's element ids would clash between figures.
    """

    uri: str
    width: int
    height: int

    @classmethod
    def of(cls, figure: Figure) -> Image:
        """Render a figure."""
        encoded = b64encode(to_svg(figure).encode()).decode()
        width, height = (round(CSS_PIXELS_PER_INCH * inches) for inches in figure.get_size_inches())
        return cls(f"data:image/svg+xml;base64,{encoded}", width, height)
