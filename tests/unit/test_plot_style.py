"""What figures keep while they are laid out and drawn."""

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bioscnn.plots.style import layout_cached


@pytest.mark.parametrize(
    "changes",
    [
        {"linespacing": 3}, {"ha": "right"}, {"va": "top"}, {"ma": "right", "ha": "left"}, {"fontsize": 30},
        {"rotation": 30}, {"rotation": 30, "rotation_mode": "anchor"}, {"text": "other"},
    ],
    ids=str,
)  # fmt: skip
def test_a_text_that_changes_is_measured_again(changes):
    figure = Figure()
    text, other = (figure.text(0.5, 0.5, "two\nlines") for _ in range(2))
    renderer = FigureCanvasAgg(figure).get_renderer()
    with layout_cached():
        before = text.get_window_extent(renderer).bounds
        assert text.get_window_extent(renderer).bounds == before
        text.set(**changes)
        found = text.get_window_extent(renderer).bounds
    other.set(**changes)
    assert found == other.get_window_extent(renderer).bounds
