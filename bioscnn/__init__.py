"""bioscnn: a trained CNN as a biologically detailed spiking network in Brian2."""

from bioscnn.brian_preferences import guard

__version__ = "0.1.0"

guard()
