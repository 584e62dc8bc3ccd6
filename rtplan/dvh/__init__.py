"""Dose-volume histograms: sampling the dose, computing the curve, and the curve itself."""

from .compute import Models, compute_dvh
from .curves import DVH, Samples, Variant

__all__ = ["DVH", "Models", "Samples", "Variant", "compute_dvh"]
