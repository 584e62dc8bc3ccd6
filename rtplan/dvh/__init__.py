"""Dose-volume histograms: sampling the dose, computing the curve, and the curve itself."""

from .compute import Models, compute_dvh
from .curves import DVH, Samples

__all__ = ["DVH", "Models", "Samples", "compute_dvh"]
