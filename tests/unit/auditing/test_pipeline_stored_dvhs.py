"""The DVHs that a planning system stored beside its dose: agreement is silent, a difference is named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rtplan.model import Contour, Dose, Grid, Severity, StoredDVH, Structure, StructureSet, Treatment
from rtplan.pipeline.anatomy import Anatomy
from rtplan.pipeline.stored import compare_stored

RADIUS, HEIGHT = 10.0, 30.0


@pytest.fixture(scope="module")
def tube():
    """Return a tube of radius 10 mm on planes 3 mm apart, from z = 0 to 30, in an even dose of 20 Gy."""
    angle = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    ring = RADIUS * np.column_stack([np.cos(angle), np.sin(angle)])
    heights = np.arange(0.0, HEIGHT + 1, 3.0)
    contours = tuple(Contour(np.column_stack([ring, np.full(90, z)])) for z in heights)
    matrix = np.diag([3.0, 3.0, 3.0, 1.0])
    matrix[:3, 3] = (-30.0, -30.0, -20.0)
    grid = Grid((25, 21, 21), matrix)
    return Treatment(Dose(grid, np.full(grid.shape, 20.0)), StructureSet((Structure(4, "Tube", "ORGAN", contours),)))


def notes(tube, volume_cc, mean_gy=20.0):
    stored = StoredDVH(4, (0.0, 20.0), (volume_cc, volume_cc), mean_gy)
    treatment = replace(tube, dose=replace(tube.dose, stored_dvhs=(stored,)))
    return compare_stored(Anatomy(treatment, treatment.structures.structures))


def exact_cc(caps_mm):
    return 90 / 2 * RADIUS**2 * np.sin(2 * np.pi / 90) * (HEIGHT + caps_mm) / 1000


def test_agreement_is_silent(tube):
    assert notes(tube, exact_cc(3.0)) == ()


def test_a_mean_that_differs_is_named(tube):
    (note,) = notes(tube, exact_cc(3.0), mean_gy=19.0)
    assert (note.code, note.severity, note.where) == ("stored-dvh-differs", Severity.NOTE, "ROI 4")
    assert "19.000 Gy" in note.message


def test_a_volume_that_no_convention_gives_is_said_to_be_so(tube):
    (note,) = notes(tube, 3 * exact_cc(0.0))
    assert "no convention explains it" in note.message


def test_a_structure_that_is_not_there_is_passed_over(tube):
    stored = StoredDVH(9, (0.0, 20.0), (5.0, 5.0), 20.0)
    treatment = replace(tube, dose=replace(tube.dose, stored_dvhs=(stored,)))
    assert compare_stored(Anatomy(treatment, treatment.structures.structures)) == ()
