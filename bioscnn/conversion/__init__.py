"""A trained network becomes a spiking one."""

from bioscnn.conversion.convert import MAX_RATE, convert
from bioscnn.conversion.normalisation import Normalisation, normalise
from bioscnn.conversion.simplify import simplified

__all__ = ["MAX_RATE", "Normalisation", "convert", "normalise", "simplified"]
