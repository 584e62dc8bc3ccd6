"""Dose grids: scaling, bits, planes, orientation, and everything that is refused rather than guessed."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.uid import ExplicitVRBigEndian, RLELossless

import dicom_io
from rtplan.model import Severity

STORED = np.arange(4 * 5 * 6).reshape(4, 5, 6) + 1


def read_dose(folder, **elements):
    folder.dose(**elements)
    case = dicom_io.read(folder.path)
    return case.doses[0] if case.doses else None, case


def codes(case, severity=None):
    return {issue.code for issue in case.issues if severity in {None, issue.severity}}


def test_values_and_places_of_16_bits(folder):
    dose, _ = read_dose(folder)
    assert dose.values.dtype == np.float32
    assert np.allclose(dose.values, STORED * 0.001, rtol=1e-7)
    assert dose.quantum == 0.001
    # PixelSpacing 3.0\2.0: rows are 3 mm apart, columns 2 mm.
    assert dose.grid.spacing_mm == pytest.approx((2.0, 3.0, 4.0))
    assert dose.grid.to_patient(np.array([1.0, 2.0, 3.0])) == pytest.approx([-28.0, -24.0, -13.0])
    assert dose.plan_uids == ("1.1.1",)


def test_32_bits_keep_every_step(folder):
    stored = STORED.astype(np.uint32) + 4_294_000_000
    dose, _ = read_dose(folder, stored=stored, bits=32, scaling="1e-8")
    assert dose.values.dtype == np.float64
    assert np.array_equal(np.rint(dose.values / 1e-8).astype(np.uint32), stored)


def test_single_frame_needs_no_offsets(folder):
    dose, _ = read_dose(folder, stored=STORED[:1], without=("GridFrameOffsetVector", "NumberOfFrames"))
    assert dose.values.shape == (1, 5, 6)
    assert dose.grid.plane_offsets_mm is None


def test_offsets_as_coordinates(folder):
    dose, _ = read_dose(folder, offsets=[-25.0, -21.0, -17.0, -13.0])
    assert dose.grid.to_patient(np.zeros(3)) == pytest.approx([-30, -30, -25])
    assert dose.grid.to_patient(np.array([0, 0, 3.0])) == pytest.approx([-30, -30, -13])


def test_offsets_as_coordinates_against_the_normal(folder):
    dose, _ = read_dose(folder, orientation=(-1, 0, 0, 0, 1, 0), offsets=[-25.0, -29.0, -33.0, -37.0])
    assert dose.grid.to_patient(np.array([0, 0, 3.0])) == pytest.approx([-30, -30, -37])
    assert np.allclose(dose.values[3], STORED[3] * 0.001)


def test_falling_offsets_turn_the_array(folder):
    dose, _ = read_dose(folder, offsets=[0.0, -4.0, -8.0, -12.0])
    assert dose.grid.to_patient(np.zeros(3)) == pytest.approx([-30, -30, -37])
    assert np.allclose(dose.values[0], STORED[3] * 0.001)
    assert np.allclose(dose.values[3], STORED[0] * 0.001)


def test_uneven_offsets_are_kept(folder):
    dose, _ = read_dose(folder, offsets=[0.0, 2.0, 5.0, 9.0])
    assert dose.grid.plane_offsets_mm == pytest.approx([0, 2, 5, 9])
    assert dose.grid.to_patient(np.array([0, 0, 5.0])) == pytest.approx([-30, -30, -20])


def test_uneven_falling_offsets(folder):
    dose, _ = read_dose(folder, offsets=[0.0, -2.0, -5.0, -9.0])
    assert dose.grid.plane_offsets_mm == pytest.approx([0, 4, 7, 9])
    assert dose.grid.to_patient(np.zeros(3)) == pytest.approx([-30, -30, -34])
    assert np.allclose(dose.values[0], STORED[3] * 0.001)


@pytest.mark.parametrize(
    "orientation",
    [
        (1, 0, 0, 0, 1, 0),
        (-1, 0, 0, 0, -1, 0),
        (-1, 0, 0, 0, 1, 0),
        (1, 0, 0, 0, -1, 0),
        (0, 1, 0, -1, 0, 0),
        (0, -1, 0, 1, 0, 0),
        (0, 1, 0, 1, 0, 0),
        (0.8, 0.6, 0, 0, 0, -1),
    ],
)
def test_every_sample_lies_where_the_standard_says(folder, orientation):
    dose, _ = read_dose(folder, orientation=orientation)
    row, column = np.array(orientation[:3], float), np.array(orientation[3:], float)
    origin = np.array([-30.0, -30.0, -25.0])
    for i, j, k in [(0, 0, 0), (5, 0, 0), (0, 4, 0), (0, 0, 3), (5, 4, 3)]:
        expected = origin + row * 2.0 * i + column * 3.0 * j + np.cross(row, column) * 4.0 * k
        assert dose.grid.to_patient(np.array([i, j, k], float)) == pytest.approx(expected)
        assert dose.values[k, j, i] == pytest.approx(STORED[k, j, i] * 0.001)


@pytest.mark.parametrize(
    "change",
    [
        {"scaling": "0"},
        {"scaling": "-0.001"},
        {"without": ("DoseGridScaling",)},
        {"without": ("DoseUnits",)},
        {"DoseUnits": "CGY"},
        {"offsets": [0.0, 4.0, 8.0]},
        {"offsets": [3.0, 7.0, 11.0, 15.0]},
        {"offsets": [0.0, 4.0, 4.0, 8.0]},
        {"offsets": [0.0, 4.0, 2.0, 8.0]},
        {"without": ("GridFrameOffsetVector",)},
        {"without": ("PixelData",)},
        {"pixels": b""},
        {"pixels": bytes(100)},
        {"pixels": bytes(244)},
        {"spacing": (0.0, 2.0)},
        {"spacing": (-3.0, 2.0)},
        {"without": ("PixelSpacing",)},
        {"without": ("ImagePositionPatient",)},
        {"orientation": (1, 0, 0, 0.1, 1, 0)},
        {"orientation": (2, 0, 0, 0, 1, 0)},
        {"BitsStored": 4, "HighBit": 3},
        {"BitsStored": 12, "HighBit": 15},
        {"BitsAllocated": 8},
        {"SamplesPerPixel": 3},
        {"NumberOfFrames": 2_000_000_000, "without": ("GridFrameOffsetVector",)},
        {"NumberOfFrames": 0},
    ],
)
def test_contradiction_is_refused(folder, change):
    dose, case = read_dose(folder, **change)
    assert dose is None
    assert codes(case, Severity.REFUSE)
    assert case.treatments == ()


def test_scaling_that_is_not_finite_is_refused(folder):
    path = folder.dose(scaling="0.0078125")
    path.write_bytes(path.read_bytes().replace(b"0.0078125", b"nan      "))
    case = dicom_io.read(path)
    assert case.doses == ()
    assert "value-malformed" in codes(case)


def test_fewer_stored_bits_are_fine_where_the_values_fit(folder):
    dose, _ = read_dose(folder, BitsStored=12, HighBit=11)
    assert dose.values.max() == pytest.approx(0.120)


def test_masking_bits_is_refused_not_masked(folder):
    dose, case = read_dose(folder, stored=STORED * 1000, bits=32, BitsStored=12, HighBit=11)
    assert dose is None
    assert codes(case) == {"dose-bits"}


def test_one_padding_byte_is_fine(folder):
    stored = np.ones((1, 3, 3))
    dose, _ = read_dose(folder, stored=stored, pixels=stored.astype("<u2").tobytes() + b"\0\0"[:1])
    assert dose.values.shape == (1, 3, 3)


def test_negative_values_are_kept_with_a_note(folder):
    dose, case = read_dose(folder, stored=STORED - 10, signed=True)
    assert dose.values.min() == pytest.approx(-0.009)
    assert "dose-negative" in codes(case, Severity.NOTE)


def test_relative_dose_has_no_gray(folder):
    dose, case = read_dose(folder, DoseUnits="RELATIVE")
    assert dose.unit == "relative"
    assert "dose-relative" in codes(case, Severity.WARN)


def test_compressed_and_big_endian_doses_equal_the_plain_one(folder):
    import pydicom

    path = folder.dose(stored=STORED * 500)
    plain = dicom_io.read(path).doses[0].values
    dataset = pydicom.dcmread(path)
    dataset.compress(RLELossless, generate_instance_uid=False)
    dataset.save_as(path)
    assert np.array_equal(dicom_io.read(path).doses[0].values, plain)
    dataset = pydicom.dcmread(folder.dose(stored=STORED * 500))
    dataset.PixelData = (STORED * 500).astype(">u2").tobytes()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    pydicom.dcmwrite(path, dataset, implicit_vr=False, little_endian=False)
    assert np.array_equal(dicom_io.read(path).doses[0].values, plain)


def dvh(make, **elements):
    base = {
        "DVHReferencedROISequence": [make.item(ReferencedROINumber=2, DVHROIContributionType="INCLUDED")],
        "DVHType": "CUMULATIVE",
        "DoseUnits": "GY",
        "DVHDoseScaling": 1.0,
        "DVHVolumeUnits": "CM3",
        "DVHNumberOfBins": 3,
        "DVHData": [1.0, 10.0, 1.0, 6.0, 1.0, -1e-13],
        "DVHMeanDose": 99.0,
    }
    return make.item(**{**base, **elements})


def test_stored_dvh_is_read_in_gray_and_cc(folder):
    dose, _ = read_dose(folder, DVHSequence=[dvh(folder.make, DVHDoseScaling=2.0)])
    (stored,) = dose.stored_dvhs
    assert stored.roi_number == 2
    assert stored.dose_gy == (0.0, 2.0, 4.0)
    assert stored.volume_cc == (10.0, 6.0, 0.0)
    assert stored.mean_gy == pytest.approx(2.0 * (10 + 6) / 10)


def test_differential_dvh_becomes_cumulative(folder):
    elements = {"DVHType": "DIFFERENTIAL", "DVHData": [1.0, 4.0, 1.0, 6.0]}
    dose, _ = read_dose(folder, DVHSequence=[dvh(folder.make, **elements)])
    assert dose.stored_dvhs[0].dose_gy == (0.0, 1.0, 2.0)
    assert dose.stored_dvhs[0].volume_cc == (10.0, 6.0, 0.0)


@pytest.mark.parametrize("change", [{"DVHVolumeUnits": "PERCENT"}, {"DoseUnits": "RELATIVE"}, {"DVHType": "NATURAL"}])
def test_dvh_in_other_units_has_no_curve(folder, change):
    dose, case = read_dose(folder, DVHSequence=[dvh(folder.make, **change)])
    assert dose.stored_dvhs[0].dose_gy is None
    assert dose.stored_dvhs[0].mean_gy is None
    assert "stored-dvh-doubtful" in codes(case)


def test_broken_dvh_does_not_sink_the_dose(folder):
    dose, case = read_dose(folder, DVHSequence=[dvh(folder.make, DVHData=[1.0, 5.0, 1.0]), dvh(folder.make)])
    assert len(dose.stored_dvhs) == 1
    assert "stored-dvh-doubtful" in codes(case)
