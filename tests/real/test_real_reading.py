"""Real files of several planning systems: what is in them, how it links, where the grids lie."""

from __future__ import annotations

import os
import random
from pathlib import Path

import numpy as np
import pydicom
import pytest

import dicom_io
from dicom_io.integrity import examine
from dicom_io.stacks import frame_of
from rtplan.errors import InputError
from rtplan.model import Severity

DATA = Path(os.environ.get("RTPLAN_REAL_DATA", Path(__file__).parents[2] / ".." / "shared" / "data"))

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the folder of real files is not here")


def read(name):
    return dicom_io.read(DATA / name)


def codes(case, severity=None):
    return {issue.code for issue in case.issues if severity in {None, issue.severity}}


@pytest.mark.parametrize(
    ("name", "rois", "shape", "label", "fractions"),
    [
        ("srs_5met_raystation", (28, 28), (79, 78, 63), "VMAT", 5),
        ("breast_eclipse", (10, 9), (98, 129, 194), "B1", 7),
        ("eclipse_prostate_phantom", (16, 6), (92, 86, 136), "PROS", 23),
        ("headneck_pinnacle", (57, 57), (96, 90, 123), "ANON", 35),
        ("prostate_phantom_monaco", (5, 5), (100, 54, 104), "TESTEIMRT", None),
        ("proton_water_raystation/plan03_sobp_raystation", (5, 5), (107, 105, 105), "Cube101010", 1),
        ("proton_water_raystation/plan04_ramp_4cm", (5, 5), (107, 105, 105), "bs1", 1),
        ("proton_water_raystation/plan04_ramp_10cm", (5, 5), (110, 107, 107), "bs1", 1),
    ],
)
def test_case_links_whole_by_reference(name, rois, shape, label, fractions):
    case = read(name)
    (treatment,) = case.treatments
    structures = treatment.structures.structures
    assert (len(structures), sum(bool(one.contours) for one in structures)) == rois
    assert not any(one.broken for one in treatment.structures.structures)
    assert treatment.dose.values.shape == shape
    assert treatment.plan.label == label
    assert treatment.plan.fractions == fractions
    assert treatment.evidence[:2] == ("dose -> plan: by reference", "plan -> structure set: by reference")
    assert not codes(case, Severity.REFUSE)
    assert not codes(case, Severity.WARN)


def test_contours_equal_those_pydicom_reads():
    path = next((DATA / "srs_5met_raystation").glob("RS*"))
    found = {one.number: one for one in read("srs_5met_raystation").structure_sets[0].structures}
    for item in pydicom.dcmread(path).ROIContourSequence:
        mine = found[int(item.ReferencedROINumber)].contours
        assert len(mine) == len(item.ContourSequence)
        for contour, theirs in zip(mine, item.ContourSequence, strict=True):
            assert np.array_equal(contour.points_mm.ravel(), np.array(theirs.ContourData, dtype=float))


@pytest.mark.parametrize("name", ["srs_5met_raystation", "eclipse_prostate_phantom", "breast_eclipse"])
def test_dose_equals_stored_values_times_scaling(name):
    path = next(path for path in (DATA / name).iterdir() if path.name.lower().startswith(("rd", "rtdose")))
    theirs = pydicom.dcmread(path)
    expected = theirs.pixel_array.astype(float) * float(theirs.DoseGridScaling)
    dose = read(name).doses[0]
    assert np.allclose(dose.values, expected, rtol=1e-7, atol=0)
    assert dose.grid.plane_offsets_mm is None
    corner = dose.grid.to_patient(np.array([0.0, 0.0, dose.grid.shape[0] - 1]))
    height = float(theirs.ImagePositionPatient[2]) + float(theirs.GridFrameOffsetVector[-1])
    assert corner == pytest.approx([*map(float, theirs.ImagePositionPatient[:2]), height])


def test_beam_doses_beside_the_plan_dose_are_not_added():
    case = read("proton_water_raystation/ramp_full")
    (treatment,) = case.treatments
    assert treatment.dose.summation == "PLAN"
    assert treatment.dose.dose_type == "EFFECTIVE"
    assert sorted(dose.summation for dose in case.doses) == ["BEAM", "BEAM", "PLAN"]
    assert "dose-partial" in codes(case)
    beams = [dose for dose in case.doses if dose.summation == "BEAM"]
    assert np.abs(beams[0].values + beams[1].values - treatment.dose.values).max() < 1e-3
    # This plan bears another PatientID than the dose that refers to it.
    assert treatment.plan is None
    assert codes(case, Severity.REFUSE) == {"patients-differ"}


