"""Reproduce all results that the docs report: their commands, one after the other."""

from bioscnn.reproduce.run import Reproduction, reproduce
from bioscnn.reproduce.steps import NEEDS, QUICK, STEPS, Step

__all__ = ["NEEDS", "QUICK", "STEPS", "Reproduction", "Step", "reproduce"]
