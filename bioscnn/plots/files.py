"""Figures as SVG, PNG or files."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioscnn.errors import UserError
from bioscnn.plots.style import layout_cached, settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CSS_PIXELS_PER_INCH = 96
FORMATS = (".svg", ".pdf", ".png")


def to_svg(figure: Figure) -> str:
    """Return a figure as SVG text, the same text each time; what it rasterises has two pixels a CSS pixel."""
    return _rendered(figure, format="svg", dpi=2 * CSS_PIXELS_PER_INCH, metadata={"Date": None}).decode()


def to_png(figure: Figure, density: float = 2) -> bytes:
    """Return a figure as PNG with `density` pixels a CSS pixel (1/96 inch)."""
    return _rendered(figure, format="png", dpi=density * CSS_PIXELS_PER_INCH)


def save(figure: Figure, path: Path) -> Path:
    """Write a figure to a file, as vectors (.svg, .pdf) or as pixels at 300 dpi (.png).

    Raises
    ------
    UserError
        If the name has another ending, or the file cannot be written.
    """
    if path.suffix not in FORMATS:
        raise UserError("unknown format of a figure", file=path, expected=" | ".join(FORMATS))
    content = _rendered(figure, format=path.suffix[1:], dpi=300)
    try:
        path.write_bytes(content)
    except OSError as error:
        raise UserError(f"cannot write the figure: {error.strerror}", file=path) from error
    return path


def _rendered(figure: Figure, **options: Any) -> bytes:
    buffer = BytesIO()
    with settings(), layout_cached():
        figure.savefig(buffer, **options)
    return buffer.getvalue()
