"""Audit a plan that never was DICOM: doses and contours from numpy arrays."""  # noqa: INP001 - a script

import sys

import numpy as np

import rtplan
from rtplan.model import Case, Contour, Dose, Grid, Plan, Prescription, Structure, StructureSet, Treatment

spacing_mm, count = 2.0, 81
corner_mm = -spacing_mm * (count - 1) / 2
index_to_patient = np.diag([spacing_mm, spacing_mm, spacing_mm, 1.0])
index_to_patient[:3, 3] = corner_mm
grid = Grid((count, count, count), index_to_patient, frame_uid="1.2.3")

planes, rows, columns = np.meshgrid(*[np.arange(count, dtype=float)] * 3, indexing="ij")
points_mm = grid.to_patient(np.stack([columns, rows, planes], axis=-1))
distance_mm = np.linalg.norm(points_mm, axis=-1)
dose_gy = 70.0 / (1.0 + 0.4 * (distance_mm / 16.0) ** 5)


def ball(number: int, name: str, centre_mm: tuple[float, ...], radius_mm: float, role: str = "ORGAN") -> Structure:
    """Contours every 2 mm, as a planning system would draw them."""
    angles = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    contours = []
    for z in np.arange(-radius_mm + 1.0, radius_mm, 2.0):
        r = np.sqrt(radius_mm**2 - z**2)
        ring = np.column_stack([r * np.cos(angles), r * np.sin(angles), np.full(90, z)])
        contours.append(Contour(ring + centre_mm))
    return Structure(number, name, role, tuple(contours))


structures = StructureSet(
    (
        ball(1, "PTV", (0, 0, 0), 15.0, role="PTV"),
        ball(2, "Liver", (-5, 0, 0), 65.0),
        ball(3, "Duodenum", (38, 0, 0), 10.0),
    ),
    frame_uid="1.2.3",
)
plan = Plan(uid="1.2.4", label="arrays", prescriptions=(Prescription(50.0, 5, target_number=1),))
dose = Dose(grid, dose_gy)
case = Case(treatments=(Treatment(dose, structures, plan),))

report = rtplan.audit(case, packs=["tg101-2010"])
for finding in report.findings:
    if finding.governs:
        sys.stdout.write(f"{finding.structure:<10} {finding.metric:<10} {finding.limit:<12} {finding.verdict}\n")
sys.stdout.write(f"verdict: {report.verdict}\n")
rtplan.write_audit(report, "arrays-report")
