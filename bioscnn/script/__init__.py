"""A study as a plain Brian2 script, which gives the same spikes and needs no bioscnn."""

from bioscnn.script.study import WrittenScript, study_script, write_script
from bioscnn.script.text import Model, Script, script_of

__all__ = ["Model", "Script", "WrittenScript", "script_of", "study_script", "write_script"]
