"""Patients made of numpy arrays: a round target in its organ, box-shaped organs with one even dose each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

from rtplan.dvh import Models
from rtplan.geometry import Fineness
from rtplan.model import (
    Beam,
    Case,
    Contour,
    Dose,
    FractionGroup,
    Grid,
    Image,
    Plan,
    Prescription,
    Structure,
    StructureSet,
    Treatment,
)
from rtplan.pipeline import audit, parse_sheet
from sample_data.fields import Bell
from sample_data.solids import sphere

SPACING_MM = 4.0
REACH_MM = (148.0, 148.0, 100.0)
RADIUS_MM = 16.0
PAINTED_MARGIN_MM = 9.0
# Organs here are boxes of one dose: a few cells tell as much as many.
COARSE = Models(fineness=Fineness(4.0, 4_000))


@dataclass(frozen=True)
class Box:
    """A box-shaped organ around `centre` with one dose throughout; None leaves the dose as it is there."""

    name: str
    centre: tuple[float, float, float]
    half: tuple[float, float, float] = (8.0, 8.0, 10.0)
    dose_gy: float | None = None
    role: str = "ORGAN"


def _small(names: str) -> dict[str, Box]:
    """Give each organ a place of its own along the back of the patient."""
    return {name: Box(name, (-126.0 + 28 * at, 110.0, 0.0)) for at, name in enumerate(names.split())}


HOMES: Mapping[str, Box] = {
    "liver": Box("Liver", (-20, -20, 0), (100, 60, 80)),
    "lung": Box("Lungs", (0, -40, 0), (140, 80, 90)),
    "brain": Box("Brain", (0, -10, 0), (66, 80, 62)),
    "spine": Box("VB_T08", (0, 0, 0), (20, 20, 18)),
    "adrenal": Box("Glnd_Adrenal_L", (0, 0, 0), (16, 16, 16)),
    "bone": Box("Bone_Ilium_L", (0, 0, 0), (22, 22, 22)),
}
_CORTEX = Box("Kidney_Cortex", (100, 60, 0), (30, 26, 40))
_LIVER = Box("Liver", (-95, -30, 0), (45, 90, 80))
OTHERS: Mapping[str, dict[str, Box]] = {
    "liver": _small("Stomach Duodenum Bowel_Small Colon SpinalCord") | {"Kidney_Cortex": _CORTEX},
    "lung": _small("SpinalCord Esophagus Heart Rib Trachea Bronchus_Main GreatVes"),
    "brain": _small("Brainstem OpticChiasm OpticNrv_L OpticNrv_R"),
    "spine": _small("SpinalCord Esophagus"),
    "adrenal": _small("Stomach Duodenum Bowel_Small Colon SpinalCord") | {"Kidney_Cortex": _CORTEX, "Liver": _LIVER},
    "bone": {},
}


def _rectangle(centre, half, z_mm: float) -> Contour:
    (x, y, _), (a, b, _) = centre, half
    corners = [(x - a, y - b), (x + a, y - b), (x + a, y + b), (x - a, y + b)]
    return Contour(np.array([(*corner, z_mm) for corner in corners]))


def box_contours(box: Box) -> tuple[Contour, ...]:
    low, high = box.centre[2] - box.half[2], box.centre[2] + box.half[2]
    planes = np.arange(low + SPACING_MM / 2, high, SPACING_MM)
    return tuple(_rectangle(box.centre, box.half, float(z)) for z in planes)


def ball_contours(centre, radius_mm=RADIUS_MM) -> tuple[Contour, ...]:
    solid = sphere(tuple(map(float, centre)), radius_mm)
    planes = np.arange(centre[2] - radius_mm + 1.0, centre[2] + radius_mm, 2.0)
    return tuple(
        Contour(np.column_stack([ring, np.full(len(ring), z)])) for z in planes for ring in solid.rings(float(z))
    )


@dataclass(frozen=True)
class Target:
    """A ball that receives its prescription to a hair beyond its border."""

    name: str = "PTV"
    centre: tuple[float, float, float] = (0.0, 0.0, 0.0)
    rx_gy: float = 45.0
    role: str = "PTV"
    radius_mm: float = RADIUS_MM
    peak: float = 1.4


@dataclass(frozen=True)
class Patient:
    """Everything that makes a case; `but` returns another one with some of it changed."""

    site: str = "liver"
    fractions: int | None = 3
    targets: tuple[Target, ...] = (Target(),)
    organs: Mapping[str, Box] = field(default_factory=dict)
    prescriptions: tuple[Prescription, ...] | None = None
    dose_share: float = 1.0
    dose: Mapping[str, object] = field(default_factory=dict)
    plan: Mapping[str, object] | None = field(default_factory=dict)
    image: bool = False  # of a scan from -80 to 80 mm
    drawn: tuple[Structure, ...] = ()

    def but(self, **changes) -> Patient:
        return replace(self, **changes)

    def without(self, *names: str) -> Patient:
        return self.but(organs={name: box for name, box in self.organs.items() if name not in names})

    def with_(self, *boxes: Box) -> Patient:
        return self.but(organs={**self.organs, **{box.name: box for box in boxes}})

    def irradiated(self, name: str, dose_gy: float) -> Patient:
        return self.with_(replace(self.organs[name], dose_gy=dose_gy))

    def structures(self) -> StructureSet:
        targets = [(item.name, item.role, ball_contours(item.centre, item.radius_mm)) for item in self.targets]
        organs = [(box.name, box.role, box_contours(box)) for box in self.organs.values()]
        numbered = [
            Structure(number, name, role, contours)
            for number, (name, role, contours) in enumerate([*targets, *organs], start=1)
        ]
        return StructureSet((*numbered, *self.drawn), uid="9.1", frame_uid="9", plane_spacing_mm=SPACING_MM)

    def treatment(self) -> Treatment:
        return Treatment(self._dose(), self.structures(), self._plan(), self._image())

    def case(self) -> Case:
        treatment = self.treatment()
        plans = (treatment.plan,) if treatment.plan else ()
        return Case((treatment,), doses=(treatment.dose,), plans=plans)

    def audit(self, packs=(), *, sheet: str = "", **options):
        return audit(self.case(), packs, sheet=parse_sheet(sheet), **{"models": COARSE, **options})

    def _dose(self) -> Dose:
        counts = tuple(2 * int(reach // SPACING_MM) + 1 for reach in REACH_MM)
        matrix = np.diag([SPACING_MM, SPACING_MM, SPACING_MM, 1.0])
        matrix[:3, 3] = [-SPACING_MM * (count // 2) for count in counts]
        grid = Grid(counts[::-1], matrix, "9")
        plane, row, column = np.meshgrid(*[np.arange(count, dtype=float) for count in counts[::-1]], indexing="ij")
        points = grid.to_patient(np.stack([column, row, plane], axis=-1))
        values = np.max([_bell(item).dose_gy(points) for item in self.targets] + [np.zeros(grid.shape)], axis=0)
        for box in self.organs.values():
            if box.dose_gy is not None:
                reach = np.array(box.half) + PAINTED_MARGIN_MM
                values[(np.abs(points - box.centre) <= reach).all(axis=-1)] = box.dose_gy
        return Dose(grid, values * self.dose_share, **{"uid": "9.2", "plan_uids": ("9.3",), **self.dose})

    def _plan(self) -> Plan | None:
        if self.plan is None:
            return None
        written = self.prescriptions
        if written is None:
            written = tuple(
                Prescription(item.rx_gy, target_number=number) for number, item in enumerate(self.targets, start=1)
            )
        facts = {
            "uid": "9.3",
            "label": "A",
            "prescriptions": written,
            "fraction_groups": (FractionGroup(1, self.fractions, (1,)),),
            "beams": (Beam(1, radiation="PHOTON"),),
        }
        return Plan(**{**facts, **self.plan})

    def _image(self) -> Image | None:
        if not self.image:
            return None
        matrix = np.diag([SPACING_MM, SPACING_MM, SPACING_MM, 1.0])
        matrix[:3, 3] = [-148.0, -148.0, -80.0]
        return Image(Grid((41, 75, 75), matrix, "9"), "CT", "9.4")


def _bell(target: Target) -> Bell:
    edge = sphere(target.centre, target.radius_mm * 1.12 ** (1 / 3))
    return Bell(edge, target.rx_gy, target.peak * target.rx_gy, 4.0)


def patient_of(site: str, **changes) -> Patient:
    """Return a patient of a site with every required organ, all of them far from the dose."""
    home = HOMES[site]
    return Patient(site, organs={home.name: home, **OTHERS[site]}).but(**changes)


def governing(report):
    return [item for item in report.findings if item.governs]


def of(report, structure, *, governs=True, pack=None, metric=None):
    """Return the findings about one structure."""
    return [
        item
        for item in report.findings
        if item.structure == structure
        and item.governs == governs
        and pack in {None, item.pack}
        and metric in {None, item.metric}
    ]


def codes(report):
    return {issue.code for issue in report.issues}


@pytest.fixture(scope="session")
def patient():
    return patient_of


@pytest.fixture(scope="session")
def kit():
    """Makers and pickers by name; a conftest cannot be imported from."""
    return SimpleNamespace(
        Box=Box, Target=Target, governing=governing, of=of, codes=codes, ball=ball_contours, box=box_contours
    )


@pytest.fixture(scope="session")
def plain_reports():
    """Return reports of patients that nothing was done to, each audited once."""
    return cache(lambda site: patient_of(site).audit())
