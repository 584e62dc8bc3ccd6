"""Folders, files, archives: what is read, what is passed over, what ends the reading."""

from __future__ import annotations

import hashlib
import os
import pickle
import shutil
import stat
import warnings
import zipfile

import pytest

import dicom_io
from rtplan.errors import InputError
from rtplan.model import Severity


def codes(case):
    return {issue.code for issue in case.issues}


def test_whole_study_makes_one_treatment(whole_study):
    case = dicom_io.read(whole_study.path)
    (treatment,) = case.treatments
    assert treatment.evidence == (
        "dose -> plan: by reference",
        "plan -> structure set: by reference",
        "structure set -> image: by reference",
    )
    assert treatment.structures.plane_spacing_mm == pytest.approx(5.0)
    assert len(case.files) == 8
    assert case.issues == ()


def test_hashes_are_those_of_the_files(whole_study):
    expected = {hashlib.sha256(path.read_bytes()).hexdigest() for path in whole_study.path.iterdir()}
    assert {file.sha256 for file in dicom_io.read(whole_study.path).files} == expected
    some = dicom_io.read(whole_study.path, hashes="rt").files
    assert {file.modality for file in some if not file.sha256} == {"CT"}
    assert not any(file.sha256 for file in dicom_io.read(whole_study.path, hashes="none").files)


def test_case_crosses_to_another_process(whole_study):
    case = pickle.loads(pickle.dumps(dicom_io.read(whole_study.path)))
    assert case.images[0].pixels().shape == (5, 4, 3)
    assert case.treatments[0].dose.values.max() > 0


def test_images_can_be_left_out(whole_study):
    case = dicom_io.read(whole_study.path, images=False)
    assert case.images == ()
    assert case.treatments[0].image is None


def test_other_files_are_passed_over_and_counted(whole_study):
    (whole_study.path / "notes.txt").write_text("hello")
    (whole_study.path / ".DS_Store").write_bytes(bytes(500))
    (whole_study.path / "empty.dcm").touch()
    hidden = whole_study.path / ".git"
    hidden.mkdir()
    (hidden / "object").write_text("x")
    found = dicom_io.inventory(whole_study.path)
    assert found.skipped == {"empty": 1, "hidden-folder": 1, "not-dicom": 2}
    assert found.objects == {"CT": 5, "RTDOSE": 1, "RTPLAN": 1, "RTSTRUCT": 1}
    assert [series.instances for series in found.series if series.modality == "CT"] == [5]
    assert found.links[0].dose_uid == "1.1.3"
    assert found.case.treatments[0].dose.uid == "1.1.3"


def test_pipe_and_folder_behind_a_link_are_not_followed(whole_study):
    os.mkfifo(whole_study.path / "pipe")
    (whole_study.path / "loop").symlink_to(whole_study.path, target_is_directory=True)
    case = dicom_io.read(whole_study.path)
    assert len(case.files) == 8


def test_path_that_is_not_there():
    with pytest.raises(InputError, match="does not exist"):
        dicom_io.read("/no/such/path")


def test_text_under_a_dicom_name(tmp_path):
    path = tmp_path / "plan.dcm"
    path.write_text("not a plan")
    with pytest.raises(InputError, match="no DICOM file") as error:
        dicom_io.read(path)
    assert "plan.dcm" not in str(error.value)


def test_folder_without_rt_objects(folder):
    folder.slice(0)
    with pytest.raises(InputError, match="only: 1 CT"):
        dicom_io.read(folder.path)


def test_truncated_file_is_refused_and_the_rest_is_read(whole_study):
    path = whole_study.structures(uid="1.1.9")
    path.write_bytes(path.read_bytes()[:-40])
    case = dicom_io.read(whole_study.path)
    (issue,) = [issue for issue in case.issues if issue.code == "file-truncated"]
    assert issue.severity is Severity.REFUSE
    assert "byte" in issue.message
    assert issue.where.startswith("file " + hashlib.sha256(path.read_bytes()).hexdigest()[:12])
    assert len(case.structure_sets) == 1
    assert len(case.treatments) == 1


def test_only_a_truncated_file_is_a_case_of_issues(folder):
    path = folder.dose()
    path.write_bytes(path.read_bytes()[:-10])
    case = dicom_io.read(path)
    assert case.treatments == ()
    assert codes(case) == {"file-truncated"}


def test_file_without_preamble_is_read_with_a_note(folder):
    folder.structures(preamble=False)
    case = dicom_io.read(folder.path)
    assert len(case.structure_sets) == 1
    assert "file-without-meta" in codes(case)


def test_identical_copies_count_once(whole_study):
    source = whole_study.path / "0006.dcm"
    shutil.copy(source, whole_study.path / "copy.dcm")
    case = dicom_io.read(whole_study.path)
    assert len(case.structure_sets) == 1
    assert "object-repeated" in codes(case)


def test_different_files_of_one_uid_are_all_refused(whole_study):
    whole_study.dose(scaling="0.002")
    case = dicom_io.read(whole_study.path)
    assert case.doses == ()
    (issue,) = [issue for issue in case.issues if issue.code == "uid-not-unique"]
    assert issue.severity is Severity.REFUSE


def test_zip_reads_as_its_folder_does(whole_study, tmp_path):
    path = tmp_path / "study.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(whole_study.path.iterdir()):
            archive.write(file, f"../../{file.name}")
        link = zipfile.ZipInfo("link.dcm")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    case = dicom_io.read(path)
    plain = dicom_io.read(whole_study.path)
    assert {file.sha256 for file in case.files} == {file.sha256 for file in plain.files}
    assert (case.images[0].pixels() == plain.images[0].pixels()).all()
    assert dicom_io.inventory(path).skipped == {"symbolic-link": 1}
    assert not (tmp_path.parent / "0001.dcm").exists()


def test_zip_bomb_is_refused(tmp_path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.dcm", bytes(64 << 20))
    with pytest.raises(InputError, match="unpacks beyond all measure"):
        dicom_io.read(path)


def test_broken_zip_is_an_input_error(tmp_path, whole_study):
    path = tmp_path / "study.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(whole_study.path / "0006.dcm", "a.dcm")
    data = bytearray(path.read_bytes())
    data[200] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(InputError):
        dicom_io.read(path)


def test_nothing_but_identity_holds_a_name(whole_study):
    case = dicom_io.read(whole_study.path)
    found = dicom_io.inventory(whole_study.path)
    shown = repr(case) + repr(found) + repr(case.issues)
    assert "Secret" not in shown
    assert "P1" not in shown
    identity = dicom_io.read_identity(whole_study.path)
    assert identity.name == "Secret^Name"
    assert identity.patient_id == "P1"
    assert "Secret" not in repr(identity)


def test_odd_values_are_counted_and_never_shown(whole_study, caplog):
    whole_study.structures(uid="1.1.7", name="odd.dcm", StructureSetDate="19501345")
    path = whole_study.path / "odd.dcm"
    path.write_bytes(path.read_bytes().replace(b"1.2.3.4354", b"1.02.3.435"))
    caplog.clear()
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        case = dicom_io.read(whole_study.path)
    assert not [warning for warning in heard if "pydicom" in str(warning.filename)]
    assert caplog.text == ""
    assert "values-not-standard" in codes(case)
    assert "1.02.3.435" not in repr(case.issues)
