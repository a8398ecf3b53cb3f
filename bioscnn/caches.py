"""Where downloads and compiled programs are kept between runs."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return the cache folder, absolute: ``BIOSCNN_CACHE`` if set, else the platform's own place."""
    import platformdirs

    return Path(os.environ.get("BIOSCNN_CACHE") or platformdirs.user_cache_dir("bioscnn")).absolute()
