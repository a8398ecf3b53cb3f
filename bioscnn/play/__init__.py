"""A spiking network that lives in a page: `bioscnn play`."""

from bioscnn.play.page import open_page, play_page, write_play_page

__all__ = ["open_page", "play_page", "write_play_page"]
