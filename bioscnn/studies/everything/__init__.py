"""Everything that the docs report, one study after the other, and one page that links it all."""

from bioscnn.studies.everything.run import Everything, run_everything
from bioscnn.studies.everything.steps import NEEDS, QUICK, STEPS, Step

__all__ = ["NEEDS", "QUICK", "STEPS", "Everything", "Step", "run_everything"]
