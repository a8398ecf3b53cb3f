"""The folder that downloads are kept in."""

from __future__ import annotations

import shutil
import tempfile

from bioscnn.doctor.machine import Check, Environment

_ENOUGH = 1 << 30


def check_cache(environment: Environment) -> Check:
    """Check that the cache folder can be written, or made, and that its disk has a gibibyte free."""
    folder = environment.cache
    place = next(parent for parent in (folder, *folder.parents) if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=place):
            free = shutil.disk_usage(place).free
    except OSError as error:
        fix = f"make {place} a folder you can write in, or export BIOSCNN_CACHE=one that is"
        return Check("cache folder", "broken", f"cannot write in {place}: {error.strerror}", fix)
    free_space = f"{folder}, {free / _ENOUGH:.1f} GiB free"
    if free < _ENOUGH:
        return Check("cache folder", "broken", free_space, f"free at least 1 GiB on the disk of {place}")
    return Check("cache folder", "ok", free_space)
