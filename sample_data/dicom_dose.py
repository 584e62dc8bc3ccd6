"""The dose: the analytic function sampled on a regular grid, stored along any three axes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import RTDoseStorage

from .dicom_common import Identity, decimals, directions, new_object, put_decimals, reference
from .lattice import Lattice, Storage, dose_lattice, storage
from .orientation import Matrix, turned
from .study import Study

__all__ = ["dose_object"]

Array = NDArray[np.float64]


def dose_object(identity: Identity, plan: Dataset, *, axes: Matrix, bits: int) -> Dataset:
    """Return the dose of the plan.

    Parameters
    ----------
    identity : Identity
    plan : Dataset
        The plan that the dose refers to.
    axes : Matrix
        Where the stored columns, rows and frames run before the turn, as its columns: the identity gives
        transverse planes.
    bits : int
        16 or 32 a voxel.

    Raises
    ------
    ValueError
        If `bits` is neither.
    """
    if bits not in {16, 32}:
        raise ValueError(f"a dose is stored in 16 or 32 bits, not {bits}")
    lattice = dose_lattice(identity.study)
    stored = storage(lattice, axes)
    ds = new_object(identity, "RTDOSE", RTDoseStorage)
    ds.InstanceNumber = 1
    ds.DoseUnits = "GY"
    ds.DoseType = "PHYSICAL"
    ds.DoseSummationType = "PLAN"
    ds.TissueHeterogeneityCorrection = "IMAGE"
    ds.ReferencedRTPlanSequence = [reference(plan)]
    _place(ds, stored, lattice.shape[stored.order[2]], directions(_product(identity.study.rotation, axes)))
    ds.ImagePositionPatient = decimals(turned(stored.first_mm, identity.study.rotation))
    _store(ds, stored.arrange(_sampled(identity.study, lattice)), bits)
    return ds


def _sampled(study: Study, lattice: Lattice) -> Array:
    """Return the dose at every point of the lattice, shape (x, y, z)."""
    planes = [study.dose.dose_gy(lattice.plane_mm(index)) for index in range(lattice.shape[2])]
    return np.stack(planes, axis=-1)


def _place(ds: Dataset, stored: Storage, frames: int, orientation: list[str]) -> None:
    column_mm, row_mm, frame_mm = stored.steps_mm
    ds.ImageOrientationPatient = orientation
    ds.PixelSpacing = decimals([row_mm, column_mm])
    ds.SliceThickness = decimals([frame_mm])[0]
    ds.NumberOfFrames = frames
    ds.FrameIncrementPointer = Tag("GridFrameOffsetVector")
    put_decimals(ds, "GridFrameOffsetVector", frame_mm * np.arange(frames))


def _product(rotation: Matrix, axes: Matrix) -> Matrix:
    (a, b, c), (d, e, f), (g, h, i) = (np.array(rotation) @ np.array(axes)).tolist()
    return ((a, b, c), (d, e, f), (g, h, i))


def _store(ds: Dataset, dose_gy: Array, bits: int) -> None:
    """Store (frame, row, column) as unsigned integers; the largest dose stays just below the last of them."""
    ds.DoseGridScaling = f"{dose_gy.max() / (2**bits - 2):.9e}"
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    _, ds.Rows, ds.Columns = dose_gy.shape
    ds.BitsAllocated = ds.BitsStored = bits
    ds.HighBit = bits - 1
    ds.PixelRepresentation = 0
    ds.PixelData = np.rint(dose_gy / float(ds.DoseGridScaling)).astype(f"<u{bits // 8}").tobytes()
