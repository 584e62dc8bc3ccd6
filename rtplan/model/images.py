"""Images and doses: a grid and what was sampled on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .grid import Grid

__all__ = ["Dose", "Image", "StoredDVH"]


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """A CT or MR series; `pixels` reads the voxels (planes, rows, columns) when they are asked for.

    `sop_uids` names the instance of each plane, in the order of the grid's planes.
    """

    grid: Grid
    modality: str
    series_uid: str
    sop_uids: tuple[str, ...] = ()
    patient_position: str = ""
    pixels: Callable[[], NDArray[np.float32]] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class StoredDVH:
    """One item of an RTDOSE's DVHSequence, as the planning system wrote it.

    `dose_gy` (bin edges) and `volume_cc` describe a cumulative curve; None where its units were not absolute.
    """

    roi_number: int
    dose_gy: tuple[float, ...] | None
    volume_cc: tuple[float, ...] | None
    mean_gy: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Dose:
    """A dose distribution.

    Attributes
    ----------
    values : ndarray, shape (planes, rows, columns)
        Dose in `unit`; read-only.
    unit : str
        ``"Gy"``, or ``"relative"`` where DoseUnits is RELATIVE: then no absolute metric exists.
    dose_type : str
        PHYSICAL, EFFECTIVE or ERROR as in DoseType.
    summation : str
        DoseSummationType: PLAN, MULTI_PLAN, FRACTION, BEAM, ...; empty where missing.
    quantum : float
        The step of the stored integers (DoseGridScaling), in `unit`.
    plan_uids, structure_set_uids : tuple of str
        What the dose says it was computed for.
    heterogeneity : tuple of str
        TissueHeterogeneityCorrection: IMAGE, ROI_OVERRIDE, WATER; empty where nothing is said.
    """

    grid: Grid
    values: NDArray[np.floating]
    unit: str = "Gy"
    dose_type: str = "PHYSICAL"
    summation: str = "PLAN"
    uid: str = ""
    label: str = ""
    plan_uids: tuple[str, ...] = ()
    structure_set_uids: tuple[str, ...] = ()
    beam_number: int | None = None
    quantum: float = 0.0
    stored_dvhs: tuple[StoredDVH, ...] = ()
    heterogeneity: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.values.shape != self.grid.shape:
            raise ValueError(f"dose array {self.values.shape} does not fit its grid {self.grid.shape}")
        if not np.isfinite(self.values).all():
            raise ValueError("a dose value is not finite")
        values = self.values.view()
        values.setflags(write=False)
        object.__setattr__(self, "values", values)
