"""The detail ladder: what each piece of biology costs and buys, from a bare integrator upwards."""

from bioscnn.studies.ladder.run import Ladder, run_ladder

__all__ = ["Ladder", "run_ladder"]
