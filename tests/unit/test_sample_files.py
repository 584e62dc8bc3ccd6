"""Written studies: valid, linked, small, and the same bytes every time."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess

import numpy as np
import pydicom
import pytest

import sample_data
from sample_data.__main__ import main
from sample_data.dicom_common import decimals
from sample_data.solids import Without

STUDIES = {study.id: study for study in sample_data.studies()}
WRITTEN = ("brain-keeps", "bone-breaks")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """One MR and one CT study with their truth."""
    root = tmp_path_factory.mktemp("written")
    return {name: sample_data.write(STUDIES[name], root / name) for name in WRITTEN}


def _read(study, name):
    return pydicom.dcmread(study.dicom / f"{name}.dcm")


def _images(study):
    paths = sorted(study.dicom.glob(f"{study.study.modality}_*.dcm"))
    return [pydicom.dcmread(path) for path in paths]


@pytest.mark.parametrize("name", WRITTEN)
def test_every_kind_of_object_is_valid_dicom(written, name):
    if not shutil.which("dciodvfy"):
        pytest.skip("dciodvfy (dicom3tools) is not installed")
    modality = written[name].study.modality
    for kind in (f"{modality}_020", "RTSTRUCT", "RTPLAN", "RTDOSE"):
        path = written[name].dicom / f"{kind}.dcm"
        result = subprocess.run(["dciodvfy", path], capture_output=True, text=True, check=False)
        lines = (result.stdout + result.stderr).splitlines()
        assert not [line for line in lines if "Error" in line]
        assert len(lines) == 1, lines


def test_the_same_study_is_the_same_bytes(written, tmp_path):
    first = written["bone-breaks"]
    again = sample_data.write(first.study, tmp_path)
    files = sorted(path.relative_to(first.folder) for path in first.folder.rglob("*") if path.is_file())
    assert len(files) > 50
    for name in files:
        digests = [hashlib.sha256((folder / name).read_bytes()).digest() for folder in (first.folder, again.folder)]
        assert digests[0] == digests[1], name


@pytest.mark.parametrize("name", WRITTEN)
def test_dose_plan_structures_and_images_refer_to_one_another(written, name):
    structures, plan, dose = (_read(written[name], kind) for kind in ("RTSTRUCT", "RTPLAN", "RTDOSE"))
    images = {image.SOPInstanceUID for image in _images(written[name])}
    assert dose.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID == plan.SOPInstanceUID
    assert plan.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID == structures.SOPInstanceUID
    frame = structures.ReferencedFrameOfReferenceSequence[0]
    series = frame.RTReferencedStudySequence[0].RTReferencedSeriesSequence[0]
    assert {entry.ReferencedSOPInstanceUID for entry in series.ContourImageSequence} == images
    assert {structures.FrameOfReferenceUID, dose.FrameOfReferenceUID} == {frame.FrameOfReferenceUID}


@pytest.mark.parametrize("name", WRITTEN)
def test_every_target_has_its_prescription(written, name):
    study, plan = written[name].study, _read(written[name], "RTPLAN")
    names = {roi.ROINumber: roi.ROIName for roi in _read(written[name], "RTSTRUCT").StructureSetROISequence}
    prescribed = {
        names[entry.ReferencedROINumber]: float(entry.TargetPrescriptionDose) for entry in plan.DoseReferenceSequence
    }
    assert prescribed == {lesion.name: lesion.rx_gy for lesion in study.lesions}
    assert plan.FractionGroupSequence[0].NumberOfFractionsPlanned == study.fractions
    centres = [beam.ControlPointSequence[0].IsocenterPosition for beam in plan.BeamSequence]
    for lesion, centre in zip(study.lesions, centres, strict=True):
        np.testing.assert_allclose(np.array(centre, float), lesion.target.centre_mm, atol=1e-4)


@pytest.mark.parametrize("name", WRITTEN)
def test_planes_and_dose_grid_cover_every_organ(written, name):
    study = written[name].study
    z = [float(image.ImagePositionPatient[2]) for image in _images(written[name])]
    np.testing.assert_allclose(np.diff(z), study.sampling.plane_mm)
    dose = _read(written[name], "RTDOSE")
    first = np.array(dose.ImagePositionPatient, float)
    last = first + study.sampling.dose_mm * (np.array([dose.Columns, dose.Rows, dose.NumberOfFrames]) - 1)
    for shape in study.shapes:
        low, high = shape.solid.extent_mm
        assert z[0] < low[2] < high[2] < z[-1], shape.name
        if shape.role != "EXTERNAL":
            assert (first < low - 5).all(), shape.name
            assert (last > high + 5).all(), shape.name


@pytest.mark.parametrize("name", WRITTEN)
def test_rings_on_the_planes_enclose_the_volume(written, name):
    study, structures = written[name].study, _read(written[name], "RTSTRUCT")
    for shape, roi in zip(study.shapes, structures.ROIContourSequence, strict=True):
        areas = {}
        for contour in roi.ContourSequence:
            x, y, z = np.array(contour.ContourData, float).reshape(-1, 3).T
            areas.setdefault(z[0], []).append(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)
        # Of the rings of a solid with a hole the largest is its outline.
        hollow = isinstance(shape.solid, Without)
        area = sum(2 * max(rings) - sum(rings) if hollow else sum(rings) for rings in areas.values())
        drawn = area * study.sampling.plane_mm / 1000
        assert drawn == pytest.approx(shape.solid.volume_cc, rel=0.03), shape.name


def test_images_show_the_shapes(written):
    study = written["bone-breaks"].study
    planes = {float(image.ImagePositionPatient[2]): image for image in _images(written["bone-breaks"])}
    plane = planes[28.0]
    x, y = np.array(plane.ImagePositionPatient, float)[:2]
    spacing = float(plane.PixelSpacing[0])
    bone = study.shapes[study.number_of("Bone_Ilium_L") - 1].solid.centre_mm
    values = plane.pixel_array * float(plane.RescaleSlope) + float(plane.RescaleIntercept)
    assert values[round((bone[1] - y) / spacing), round((bone[0] - x) / spacing)] == 500
    assert values[0, 0] == -1000


def test_a_study_is_small_and_names_no_one(written):
    for study in written.values():
        size = sum(path.stat().st_size for path in study.folder.rglob("*") if path.is_file())
        assert size < 12e6
        assert str(_read(study, "RTDOSE").PatientName) == "RTPLAN^SAMPLE"


def test_truth_is_written_as_documented(written):
    study = written["bone-breaks"]
    truth = json.loads((study.folder / "truth.json").read_text(encoding="utf-8"))
    assert truth == json.loads(json.dumps(study.truth))
    assert truth["schema"] == "rtplan.truth/1"
    assert truth["expected"] == {
        "verdict": "exceeded",
        "exit_code": 1,
        "exceeded": [["SacralPlex", "D0.035cc"]],
    }
    target = truth["structures"]["PTV_1"]
    assert truth["lesions"] == [
        {"name": "PTV_1", "site": "bone", "prescription_gy": 30, "fractions": 3, "volume_cc": target["volume_cc"]}
    ]
    assert target["metrics"]["MDPD"] == pytest.approx(1.4)


def test_decimals_are_short_and_symmetric():
    values = np.random.default_rng(1).uniform(-200, 200, 1000)
    for text, mirrored in zip(decimals(values), decimals(-values), strict=True):
        assert len(text) <= 16
        assert text.lstrip("-") == mirrored.lstrip("-")
    assert decimals([-0.00001, 0.0]) == ["0", "0"]


def test_the_command_wants_one_folder(capsys):
    assert main([]) == 2
    assert main(["--help"]) == 0
    assert "usage" in capsys.readouterr().err
