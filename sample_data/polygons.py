"""Polygons with exactly the area of the curve they stand for."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["VERTICES", "ellipse", "stadium"]

Array = NDArray[np.float64]

VERTICES = 96


def ellipse(centre_mm: tuple[float, ...], semi_axes_mm: tuple[float, float]) -> Array:
    """Return a polygon with exactly the ellipse's area: its vertices lie a hair outside."""
    step = 2 * math.pi / VERTICES
    outward = math.sqrt(step / math.sin(step))
    angle = (np.arange(VERTICES) + 0.5) * step
    unit = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.asarray(centre_mm + outward * unit * semi_axes_mm)


def stadium(centre_mm: tuple[float, ...], length_mm: float, radius_mm: float) -> Array:
    """Return a polygon with exactly the area of a rectangle along y with two half discs."""
    half = VERTICES // 2
    step = math.pi / half
    area = math.pi * radius_mm**2 + 2 * radius_mm * length_mm
    # Two half polygons of circumradius rho and a rectangle of width 2 rho have this area for one rho.
    disc = half * math.sin(step)
    rho = (math.sqrt(length_mm**2 + disc * area) - length_mm) / disc
    angle = np.arange(half + 1) * step
    cap = rho * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    up = np.array([0.0, length_mm / 2])
    return np.asarray(centre_mm + np.concatenate([cap + up, -cap - up]))
