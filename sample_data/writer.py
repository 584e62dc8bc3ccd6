"""Write a study: its images, structure set, plan and dose as DICOM, and the truth beside them.

A study's folder holds ``dicom/`` and ``truth.json``::

    {"schema": "rtplan.truth/1", "study": "liver-keeps", "title": "...", "site": "liver",
     "lesions": [{"name": "PTV_1", "site": "liver", "prescription_gy": 50.0, "fractions": 5, "volume_cc": 33.5}],
     "structures": {"Liver": {"volume_cc": 1649.3, "metrics": {"Dmax": 70.0, "CV700cc": 2.5}}},
     "expected": {"verdict": "met", "exit_code": 0, "exceeded": [["Duodenum", "D5cc"]]}}

Metrics are in Gy, in cc (``V20Gy[cc]``), in per cent (``V20Gy[%]``, ``D2cm[%]`` of the prescription) or plain
numbers (plan indices of a target). `structures` also holds what limits combine: ``"Lungs-GTV"``, or several
names joined by ``|`` for their union. `exceeded` lists the governing limits alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .dicom_common import Identity, save
from .dicom_dose import dose_object
from .dicom_images import image_objects
from .dicom_plan import plan_object
from .dicom_structures import structure_object
from .orientation import IDENTITY, Matrix, reoriented
from .solids import Ellipsoid
from .studies import studies
from .study import Lesion, Study
from .truth import common_metrics, histogram, target_indices

__all__ = ["WrittenStudy", "truth_of", "write", "write_all", "write_dicom"]


@dataclass(frozen=True, slots=True)
class WrittenStudy:
    """A study on disk: its folder, the DICOM files in it, and its truth."""

    study: Study
    folder: Path
    dicom: Path
    truth: Mapping[str, Any]


def write_all(out: Path) -> tuple[WrittenStudy, ...]:
    """Write every sample study into a folder of its own under `out`."""
    return tuple(write(study, Path(out) / study.id) for study in studies())


def write(
    study: Study,
    folder: Path,
    *,
    orientation: Matrix | str | None = None,
    dose_axes: Matrix = IDENTITY,
    dose_bits: int = 16,
) -> WrittenStudy:
    """Write one study with its truth.

    Parameters
    ----------
    study : Study
    folder : Path
        Made where it is missing; receives ``dicom/`` and ``truth.json``.
    orientation : Matrix or str, optional
        A rotation or patient position to turn the study into; as it is by default.
    dose_axes : Matrix
        Where the dose grid's columns, rows and frames run, as the columns of one of the 24 rotations.
    dose_bits : int
        16 or 32 a dose voxel.

    Raises
    ------
    ValueError
        If the orientation or the number of bits does not exist.
    """
    dicom = write_dicom(study, folder, orientation=orientation, dose_axes=dose_axes, dose_bits=dose_bits)
    truth = truth_of(study)
    text = json.dumps(truth, indent=1, sort_keys=True, allow_nan=False)
    (Path(folder) / "truth.json").write_text(text + "\n", encoding="utf-8")
    return WrittenStudy(study, Path(folder), dicom, truth)


def write_dicom(
    study: Study,
    folder: Path,
    *,
    orientation: Matrix | str | None = None,
    dose_axes: Matrix = IDENTITY,
    dose_bits: int = 16,
) -> Path:
    """Write the DICOM files alone, as `write` does, and return their folder."""
    study = study if orientation is None else reoriented(study, orientation)
    identity = Identity(study, f"{dose_axes} {dose_bits}")
    images = image_objects(identity)
    structures = structure_object(identity, images)
    plan = plan_object(identity, structures)
    dose = dose_object(identity, plan, axes=dose_axes, bits=dose_bits)
    dicom = Path(folder) / "dicom"
    dicom.mkdir(parents=True, exist_ok=True)
    for number, image in enumerate(images, start=1):
        save(image, dicom / f"{study.modality}_{number:03d}.dcm")
    for ds in (structures, plan, dose):
        save(ds, dicom / f"{ds.Modality}.dcm")
    return dicom


def truth_of(study: Study) -> dict[str, Any]:
    """Return the constructed truth of a study, as `truth.json` holds it."""
    solids = {shape.name: shape.solid for shape in study.shapes} | dict(study.derived)
    indices = {lesion.name: _indices(lesion) for lesion in study.lesions}
    structures = {
        name: {
            "volume_cc": _rounded(solid.volume_cc),
            "metrics": _all_rounded(common_metrics(histogram(solid, study.dose)) | indices.get(name, {})),
        }
        for name, solid in solids.items()
    }
    return {
        "schema": "rtplan.truth/1",
        "study": study.id,
        "title": study.title,
        "site": study.site,
        "lesions": [_lesion(study, lesion) for lesion in study.lesions],
        "structures": structures,
        "expected": {
            "verdict": study.verdict,
            "exit_code": study.exit_code,
            "exceeded": [list(pair) for pair in study.exceeded],
        },
    }


def _indices(lesion: Lesion) -> dict[str, float]:
    if lesion.bell is None or not isinstance(lesion.target, Ellipsoid):
        return {}
    return target_indices(lesion.target, lesion.bell, lesion.rx_gy)


def _lesion(study: Study, lesion: Lesion) -> dict[str, Any]:
    return {
        "name": lesion.name,
        "site": lesion.site,
        "prescription_gy": lesion.rx_gy,
        "fractions": study.fractions,
        "volume_cc": _rounded(lesion.target.volume_cc),
    }


def _all_rounded(metrics: Mapping[str, float]) -> dict[str, float]:
    return {name: _rounded(value) for name, value in metrics.items()}


def _rounded(value: float) -> float:
    """Keep six decimals: far below the quadrature's error, and the same text on every machine."""
    return round(float(value), 6)
