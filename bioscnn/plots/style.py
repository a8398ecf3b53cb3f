"""How every figure looks: sizes, colours that colour-blind readers tell apart, and the theme."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import wraps
from threading import RLock
from typing import TYPE_CHECKING, Any, Literal, ParamSpec

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

WIDE = 7.2
"""Width in inches of a figure on a page: 691 CSS pixels."""

NARROW = 3.6
"""Width in inches of a figure on a phone, or of one of two side by side."""

MANY = 100
"""More points of a sweep than so many are drawn as pixels: as vectors they would make a page heavy."""

INK, MUTED, PALE = "#1c1c1c", "#5f6368", "#c4c7cb"

PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b07d00", "#56b4e9")
"""Okabe and Ito's colours, the yellow darkened to be seen on white."""

TRUE, WRONG = PALETTE[0], PALETTE[1]
"""What is right, and what was mistaken for it."""

THEME: dict[Any, Any] = {
    "text.parse_math": False,  # a name with dollar signs is a name
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.linewidth": 0.7,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    # Without it, matplotlib looks again and again for ticks above each panel; no figure has any.
    "axes.titley": 1.0,
    "lines.linewidth": 1.4,
    # Outlines, so that a figure looks the same whatever fonts the reader's machine has.
    "svg.fonttype": "path",
    "svg.hashsalt": "bioscnn",
}

P = ParamSpec("P")
Layout = Literal["constrained", "compressed"]


def settings() -> AbstractContextManager[None]:
    """Set matplotlib's own defaults and the theme for a while; a file ``matplotlibrc`` changes fonts alone.

    Names of classes may need a font that matplotlib does not bring along.
    """
    import matplotlib

    kept = ("backend", "font.sans-serif")
    defaults = {name: value for name, value in matplotlib.rcParamsDefault.items() if name not in kept}
    return matplotlib.rc_context(defaults | THEME)


def themed(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draw under the theme, leaving matplotlib's own settings as they were.

    The layout is computed once, here; matplotlib would draw the figure an extra time whenever it is saved.
    """

    @wraps(draw)
    def draw_themed(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with settings():
            figure = draw(*args, **kwargs)
            _plain_powers(figure)
            layout = figure.get_layout_engine()
            if layout is not None:
                with layout_cached():
                    layout.execute(figure)
                # The name "none" would leave a placeholder, which costs that draw all the same.
                figure.set_layout_engine(None)
        return figure

    return draw_themed


@contextmanager
def layout_cached() -> Iterator[None]:
    """Let an axis keep its ticks, and a text its extent, as long as what decides them stays the same.

    One thread draws at a time: the methods are replaced for the whole process.

    matplotlib finds ticks anew four times for each place of an axis: for itself, its label and its siblings.
    It measures their labels each time, and once more to draw them.
    """
    from matplotlib.axis import Axis
    from matplotlib.text import Text

    def axis_state(axis: Axis) -> object:
        place = axis.axes
        return (*axis.get_view_interval(), *place.bbox.bounds, place.figure and place.figure.dpi)

    def text_state(text: Text, renderer: object) -> object:
        font = hash(text.get_fontproperties()), text.get_rotation(), text.get_rotation_mode()
        names = ("horizontalalignment", "verticalalignment", "multialignment", "linespacing")
        lines = tuple(vars(text).get(f"_{name}") for name in names)
        return text.get_text(), font, lines, renderer, text.figure and text.figure.dpi

    ticks = _cached_method(Axis, "_update_ticks", axis_state)
    extents = _cached_method(Text, "_get_layout", text_state)
    with _DRAWING, ticks, extents:
        yield


_DRAWING = RLock()


@contextmanager
def _cached_method(cls: type, name: str, key: Callable[..., object]) -> Iterator[None]:
    """Let an object keep what a method of it returns, as long as what `key` returns stays the same.

    The methods are none that matplotlib promises; one that it no longer has is left alone.
    """
    if not hasattr(cls, name):
        yield
        return
    compute, kept = getattr(cls, name), dict[Any, tuple[object, Any]]()

    def method(self: Any, *args: Any) -> Any:
        now = key(self, *args)
        if self not in kept or kept[self][0] != now:
            kept[self] = now, compute(self, *args)
        return kept[self][1]

    setattr(cls, name, method)
    try:
        yield
    finally:
        setattr(cls, name, compute)


def new_figure(width: float, height: float, *, layout: Layout | None = "constrained") -> Figure:
    """Return an empty figure of a size in inches; matplotlib is loaded when it is first asked for one."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout=layout)


def _plain_powers(figure: Figure) -> None:
    """Write the numbers of logarithmic axes plainly: the theme reads no mathematics in texts."""
    from matplotlib.ticker import LogFormatterSciNotation

    class Plain(LogFormatterSciNotation):
        def __call__(self, x: float, pos: int | None = None) -> str:
            return f"{x:g}" if super().__call__(x, pos) else ""

    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        for name in ("major", "minor"):
            if isinstance(getattr(axis, f"get_{name}_formatter")(), LogFormatterSciNotation):
                getattr(axis, f"set_{name}_formatter")(Plain(labelOnlyBase=name == "major"))


def step_ends(n_steps: int, dt: float) -> NDArray[np.float64]:
    """Return the end of each step in ms, shape (n_steps,): when its potentials and spikes are known."""
    return milliseconds(np.arange(n_steps), dt)


def milliseconds(step: ArrayLike, dt: float) -> NDArray[np.float64]:
    """Return the time in ms at which a step ends."""
    return (np.asarray(step) + 1) * dt * 1e3


def mark_times(axes: Axes, times: Sequence[float]) -> None:
    """Draw thin lines at times in ms at which something in the stimulus ends, such as a saccade."""
    for time in times:
        axes.axvline(time, color=MUTED, linewidth=0.7, linestyle=(0, (1, 2)), zorder=4)


def opacity(n_spikes: int) -> float:
    """Return the opacity of the dots of a raster: where they lie on each other, their density is to show."""
    return min(1.0, max(0.1, 8000 / max(n_spikes, 1)))
