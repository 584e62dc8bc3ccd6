"""Biologically effective dose: conversions of dose by the linear-quadratic model and its extensions."""

from .bed import Effect, Model, bed_gy, effect, eqd2_gy, parameters

__all__ = ["Effect", "Model", "bed_gy", "effect", "eqd2_gy", "parameters"]
