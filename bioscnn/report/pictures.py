"""Figures as images of a page."""

from __future__ import annotations

import gc
import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from bioscnn.caches import cache_folder, keep_text, kept_text
from bioscnn.fingerprint import code_of_modules, hash_of, version_of
from bioscnn.forks import shared_out
from bioscnn.plots.files import CSS_PIXELS_PER_INCH, to_svg
from bioscnn.plots.style import NARROW, WIDE

if TYPE_CHECKING:
    from bioscnn.report.page import Figure


class Image(NamedTuple):
    """An SVG image as a data URI, with its size in CSS pixels.

    An image, not SVG elements of the page: matplotlib's element ids would clash between figures.
    """

    uri: str
    width: int
    height: int


class Pictures(NamedTuple):
    """A figure for a desktop and for a phone: twice the same one, if that is narrow."""

    desktop: Image
    phone: Image


def draw_all(figures: Sequence[Figure]) -> dict[Figure, Pictures]:
    """Draw figures once for each width of the screen, on all cores."""
    if figures:
        load_for_drawing()  # before this process is copied
    widths = [(figure, width) for figure in figures for width in _widths(figure)]
    with _objects_frozen():
        images = iter([Image(*drawn) for drawn in shared_out(_draw, widths)])
    drawn = {figure: [next(images) for _ in _widths(figure)] for figure in figures}
    return {figure: Pictures(sizes[0], sizes[-1]) for figure, sizes in drawn.items()}


@contextmanager
def _objects_frozen() -> Iterator[None]:
    """Look for garbage only among what is made meanwhile, unless something else is set apart already."""
    apart = gc.get_freeze_count() == 0
    if apart:
        gc.freeze()
    try:
        yield
    finally:
        if apart:
            gc.unfreeze()


def load_for_drawing() -> None:
    """Load all of matplotlib that figures need."""
    import matplotlib.backends.backend_svg
    import matplotlib.figure  # noqa: F401


def _widths(figure: Figure) -> tuple[float, ...]:
    return (NARROW,) if figure.narrow else (WIDE, NARROW)


def _draw(job: tuple[Figure, float]) -> Image:
    """Draw a figure in a width in inches.

    A figure is thousands of objects in circles. To look for garbage among them while they are made takes a
    fifth of the time; it is enough to do it between figures, whenever Python would.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        return _image(*job)
    finally:
        if collects:
            gc.enable()


def _image(figure: Figure, width: float) -> Image:
    svg, size = _cached(figure, width) if figure.drawn_from else _drawn(figure, width)
    across, down = (round(CSS_PIXELS_PER_INCH * inches) for inches in size)
    return Image(f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}", across, down)


def _drawn(figure: Figure, width: float) -> tuple[str, list[float]]:
    """Return a figure as SVG, and its size in inches."""
    drawing = figure.draw(width)
    return to_svg(drawing), drawing.get_size_inches().tolist()


def _cached(figure: Figure, width: float) -> tuple[str, list[float]]:
    """Return the same from the cache folder, or draw it and keep it there."""
    module, *numbers = figure.drawn_from
    key = hash_of(code_of_modules(str(module)), version_of("matplotlib"), width, numbers)
    path = cache_folder() / "drawings" / f"{key}.json"
    if (text := kept_text(path)) is not None:
        svg, size = json.loads(text)
        return str(svg), [float(inches) for inches in size]
    drawn = _drawn(figure, width)
    keep_text(path, json.dumps(drawn))
    return drawn
