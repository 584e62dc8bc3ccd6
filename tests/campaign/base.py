"""The study that the campaign mutates: small, whole, and clearly beyond its limits; and a twin that keeps them.

A target in the ilium, 30 Gy in 3, with a nerve plexus inside the dose and the colon far from it. The twin is
another plan of another patient with the plexus aside; elements are swapped between the two.
"""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from campaign.elements import Element, parse, walk, write

import sample_data
from sample_data import Lesion, Sampling, Shape, Study
from sample_data.fields import Bell
from sample_data.solids import Ellipsoid, Tube, sphere

Files = Mapping[str, bytes]

CONTOUR_DATA, POINT_COUNT = 0x30060050, 0x30060046
# Rings of a few dozen points are as good to an audit as rings of hundreds, and quicker.
EVERY = 12


def exceeding() -> Files:
    """Return the files of the study that exceeds its limits, by name."""
    return _written(_study("hot", Tube((14, 6), (9, 8), -12.3, 11.9)))


def keeping() -> Files:
    """Return the files of the twin, met in every limit."""
    return _written(_study("cool", Tube((30, 20), (9, 8), -12.3, 11.9)))


def _study(name: str, plexus: Tube) -> Study:
    centre, radius = (6.0, -4.0, 2.0), 10.0
    target = sphere(centre, radius)
    bell = Bell(sphere(centre, radius * 1.12 ** (1 / 3)), 30.0, 42.0, 4.0)
    shapes = (
        Shape("PTV_1", target, "PTV"),
        Shape("Bone_Ilium_L", Ellipsoid((8, -4, 2), (14, 14, 14)), value=500),
        Shape("SacralPlex", plexus),
        Shape("Colon", Tube((-34, -20), (7, 7), -12.3, 11.9)),
    )
    return Study(
        id=f"campaign-{name}",
        title="A small study",
        site="bone",
        fractions=3,
        shapes=shapes,
        lesions=(Lesion("PTV_1", "bone", 30.0, target, None, bell),),
        dose=bell,
        verdict="exceeded" if name == "hot" else "met",
        sampling=Sampling(plane_mm=5.0, pixel_mm=20.0, dose_mm=5.0),
    )


def _written(study: Study) -> Files:
    with tempfile.TemporaryDirectory() as folder:
        dicom = sample_data.write_dicom(replace(study), Path(folder))
        files = {path.name: path.read_bytes() for path in sorted(dicom.iterdir())}
    return {**files, "RTSTRUCT.dcm": _thinned(files["RTSTRUCT.dcm"])}


def _thinned(data: bytes) -> bytes:
    file = parse(data)
    for _, siblings, place in walk(file.elements):
        element = siblings[place]
        if element.tag == CONTOUR_DATA:
            values = element.value.rstrip(b" ").split(b"\\")
            points = [values[at : at + 3] for at in range(0, len(values), 3 * EVERY)]
            element.value = padded(b"\\".join(b"\\".join(point) for point in points))
            count = next(one for one in siblings if one.tag == POINT_COUNT)
            count.value = padded(str(len(points)).encode())
    return write(file)


def padded(value: bytes, filler: bytes = b" ") -> bytes:
    """Return a value of even length."""
    return value + filler * (len(value) % 2)


def as_binary(element: Element, values: list[int]) -> bytes:
    """Return whole numbers in the form of a binary VR."""
    form = {b"US": "H", b"SS": "h", b"UL": "I", b"SL": "i"}[element.vr]
    size = 8 * struct.calcsize(form)
    return struct.pack(f"<{len(values)}{form.upper()}", *(value % (1 << size) for value in values))
