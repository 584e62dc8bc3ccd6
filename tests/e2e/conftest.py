"""Studies on disk for tests from end to end: a small one made here, quick to write and to audit."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pydicom
import pytest

import sample_data
from rtplan.cli import run
from sample_data import Lesion, Sampling, Shape, Study
from sample_data.fields import Bell
from sample_data.solids import Ellipsoid, Tube, sphere

PERSON = ("Quuxington^Zzyzx", "MRN-90210-XYZ")


def small_study() -> Study:
    """Return a round target in the ilium, 30 Gy in 3, with a nerve plexus aside; nothing lies symmetrically."""
    centre, radius = (6.0, -4.0, 2.0), 12.0
    target, gtv = sphere(centre, radius), sphere(centre, 8.0)
    bell = Bell(sphere(centre, radius * 1.12 ** (1 / 3)), 30.0, 42.0, 4.0)
    lesion = Lesion("PTV_1", "bone", 30.0, target, gtv, bell)
    shapes = (
        Shape("Body", Ellipsoid((4, 2, 0), (62, 54, 48)), "EXTERNAL", 20),
        Shape("PTV_1", target, "PTV"),
        Shape("GTV_1", gtv, "GTV"),
        Shape("Bone_Ilium_L", Ellipsoid((8, -4, 2), (20, 24, 22)), value=500),
        Shape("SacralPlex", Tube((36, 18), (5, 4), -21.3, 18.9)),
    )
    return Study(
        id="small",
        title="A small study",
        site="bone",
        fractions=3,
        shapes=shapes,
        lesions=(lesion,),
        dose=bell,
        verdict="met",
        sampling=Sampling(plane_mm=2.5, pixel_mm=12.0, dose_mm=3.0),
    )


def rewritten(folder, change):
    """Let `change` alter every DICOM object of a folder in place; objects it returns False for are removed."""
    for path in sorted(folder.rglob("*.dcm")):
        ds = pydicom.dcmread(path)
        if change(ds) is False:
            path.unlink()
        else:
            ds.save_as(path)
    return folder


def named(ds):
    ds.PatientName, ds.PatientID = PERSON
    ds.PatientBirthDate = "19470228"
    ds.OperatorsName = ds.ReferringPhysicianName = "Quuxington^Referrer"


@pytest.fixture(scope="session")
def study() -> Study:
    return small_study()


@pytest.fixture(scope="session")
def small(tmp_path_factory, study):
    """Return the folder of the small study: met, exit code 0."""
    return sample_data.write_dicom(study, tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def variant(tmp_path_factory, study):
    """Return a maker of altered copies of the small study, each made once."""
    changes = {"named": named, "no dose": lambda ds: ds.Modality != "RTDOSE", "no fractions": _without_fractions}

    @cache
    def made(name):
        folder = tmp_path_factory.mktemp("variant")
        if name == "hot":
            return sample_data.write_dicom(_hot(study), folder)
        return rewritten(sample_data.write_dicom(study, folder), changes[name])

    return made


@pytest.fixture
def call(capsys):
    """Return a function that runs a command line and gives its exit code, standard output and standard error."""

    def called(*arguments):
        code = run([str(item) for item in arguments])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return called


def _without_fractions(ds):
    if ds.Modality == "RTPLAN":
        del ds.FractionGroupSequence[0].NumberOfFractionsPlanned


def _hot(study):
    """Move the plexus into the dose."""
    tube = Tube((14, 6), (5, 4), -11.3, 14.9)
    shapes = tuple(replace(item, solid=tube) if item.name == "SacralPlex" else item for item in study.shapes)
    return replace(study, shapes=shapes, verdict="exceeded")
