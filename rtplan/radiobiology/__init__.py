"""Biological effect of dose: BED and EQD2, alpha/beta by tissue, gEUD, models of complication and control."""

from .alpha_beta import AlphaBeta, Tissue, alpha_beta_of, tissues
from .bed import Effect, Model, bed_gy, effect, eqd2_gy, parameters, repopulated_bed_gy, same_effect_gy
from .geud import geud_gy
from .lymphocytes import edic_gy
from .outcomes import OutcomeModel, outcome_model, outcome_models

__all__ = [
    "AlphaBeta",
    "Effect",
    "Model",
    "OutcomeModel",
    "Tissue",
    "alpha_beta_of",
    "bed_gy",
    "edic_gy",
    "effect",
    "eqd2_gy",
    "geud_gy",
    "outcome_model",
    "outcome_models",
    "parameters",
    "repopulated_bed_gy",
    "same_effect_gy",
    "tissues",
]