def test_ct_phantom_has_structures_and_no_dose():
    case = read("ct_phantom_ibsi")
    (treatment,) = case.treatments
    assert treatment.dose is None
    assert treatment.image.grid.shape == (60, 201, 204)
    assert treatment.image.grid.spacing_mm == pytest.approx((0.977, 0.977, 3.0), abs=1e-3)
    assert treatment.structures.plane_spacing_mm == pytest.approx(3.0)
    (gtv,) = treatment.structures.structures
    assert len(gtv.contours) == 26
    assert "object-repeated" in codes(case)
    voxels = treatment.image.pixels()
    assert voxels.shape == (60, 201, 204)
    assert -1100 < voxels.min() < -900


def test_stored_dvhs_of_eclipse_are_in_gray():
    stored = {one.roi_number: one for one in read("breast_eclipse").doses[0].stored_dvhs}
    assert len(stored) == 9
    heart, lung = stored[5], stored[6]
    assert heart.volume_cc[0] == pytest.approx(437.46, abs=0.01)
    assert heart.mean_gy == pytest.approx(0.648, abs=0.001)
    assert lung.volume_cc[0] == pytest.approx(2008.9, abs=0.1)


@pytest.mark.parametrize("position", ["HFS", "HFP", "HFDL", "HFDR", "FFS", "FFP", "FFDL", "FFDR"])
def test_dose_headers_without_pixels_are_refused_and_their_axes_are_read(position):
    path = DATA / "orientation_headers" / f"RD.DICOMORIENT.Dose_{position}.dcm"
    case = dicom_io.read(path)
    assert case.doses == ()
    assert codes(case) == {"dose-without-pixels"}
    header = pydicom.dcmread(path)
    frame = frame_of(header, header)
    assert frame.normal == pytest.approx([0, 0, 1 if position.startswith("HF") else -1])


@pytest.mark.parametrize("name", ["RD.TBB_feet_in_supine.dcm", "RD.TBC_feet_in_supine.dcm"])
def test_feet_first_dose_lies_below_its_origin(name):
    (dose,) = read(f"orientation_headers/{name}").doses
    assert dose.grid.to_patient(np.zeros(3)) == pytest.approx([99.90417554, -99.38342162, 100])
    far = dose.grid.to_patient(np.array([100.0, 100.0, 80.0]))
    assert far == pytest.approx([99.90417554 - 200, -99.38342162 + 200, 100 - 200])


@pytest.mark.parametrize("name", ["odd_files", "orientation_headers"])
def test_folders_of_several_patients_are_refused(name):
    with pytest.raises(InputError, match="patients"):
        read(name)


def test_odd_encodings_give_one_dose():
    plain, rle, big = (read(f"odd_files/{name}.dcm").doses[0] for name in ("rtdose", "rtdose_rle", "rtdose_expb"))
    assert plain.unit == "relative"
    assert plain.summation == "BEAM"
    assert np.array_equal(plain.values, rle.values)
    assert np.array_equal(plain.values, big.values)


def test_truncated_plan_is_refused():
    case = read("odd_files/rtplan_truncated.dcm")
    assert case.plans == ()
    assert codes(case) == {"file-truncated"}


def test_every_single_file_reads_or_is_refused_in_a_sentence():
    for path in sorted(DATA.rglob("*.dcm")):
        if pydicom.dcmread(path, force=True, specific_tags=["Modality"]).Modality == "CT":
            with pytest.raises(InputError, match="no DICOM RT object"):
                dicom_io.read(path, hashes="none")
            continue
        case = dicom_io.read(path, hashes="none")
        assert case.treatments or case.plans or case.issues


def test_every_truncation_of_a_real_structure_set_is_found():
    data = next((DATA / "srs_5met_raystation").glob("RS*")).read_bytes()
    chance = random.Random(11)
    for _ in range(300):
        fault = examine(data[: chance.randrange(200, len(data))]).fault
        assert fault is not None
        assert fault.code == "file-truncated"
