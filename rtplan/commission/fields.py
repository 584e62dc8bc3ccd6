"""Analytic dose distributions, and what is true of a ball in each of them in closed form.

A plane cuts a cap off a ball, and two balls share a lens: that gives the volume of a ball that receives a dose or
more wherever the isodoses are planes or spheres.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .truth import Truth, closed_form

__all__ = ["Field", "Gaussian", "Linear", "Sigmoid", "in_ball"]

Array = NDArray[np.float64]
Triple = tuple[float, float, float]


class Field(Protocol):
    """A dose in Gy everywhere, whose isodoses are planes or spheres."""

    def dose_gy(self, points_mm: Array) -> Array:
        """Return the dose at ``(..., 3)`` points."""

    def ball_above(self, dose_gy: Array, centre_mm: Triple, radius_mm: float) -> Array:
        """Return the volume (mm3) of a ball that receives these doses or more."""

    def range_in_ball(self, centre_mm: Triple, radius_mm: float) -> tuple[float, float]:
        """Return the smallest and the largest dose in a ball."""


@dataclass(frozen=True, slots=True)
class Linear:
    """A dose that rises along one direction: `origin_gy` at the origin."""

    origin_gy: float = 30.0
    slope_gy_per_mm: Triple = (0.35, -0.2, 0.45)

    def dose_gy(self, points_mm: Array) -> Array:
        """Return the dose of the plane through each point."""
        return np.asarray(self.origin_gy + points_mm @ np.array(self.slope_gy_per_mm))

    def ball_above(self, dose_gy: Array, centre_mm: Triple, radius_mm: float) -> Array:
        """Cut the ball by a plane."""
        height = (dose_gy - self.dose_gy(np.array(centre_mm))) / np.linalg.norm(self.slope_gy_per_mm)
        return _cap(height, radius_mm)

    def range_in_ball(self, centre_mm: Triple, radius_mm: float) -> tuple[float, float]:
        """Go a radius down and up the slope."""
        middle = float(self.dose_gy(np.array(centre_mm)))
        reach = radius_mm * float(np.linalg.norm(self.slope_gy_per_mm))
        return middle - reach, middle + reach


@dataclass(frozen=True, slots=True)
class Gaussian:
    """``peak exp(-d^2 / 2 sigma^2)`` at the distance d from `at_mm`."""

    sigma_mm: float
    at_mm: Triple = (0.0, 0.0, 0.0)
    peak_gy: float = 20.0

    def dose_gy(self, points_mm: Array) -> Array:
        """Return the dose from the distance alone."""
        squared = ((points_mm - self.at_mm) ** 2).sum(axis=-1)
        return np.asarray(self.peak_gy * np.exp(-squared / (2 * self.sigma_mm**2)))

    def ball_above(self, dose_gy: Array, centre_mm: Triple, radius_mm: float) -> Array:
        """Intersect the ball with the ball of the isodose."""
        reach = self.sigma_mm * np.sqrt(2 * np.log(self.peak_gy / np.minimum(dose_gy, self.peak_gy)))
        return _lens(reach, radius_mm, math.dist(centre_mm, self.at_mm))

    def range_in_ball(self, centre_mm: Triple, radius_mm: float) -> tuple[float, float]:
        """Take the furthest and the nearest point."""
        return _radial_range(self, self.at_mm, centre_mm, radius_mm)


@dataclass(frozen=True, slots=True)
class Sigmoid:
    """``peak / (1 + exp((d - edge) / width))`` at the distance d from `at_mm`: a target's dose and its fall-off."""

    edge_mm: float
    width_mm: float = 1.5
    at_mm: Triple = (0.0, 0.0, 0.0)
    peak_gy: float = 24.0

    def dose_gy(self, points_mm: Array) -> Array:
        """Return the dose from the distance alone."""
        distance = np.linalg.norm(points_mm - np.array(self.at_mm), axis=-1)
        return np.asarray(self.peak_gy / (1 + np.exp((distance - self.edge_mm) / self.width_mm)))

    def ball_above(self, dose_gy: Array, centre_mm: Triple, radius_mm: float) -> Array:
        """Intersect the ball with the ball of the isodose."""
        reach = self.edge_mm + self.width_mm * np.log(self.peak_gy / dose_gy - 1)
        return _lens(np.maximum(reach, 0.0), radius_mm, math.dist(centre_mm, self.at_mm))

    def range_in_ball(self, centre_mm: Triple, radius_mm: float) -> tuple[float, float]:
        """Take the furthest and the nearest point."""
        return _radial_range(self, self.at_mm, centre_mm, radius_mm)


def in_ball(field: Field, centre_mm: Triple, radius_mm: float) -> Truth:
    """Return the truth of a ball in a field.

    Examples
    --------
    >>> ball = in_ball(Linear(), (0.0, 0.0, 0.0), 10.0)
    >>> round(ball.volume_cc, 6), round(ball.mean_gy, 6), round(ball.dose_at(ball.volume_cc / 2), 6)
    (4.18879, 30.0, 30.0)
    """
    low, high = field.range_in_ball(centre_mm, radius_mm)
    return closed_form(lambda dose: field.ball_above(dose, centre_mm, radius_mm), low, high)


def _radial_range(field: Field, at_mm: Triple, centre_mm: Triple, radius_mm: float) -> tuple[float, float]:
    apart = math.dist(centre_mm, at_mm)
    distances = np.array([[apart + radius_mm, 0.0, 0.0], [max(apart - radius_mm, 0.0), 0.0, 0.0]])
    low, high = field.dose_gy(np.array(at_mm) + distances)
    return float(low), float(high)


def _cap(height_mm: Array, radius_mm: Array | float) -> Array:
    """Volume of a ball above a plane at a signed height over its centre."""
    depth = np.clip(radius_mm - height_mm, 0.0, 2 * radius_mm)
    return np.asarray(math.pi * depth**2 * (radius_mm - depth / 3))


def _lens(first_mm: Array, second_mm: float, apart_mm: float) -> Array:
    """Volume that balls of these radii share when their centres are `apart_mm` apart."""
    inner = np.minimum(first_mm, second_mm)
    whole = 4 / 3 * math.pi * inner**3
    if apart_mm == 0.0:
        return np.asarray(whole)
    # The plane of the common circle, seen from each centre.
    plane = (apart_mm**2 + first_mm**2 - second_mm**2) / (2 * apart_mm)
    held = np.maximum(first_mm, 1e-12)
    shared = _cap(plane, held) + _cap(apart_mm - plane, second_mm)
    shared = np.where(first_mm + second_mm <= apart_mm, 0.0, shared)
    return np.asarray(np.where(np.abs(first_mm - second_mm) >= apart_mm, whole, shared))
