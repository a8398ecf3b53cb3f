"""bioscnn: a trained CNN as a biologically detailed spiking network in Brian2."""

from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from bioscnn.brian_preferences import guard

if TYPE_CHECKING:
    from bioscnn.library import convert as convert
    from bioscnn.library import read_network as read_network

__version__ = "0.1.0"

_OFFERED = ("convert", "read_network")

guard()


def __getattr__(name: str) -> Any:
    """Return what the library offers under this name, loaded when it is first used."""
    if name in _OFFERED:
        return resolve_name(f"bioscnn.library:{name}")
    raise AttributeError(f"module 'bioscnn' has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the names that there are, those not yet loaded too."""
    return sorted({*globals(), *_OFFERED})
