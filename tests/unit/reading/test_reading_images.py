"""Image series: geometry from positions alone, voxels only on demand."""

from __future__ import annotations

import numpy as np
import pytest

import dicom_io
from rtplan.errors import InputError


def read(folder):
    if not any(path.name == "set.dcm" for path in folder.path.iterdir()):
        folder.structures(name="set.dcm")
    return dicom_io.read(folder.path)


def codes(case):
    return {issue.code for issue in case.issues}


def test_planes_are_sorted_and_placed_by_position(folder):
    for z in (5, -5, 0):
        folder.slice(z)
    (image,) = read(folder).images
    assert image.grid.shape == (3, 4, 3)
    # PixelSpacing 2.0\1.5; the stated SliceThickness of 99 mm says nothing.
    assert image.grid.spacing_mm == pytest.approx((1.5, 2.0, 5.0))
    assert image.grid.to_patient(np.array([1.0, 1.0, 2.0])) == pytest.approx([-8.5, -18.0, 5.0])
    assert image.patient_position == "HFS"
    assert len(image.sop_uids) == 3


def test_voxels_are_rescaled_and_in_the_order_of_the_planes(folder):
    for z in (5, -5, 0):
        folder.slice(z)
    voxels = read(folder).images[0].pixels()
    assert voxels.dtype == np.float32
    assert voxels[:, 0, 0] == pytest.approx([2 * 95 - 1000, 2 * 100 - 1000, 2 * 105 - 1000])


def test_missing_plane_shows_in_the_offsets(folder):
    for z in (0, 3, 9, 12):
        folder.slice(z)
    case = read(folder)
    assert case.images[0].grid.plane_offsets_mm == pytest.approx([0, 3, 9, 12])
    assert "image-planes-uneven" in codes(case)
    assert case.structure_sets[0].plane_spacing_mm == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("crooked", "code"),
    [
        ({"position": (-10.0, -15.0, 5.0)}, "image-sheared"),
        ({"ImageOrientationPatient": [1, 0, 0, 0.02, 1, 0]}, "orientation-not-orthonormal"),
        ({"ImageOrientationPatient": [0, 1, 0, -1, 0, 0]}, "image-mixed"),
        ({"PixelSpacing": [2.0, 3.0]}, "image-mixed"),
        ({"PixelSpacing": [2.0, 0.0]}, "value-out-of-range"),
        ({"position": (-10.0, -20.0, 0.0)}, "planes-repeated"),
        ({"FrameOfReferenceUID": "1.8"}, "image-mixed"),
    ],
)
def test_what_is_no_straight_stack_gives_no_image(folder, crooked, code):
    folder.slice(0)
    folder.slice(5, **crooked)
    case = read(folder)
    assert case.images == ()
    assert code in codes(case)
    assert len(case.treatments) == 1


def test_localizer_of_the_series_is_left_out(folder):
    for z in (0, 5):
        folder.slice(z)
    folder.slice(99, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"], ImageOrientationPatient=[0, 1, 0, 0, 0, -1])
    case = read(folder)
    assert case.images[0].grid.shape[0] == 2
    assert "image-localizer" in codes(case)


def test_enhanced_image_is_read_from_its_groups(folder):
    folder.enhanced([4, 0, 2])
    (image,) = read(folder).images
    assert image.grid.shape == (3, 4, 3)
    assert image.grid.spacing_mm == pytest.approx((1.5, 2.0, 2.0))
    assert image.pixels()[:, 0, 0] == pytest.approx([-10, -8, -6])


def test_pixels_of_a_file_that_is_gone(folder):
    path = folder.slice(0)
    (image,) = read(folder).images
    path.unlink()
    with pytest.raises(InputError, match="no longer be read"):
        image.pixels()


def test_one_plane_has_no_spacing(folder):
    folder.slice(0)
    case = read(folder)
    assert case.images[0].grid.shape[0] == 1
    assert case.structure_sets[0].plane_spacing_mm is None
