"""Turned studies: the same numbers in other places, digit by digit."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest

import sample_data
from sample_data import IDENTITY, PATIENT_POSITIONS, ROTATIONS

# ImageOrientationPatient of transverse planes on a phantom that lies still: PS3.3, C.7.3.1.1.2 and C.7.6.2.1.1.
ORIENTATIONS = {
    "HFS": [1, 0, 0, 0, 1, 0],
    "HFP": [-1, 0, 0, 0, -1, 0],
    "FFS": [-1, 0, 0, 0, 1, 0],
    "FFP": [1, 0, 0, 0, -1, 0],
    "HFDR": [0, 1, 0, -1, 0, 0],
    "HFDL": [0, -1, 0, 1, 0, 0],
    "FFDR": [0, -1, 0, -1, 0, 0],
    "FFDL": [0, 1, 0, 1, 0, 0],
}


@pytest.fixture(scope="module")
def study():
    """The smallest study there is."""
    return next(study for study in sample_data.studies() if study.id == "bone-keeps")


@pytest.fixture(scope="module")
def plain(study, tmp_path_factory):
    return sample_data.write_dicom(study, tmp_path_factory.mktemp("plain"))


def _dose_at(path, points):
    """Look up stored dose at points of the grid by the rules of the standard alone."""
    ds = pydicom.dcmread(path / "RTDOSE.dcm")
    row, column = np.array(ds.ImageOrientationPatient, float).reshape(2, 3)
    spacing = np.array(ds.PixelSpacing, float)
    step = float(ds.GridFrameOffsetVector[1])
    offset = points - np.array(ds.ImagePositionPatient, float)
    index = np.stack([offset @ np.cross(row, column) / step, offset @ column / spacing[0], offset @ row / spacing[1]])
    rounded = np.rint(index).astype(int)
    np.testing.assert_allclose(index, rounded, atol=1e-9)
    return ds.pixel_array[tuple(rounded)] * float(ds.DoseGridScaling)


def _rings(path):
    structures = pydicom.dcmread(path / "RTSTRUCT.dcm")
    return [
        np.array(contour.ContourData, float).reshape(-1, 3)
        for roi in structures.ROIContourSequence
        for contour in roi.ContourSequence
    ]


def _lattice_points():
    generator = np.random.default_rng(3)
    return 2.5 * generator.integers((-40, -36, -34), (40, 28, 34), (500, 3))


def test_there_are_24_turns_and_each_is_a_rotation():
    assert len(set(ROTATIONS)) == 24
    for rotation in ROTATIONS:
        matrix = np.array(rotation)
        assert round(np.linalg.det(matrix)) == 1
        np.testing.assert_array_equal(matrix @ matrix.T, np.eye(3))


@pytest.mark.parametrize("position", PATIENT_POSITIONS)
def test_a_patient_position_turns_the_image_planes_as_the_standard_says(position):
    matrix = np.array(PATIENT_POSITIONS[position])
    assert [*matrix[:, 0], *matrix[:, 1]] == ORIENTATIONS[position]
    assert PATIENT_POSITIONS[position] in ROTATIONS


@pytest.mark.parametrize("rotation", ["HFP", "FFDL", ROTATIONS[5], ROTATIONS[17]])
def test_a_turned_study_holds_the_same_decimals_and_doses(study, plain, tmp_path, rotation):
    turned = sample_data.write_dicom(study, tmp_path, orientation=rotation)
    matrix = np.array(PATIENT_POSITIONS.get(rotation, rotation))
    for before, after in zip(_rings(plain), _rings(turned), strict=True):
        np.testing.assert_array_equal(before @ matrix.T, after)
    points = _lattice_points()
    np.testing.assert_array_equal(_dose_at(plain, points), _dose_at(turned, points @ matrix.T))


@pytest.mark.parametrize("axes", [ROTATIONS[9], ROTATIONS[22]])
def test_a_dose_stored_along_other_axes_is_the_same_dose(study, plain, tmp_path, axes):
    assert axes != IDENTITY
    stored = sample_data.write_dicom(study, tmp_path, dose_axes=axes)
    points = _lattice_points()
    np.testing.assert_array_equal(_dose_at(plain, points), _dose_at(stored, points))


def test_a_dose_in_32_bits_is_the_analytic_dose(study, tmp_path):
    stored = sample_data.write_dicom(study, tmp_path, dose_bits=32)
    points = _lattice_points()
    np.testing.assert_allclose(_dose_at(stored, points), study.dose.dose_gy(points), atol=1e-7)


def test_what_is_no_rotation_is_refused(study, tmp_path):
    with pytest.raises(ValueError, match="neither a patient position nor one of the 24"):
        sample_data.reoriented(study, ((2, 0, 0), (0, 1, 0), (0, 0, 1)))
    with pytest.raises(ValueError, match="neither a patient position"):
        sample_data.reoriented(study, "SITTING")
    with pytest.raises(ValueError, match="16 or 32 bits"):
        sample_data.write_dicom(study, tmp_path, dose_bits=8)
