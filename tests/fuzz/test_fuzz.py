"""Whatever a file holds: it is read, or refused with one error that names it, within bounds."""

from __future__ import annotations

import pytest

from tests.fuzz.bounded import fuzz, load
from tests.fuzz.readers import READERS

pytestmark = pytest.mark.skipif("not hasattr(__import__('os'), 'fork')")
