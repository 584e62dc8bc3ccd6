"""Structure sets as they come: by number, empty, open, broken, repeated."""

from __future__ import annotations

import numpy as np
import pytest

import dicom_io
from rtplan.model import Severity


def read_set(folder, rois=None, **elements):
    folder.structures(rois, **elements)
    case = dicom_io.read(folder.path)
    return case.structure_sets[0] if case.structure_sets else None, case


def issues_of(case, code):
    return [issue for issue in case.issues if issue.code == code]


def test_contours_are_matched_by_number_and_keep_the_order(folder):
    make = folder.make
    found, _ = read_set(folder, [make.roi(7, "A", [make.ring(1)]), make.roi(3, "B", [make.ring(2)], role="PTV")])
    assert [(one.number, one.name, one.role) for one in found.structures] == [(7, "A", "ORGAN"), (3, "B", "PTV")]
    assert [one.contours[0].points_mm[0, 2] for one in found.structures] == [1.0, 2.0]
    assert found.frame_uid == "1.9"
    assert found.image_series_uids == ("1.2.3.4354",)


def test_points_come_back_as_written(folder):
    make = folder.make
    points = [[-1.25, 2.5], [3.125e-2, -7.0], [10, 11]]
    found, _ = read_set(folder, [make.roi(1, "A", [make.ring(-4.5, points=points)])])
    expected = [[x, y, -4.5] for x, y in points]
    assert np.array_equal(found.structures[0].contours[0].points_mm, expected)


@pytest.mark.parametrize("contours", [None, []])
def test_roi_without_contours_stays_empty(folder, contours):
    make = folder.make
    found, _ = read_set(folder, [make.roi(1, "A", contours), make.cylinder(2, "B")])
    assert found.structures[0].contours == ()
    assert found.structures[0].broken == ""
    assert len(found.structures[1].contours) == 9


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"count": 5}, "states 5 points and has 4"),
        ({"data": ["1", "2", "3", "4"], "count": 1}, "no multiple of three"),
        ({"data": ["1", "2"] + ["3"] * 9 + ["9e9"], "count": 4}, "100 m"),
        ({"data": []}, "no points"),
        ({"kind": "OPEN_PLANAR"}, "not a volume"),
        ({"kind": "OPEN_NONPLANAR"}, "not a volume"),
        ({"kind": "WIGGLY"}, "unknown"),
    ],
)
def test_broken_roi_is_said_and_the_others_are_read(folder, change, reason):
    make = folder.make
    rois = [make.roi(1, "A", [make.ring(0), make.ring(5, **change)]), make.cylinder(2, "B")]
    found, case = read_set(folder, rois)
    assert reason in found.structures[0].broken
    assert found.structures[1].broken == ""
    (issue,) = issues_of(case, "roi-broken")
    assert issue.where.endswith("ROI 1")
    assert issue in found.issues


@pytest.mark.parametrize("value", [b"nan ", b"1_0.", b"1,50", b"inf ", b"    "])
def test_coordinate_that_is_no_number_breaks_the_roi(folder, value):
    make = folder.make
    path = folder.structures([make.roi(1, "A", [make.ring(0, points=[[1234, 0], [1, 0], [1, 1]])])])
    data = path.read_bytes()
    assert data.count(b"1234") == 1
    path.write_bytes(data.replace(b"1234", value))
    case = dicom_io.read(folder.path)
    assert "not a finite number" in case.structure_sets[0].structures[0].broken
    assert case.structure_sets[0].structures[0].contours == ()


@pytest.mark.parametrize("points", [[[0, 0]], [[0, 0], [1, 1]], [[0, 0], [1, 1], [2, 2]], [[3, 3]] * 4])
def test_ring_without_area_is_left_out_with_a_note(folder, points):
    make = folder.make
    found, case = read_set(folder, [make.roi(1, "A", [make.ring(0), make.ring(5, points=points)])])
    assert len(found.structures[0].contours) == 1
    assert found.structures[0].broken == ""
    assert issues_of(case, "contours-flat")[0].severity is Severity.NOTE


def test_bow_tie_is_kept(folder):
    make = folder.make
    bow_tie = [[0, 0], [2, 2], [2, 0], [0, 2]]
    found, _ = read_set(folder, [make.roi(1, "A", [make.ring(0, points=bow_tie)])])
    assert len(found.structures[0].contours) == 1


@pytest.mark.parametrize("kind", ["POINT", "CLOSEDPLANAR_XOR", "CLOSED_PLANAR_XOR", "INTERPOLATED_PLANAR"])
def test_kinds_are_kept_as_written(folder, kind):
    make = folder.make
    points = [[1, 2]] if kind == "POINT" else [[0, 0], [5, 0], [5, 5]]
    found, _ = read_set(folder, [make.roi(1, "A", [make.ring(0, kind=kind, points=points)])])
    assert found.structures[0].broken == ""
    assert found.structures[0].contours[0].kind == kind


def test_contours_of_an_unknown_roi_are_said(folder):
    make = folder.make
    found, case = read_set(folder, [make.roi(1, "A", [make.ring(0)], refers_to=99), make.cylinder(2, "B")])
    assert found.structures[0].contours == ()
    assert len(found.structures[1].contours) == 9
    assert issues_of(case, "contours-without-roi")[0].where.endswith("ROI 99")


def test_contours_given_twice_break_the_roi(folder):
    make = folder.make
    found, _ = read_set(folder, [make.roi(1, "A", [make.ring(0)]), make.roi(2, "B", [make.ring(1)], refers_to=1)])
    assert "more than once" in found.structures[0].broken


def test_repeated_numbers_refuse_the_set(folder):
    make = folder.make
    found, case = read_set(folder, [make.cylinder(1, "A"), make.cylinder(1, "B")])
    assert found is None
    (issue,) = issues_of(case, "roi-numbers-repeated")
    assert issue.severity is Severity.REFUSE


def test_repeated_and_empty_names_are_said_with_the_numbers(folder):
    make = folder.make
    rois = [make.cylinder(1, "PTV_60"), make.cylinder(4, "ptv_60"), make.cylinder(5, "")]
    _, case = read_set(folder, rois)
    (issue,) = issues_of(case, "roi-names-repeated")
    assert issue.severity is Severity.WARN
    assert "1, 4" in issue.message
    assert "ptv" not in issue.message.lower()
    assert issues_of(case, "roi-name-empty")


def test_backslash_in_a_name_is_kept(folder):
    make = folder.make
    found, _ = read_set(folder, [make.cylinder(1, ["GTV", "1"])])
    assert found.structures[0].name == "GTV\\1"


def test_missing_frame_is_accepted_with_a_note(folder):
    found, case = read_set(folder, frame="")
    assert found.frame_uid == ""
    assert issues_of(case, "frame-missing")


def test_missing_sequences_are_a_warning(folder):
    import pydicom

    path = folder.structures()
    dataset = pydicom.dcmread(path)
    del dataset.RTROIObservationsSequence
    dataset.save_as(path)
    assert issues_of(dicom_io.read(path), "structures-incomplete")


def test_names_in_an_unknown_character_set_do_not_lose_the_set(folder):
    found, _ = read_set(folder, SpecificCharacterSet="ISO_IR 999")
    assert [one.name for one in found.structures] == ["PTV", "Cord"]
