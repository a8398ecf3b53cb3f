"""Packages of the wheel: those of bioscnn/, and the studies of sims/, which it holds as bioscnn.sims.

Where each lies, and which files it has, is in pyproject.toml.
"""

from setuptools import find_packages, setup

STUDIES = ["bioscnn.sims", "bioscnn.sims.networks", "bioscnn.sims.neurons", "bioscnn.sims.sweeps"]

setup(packages=[*find_packages(include=["bioscnn", "bioscnn.*"]), *STUDIES])
