"""A trained network becomes a spiking one."""

from bioscnn.conversion.convert import convert, rate_code, rate_codes, readout_of
from bioscnn.conversion.normalisation import (
    MAX_RATE,
    METHODS,
    Normalisation,
    check_max_rate,
    coded_populations,
    normalise,
)
from bioscnn.conversion.rate_code import RateCode
from bioscnn.conversion.rounded import fired_by_rounding, rounded_activations
from bioscnn.conversion.simplify import simplified
from bioscnn.conversion.spike_times import Scales, convert_to_times, scale_of, steps_needed, time_scales
from bioscnn.conversion.stages import stage_outputs
from bioscnn.conversion.start import spread_start

__all__ = [
    "MAX_RATE",
    "METHODS",
    "Normalisation",
    "RateCode",
    "Scales",
    "check_max_rate",
    "coded_populations",
    "convert",
    "convert_to_times",
    "fired_by_rounding",
    "normalise",
    "rate_code",
    "rate_codes",
    "readout_of",
    "rounded_activations",
    "scale_of",
    "simplified",
    "spread_start",
    "stage_outputs",
    "steps_needed",
    "time_scales",
]
