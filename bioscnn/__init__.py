"""bioscnn: a trained CNN as a biologically detailed spiking network in Brian2."""

from bioscnn.brian_preferences import guard

__version__ = "0.1.0"

guard()

_PLACES: dict[str, str] = {}


def _places() -> dict[str, str]:
    """Return what is offered and the module that has it, as the stub says, which type checkers read too."""
    if _PLACES:
        return _PLACES
    import ast
    from pathlib import Path

    stub = ast.parse(Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    imports = [line for line in stub.body if isinstance(line, ast.ImportFrom)]
    _PLACES.update({alias.name: str(line.module) for line in imports for alias in line.names})
    return _PLACES


def __getattr__(name: str) -> object:
    """Return what the library offers under this name, loaded when it is first used."""
    from pkgutil import resolve_name

    place = _places().get(name)
    if place is None:
        raise AttributeError(f"module 'bioscnn' has no attribute {name!r}")
    value = resolve_name(f"{place}.{name}:" if place == __name__ else f"{place}:{name}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the names that there are, those not yet loaded too."""
    return sorted({*globals(), *_places()})
