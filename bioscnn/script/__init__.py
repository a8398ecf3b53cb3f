"""A study as a plain Brian2 script, which gives the same spikes and needs no bioscnn."""

from bioscnn.script.text import Model, Script, script_of

__all__ = ["Model", "Script", "script_of"]
