"""Spheres of the size of metastases, on coarse slices and coarse dose grids, against closed forms.

A plane at height t (in radii) leaves a cap of (1 - t)^2 (2 + t) / 4 of the volume above it, which gives every
D(v) of a linear field; a dose that falls with the distance alone has its hottest v in the sphere of that volume.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.optimize import brentq

from rtplan.dvh import compute_dvh
from rtplan.metrics.measure import measure
from rtplan.metrics.notation import parse
from sample_data.solids import sphere

RADII = (5.0, 8.0, 12.0)
SLICES = (1.0, 2.0, 3.0)
PHASES = (0.3, 0.75)
DOSE_SPACINGS = (1.0, 2.0, 2.5)
SLOPE = np.array([0.3, -0.2, 0.5])


def volume_cc(radius):
    return 4 / 3 * np.pi * radius**3 / 1000


class Linear:
    """30 Gy in the centre, 0.6 Gy a mm along a skew direction."""

    def __init__(self, radius):
        self.radius = radius

    def dose_gy(self, points):
        return 30 + points @ SLOPE

    def at_share(self, share):
        height = brentq(lambda t: (1 - t) ** 2 * (2 + t) / 4 - share, -1, 1)
        return 30 + np.linalg.norm(SLOPE) * self.radius * height


class Sigmoid:
    """24 Gy within, falling by half a millimetre beyond the surface and on."""

    def __init__(self, radius):
        self.radius = radius

    def _at(self, distance):
        return 24 / (1 + np.exp((distance - self.radius - 1) / 1.5))

    def dose_gy(self, points):
        return self._at(np.linalg.norm(points, axis=-1))

    def at_share(self, share):
        return self._at(share ** (1 / 3) * self.radius)


@pytest.fixture(scope="module")
def errors(region_of, dose_of):
    """Relative errors by metric, over all radii, slices, phases, dose grids and fields."""
    found = {name: [] for name in ("Volume", "D95%", "D50%", "D2%", "D0.03cc", "Dmean")}
    for radius, slices, phase in product(RADII, SLICES, PHASES):
        region = region_of(sphere((0.0, 0.0, 0.0), radius), slices, phase=phase)
        for spacing, field in product(DOSE_SPACINGS, (Linear(radius), Sigmoid(radius))):
            dvh = compute_dvh(region, dose_of(field.dose_gy, radius + 6, spacing, shift_mm=0.37 * spacing))
            expected = {
                "Volume": volume_cc(radius),
                "D95%": field.at_share(0.95),
                "D50%": field.at_share(0.5),
                "D2%": field.at_share(0.02),
                "D0.03cc": field.at_share(0.03 / volume_cc(radius)),
            }
            for name, truth in expected.items():
                found[name].append(measure(dvh, parse(name)).value / truth - 1)
            if isinstance(field, Linear):
                found["Dmean"].append(measure(dvh, parse("Dmean")).value / 30 - 1)
    return {name: np.abs(values) for name, values in found.items()}


@pytest.mark.parametrize("name", ["D95%", "D50%", "D2%", "D0.03cc", "Dmean"])
def test_doses(errors, name):
    assert len(errors[name]) >= 54
    assert np.median(errors[name]) < 0.003
    assert errors[name].max() < 0.025


def test_volumes(errors):
    assert np.median(errors["Volume"]) < 0.01
    assert errors["Volume"].max() < 0.05


@pytest.mark.parametrize(("radius", "slices"), [(2.5, 2.0), (2.5, 3.0), (3.0, 3.0), (4.0, 3.0)])
def test_lesions_of_one_to_three_slices_keep_their_volume_within_their_interval_or_a_tenth(
    region_of, dose_of, radius, slices
):
    """So few slices leave the volume open: what is left open must show in the interval."""
    dose = dose_of(lambda points: 30 + 0 * points[..., 0], radius + 8, 2.0)
    for phase in (0.15, 0.4, 0.65, 0.9):
        dvh = compute_dvh(region_of(sphere((0.0, 0.0, 0.0), radius), slices, phase=phase), dose)
        found = measure(dvh, parse("Volume"))
        truth = volume_cc(radius)
        assert found.low * 0.9 <= truth <= found.high * 1.1
