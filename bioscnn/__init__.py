"""bioscnn: a trained CNN as a biologically detailed spiking network in Brian2."""

__version__ = "0.1.0"
