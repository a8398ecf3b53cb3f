"""A spiking network that lives in a page: `bioscnn play`."""

from bioscnn.play.page import write_play_page

__all__ = ["write_play_page"]
