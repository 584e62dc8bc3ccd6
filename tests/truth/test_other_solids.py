"""Ellipsoids, cylinders, a torus and two spheres in one structure against closed forms."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.optimize import brentq

from rtplan.dvh import compute_dvh
from rtplan.geometry import Region, stack_contours
from rtplan.metrics.measure import measure
from rtplan.metrics.notation import parse
from rtplan.model import Contour
from sample_data.solids import Ellipsoid, Tube, Union, Without, sphere

SLOPE = np.array([0.3, -0.2, 0.5])
SHARES = {"D95%": 0.95, "D50%": 0.5, "D2%": 0.02}


def linear(points):
    return 30 + points @ SLOPE


def cap_share(height):
    """Share of a ball above a plane at this height in radii."""
    return (1 - height) ** 2 * (2 + height) / 4


def check(dvh, truth, volume_cc, *, dose_rel, volume_rel):
    assert measure(dvh, parse("Volume")).value == pytest.approx(volume_cc, rel=volume_rel)
    for name, expected in truth.items():
        assert measure(dvh, parse(name)).value == pytest.approx(expected, rel=dose_rel), name


CASES = list(product((1.0, 2.0, 3.0), (0.3, 0.8), (1.5, 2.5)))


@pytest.mark.parametrize("axes", [(12.0, 6.0, 9.0), (5.0, 15.0, 7.0), (9.0, 9.0, 16.0)])
@pytest.mark.parametrize(("slices", "phase", "spacing"), CASES)
def test_ellipsoids(region_of, dose_of, axes, slices, phase, spacing):
    """A linear field sees an ellipsoid as a ball whose radius is the field's half-width over it."""
    solid = Ellipsoid((0.0, 0.0, 0.0), axes)
    half_width = np.linalg.norm(SLOPE * axes)
    truth = {
        name: 30 + half_width * brentq(lambda t, s=share: cap_share(t) - s, -1, 1) for name, share in SHARES.items()
    }
    dvh = compute_dvh(region_of(solid, slices, phase=phase), dose_of(linear, 20.0, spacing, shift_mm=0.3))
    check(dvh, truth, solid.volume_cc, dose_rel=0.005, volume_rel=0.01)


@pytest.mark.parametrize(("slices", "spacing"), list(product((1.0, 2.0, 3.0), (1.5, 2.5))))
def test_cylinders_that_end_half_way_between_slices(region_of, dose_of, slices, spacing):
    """Along its axis a linear field is spread evenly over a cylinder."""
    solid = Tube((0.0, 0.0), (8.0, 8.0), -12.0, 12.0)
    truth = {name: 30 + 0.5 * 12 * (1 - 2 * share) for name, share in SHARES.items()}
    dose = dose_of(lambda points: 30 + 0.5 * points[..., 2], 20.0, spacing, shift_mm=0.3)
    check(
        compute_dvh(region_of(solid, slices, phase=0.5), dose), truth, solid.volume_cc, dose_rel=0.005, volume_rel=0.01
    )


@pytest.mark.parametrize("phase", [0.05, 0.3, 0.7, 0.95])
def test_cylinders_that_end_anywhere_are_within_a_slice_and_say_so(region_of, dose_of, phase):
    """Where between two slices a flat end lies cannot be known: half a slice at each end is the most."""
    solid, slices = Tube((0.0, 0.0), (8.0, 8.0), -12.0, 12.0), 3.0
    dvh = compute_dvh(region_of(solid, slices, phase=phase), dose_of(linear, 20.0, 2.5))
    found = measure(dvh, parse("Volume"))
    drawn = len(solid.rings(0.0)) and int((24 - phase * slices) / slices) + 1
    assert found.value == pytest.approx(np.pi * 64 * drawn * slices / 1000, rel=0.01)
    assert abs(found.value - solid.volume_cc) <= np.pi * 64 * slices / 1000
    assert found.high > found.value * 1.01


@pytest.mark.parametrize("slices", [1.0, 2.0, 3.0])
def test_a_dose_that_falls_from_the_axis(region_of, dose_of, slices):
    solid = Tube((0.0, 0.0), (8.0, 8.0), -12.0, 12.0)
    dose = dose_of(lambda points: 40 - 0.05 * (points[..., :2] ** 2).sum(axis=-1), 20.0, 2.0, shift_mm=0.4)
    truth = {name: 40 - 0.05 * 64 * share for name, share in SHARES.items()}
    check(compute_dvh(region_of(solid, slices), dose), truth, solid.volume_cc, dose_rel=0.003, volume_rel=0.01)


def torus_region(large, small, slices, phase):
    """A torus about the z axis: two rings on every slice, the inner one a hole."""
    contours = []
    for z in np.arange(-small + phase * slices, small, slices):
        width = np.sqrt(small**2 - z**2)
        for radius in (large + width, large - width):
            ring = Tube((0.0, 0.0), (radius, radius), -1, 1).rings(0.0)[0]
            contours.append(Contour(np.column_stack([ring, np.full(len(ring), z)])))
    return Region.of(stack_contours(contours))


@pytest.mark.parametrize(("slices", "phase"), list(product((1.0, 2.0), (0.3, 0.5, 0.8))))
def test_a_torus(dose_of, slices, phase):
    """2 pi^2 R a^2; the hottest share s of a dose that falls from the core lies within a sqrt(s) of it.

    Its area ends like a square root, not like a parabola: the ends may be guessed half a slice too far.
    """
    large, small = 14.0, 6.0

    def from_the_core(points):
        distance = np.hypot(np.hypot(points[..., 0], points[..., 1]) - large, points[..., 2])
        return 40 - 0.2 * distance**2

    dvh = compute_dvh(torus_region(large, small, slices, phase), dose_of(from_the_core, 24.0, 1.5, shift_mm=0.3))
    truth = {name: 40 - 0.2 * small**2 * share for name, share in SHARES.items()}
    check(dvh, truth, 2 * np.pi**2 * large * small**2 / 1000, dose_rel=0.01, volume_rel=0.06)


@pytest.mark.parametrize("centre", [(26.0, 4.0, 0.0), (26.0, 4.0, 7.0), (4.0, 0.0, 30.0)])
@pytest.mark.parametrize("slices", [1.0, 2.0, 3.0])
def test_two_spheres_in_one_structure(region_of, dose_of, centre, slices):
    pair = Union((sphere((0.0, 0.0, 0.0), 9.0), sphere(centre, 6.0)))
    steepness = np.linalg.norm(SLOPE)

    def above(dose_gy):
        heights = ((dose_gy - 30 - SLOPE @ at) / steepness / radius for at, radius in (((0, 0, 0), 9), (centre, 6)))
        volumes = (4 / 3000 * np.pi * radius**3 for radius in (9, 6))
        return sum(volume * cap_share(np.clip(height, -1, 1)) for volume, height in zip(volumes, heights, strict=True))

    truth = {name: brentq(lambda d, s=share: above(d) - s * pair.volume_cc, 0, 80) for name, share in SHARES.items()}
    dvh = compute_dvh(region_of(pair, slices, phase=0.4), dose_of(linear, 40.0, 2.5))
    check(dvh, truth, pair.volume_cc, dose_rel=0.01, volume_rel=0.02)


@pytest.mark.parametrize("slices", [1.0, 2.0, 3.0])
def test_a_shell(region_of, dose_of, slices):
    """A ball with a hollow: even-odd all the way, and no dose from the hollow."""
    shell = Without(sphere((0.0, 0.0, 0.0), 14.0), (sphere((0.0, 0.0, 0.0), 8.0),))
    dose = dose_of(lambda points: 50 - np.linalg.norm(points, axis=-1), 20.0, 2.0, shift_mm=0.3)
    dvh = compute_dvh(region_of(shell, slices, phase=0.4), dose)

    def at(share):
        return 50 - np.cbrt(8**3 + share * (14**3 - 8**3))

    truth = {name: at(share) for name, share in SHARES.items()}
    check(dvh, truth, shell.volume_cc, dose_rel=0.01, volume_rel=0.03)
    # The hollow may end anywhere within a spacing of its last ring: no cell lies deeper in it than half of one.
    assert measure(dvh, parse("Dmax")).value < 50 - 8 + max(1.5, 0.6 * slices)
