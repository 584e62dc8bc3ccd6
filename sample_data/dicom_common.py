"""What every object of a study shares: identifiers, patient, study, equipment, and how a file is written.

Nothing here depends on the clock or on chance: UIDs are hashes of what they name, dates are fixed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.tag import Tag
from pydicom.uid import UID, ExplicitVRLittleEndian

from .orientation import Matrix
from .study import Study

__all__ = ["Identity", "decimals", "directions", "item", "new_object", "put_decimals", "reference", "save"]

_DATE, _TIME = "20260101", "120000"
_IMPLEMENTATION = "2.25.160230115424160233710920413513316031102"


@dataclass(frozen=True, slots=True)
class Identity:
    """The identifiers of one written copy of a study.

    Copies that differ in rotation or in how the dose is stored have other UIDs.
    """

    study: Study
    variant: str

    def uid(self, *parts: str) -> str:
        """Return the UID of a part of this copy, a hash under the root for UUIDs."""
        text = "/".join((self.study.id, str(self.study.rotation), self.variant, *parts))
        digest = hashlib.sha256(text.encode()).digest()[:16]
        return f"2.25.{int.from_bytes(digest, 'big')}"


def new_object(identity: Identity, modality: str, sop_class: str, *name: str) -> Dataset:
    """Return a dataset that says whose it is, of which study and series, and who made it."""
    ds = Dataset()
    ds.SOPClassUID = sop_class
    ds.SOPInstanceUID = identity.uid(modality, *name)
    ds.StudyDate = ds.SeriesDate = _DATE
    ds.StudyTime = ds.SeriesTime = _TIME
    ds.AccessionNumber = ""
    ds.Modality = modality
    ds.Manufacturer = "rtplan"
    ds.ManufacturerModelName = "sample_data"
    ds.DeviceSerialNumber = "0"
    ds.SoftwareVersions = "1"
    ds.OperatorsName = ds.ReferringPhysicianName = ""
    ds.StudyDescription = identity.study.title
    ds.PatientName = "RTPLAN^SAMPLE"
    ds.PatientID = f"RTPLAN-SAMPLE-{identity.study.id}"
    ds.PatientBirthDate = ""
    ds.PatientSex = "O"
    ds.StudyInstanceUID = identity.uid("study")
    ds.SeriesInstanceUID = identity.uid("series", modality)
    ds.StudyID = "1"
    ds.SeriesNumber = {"CT": 1, "MR": 1, "RTSTRUCT": 2, "RTPLAN": 3, "RTDOSE": 4}[modality]
    ds.FrameOfReferenceUID = identity.uid("frame")
    ds.PositionReferenceIndicator = ""
    return ds


def save(ds: Dataset, path: Path) -> None:
    """Write a dataset as a DICOM file, explicit VR little endian, preamble zero."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = ds.SOPClassUID
    meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(_IMPLEMENTATION)
    meta.ImplementationVersionName = "RTPLAN_SAMPLE"
    ds.file_meta = meta
    ds.preamble = b"\0" * 128
    ds.save_as(path, enforce_file_format=True)


def item(**attributes: object) -> Dataset:
    """Return a sequence item with these attributes, by DICOM keyword."""
    ds = Dataset()
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


def reference(ds: Dataset) -> Dataset:
    """Return an item that names another object by class and instance."""
    return item(ReferencedSOPClassUID=ds.SOPClassUID, ReferencedSOPInstanceUID=ds.SOPInstanceUID)


def decimals(values: NDArray[np.floating] | list[float]) -> list[str]:
    """Return numbers as decimal strings of a tenth of a micrometre, without needless zeros.

    A number and its negative have the same digits, so a turned copy holds the same decimals.

    Examples
    --------
    >>> decimals([1.0, -2.50004, -0.0])
    ['1', '-2.5', '0']
    """
    texts = (f"{value:.4f}".rstrip("0").rstrip(".") for value in np.ravel(values).tolist())
    return ["0" if text == "-0" else text for text in texts]


def put_decimals(ds: Dataset, keyword: str, values: NDArray[np.floating]) -> None:
    """Store many decimals at once, past the slow conversion of every single one."""
    text = "\\".join(decimals(values)).encode()
    text += b" " * (len(text) % 2)
    tag = Tag(keyword)
    ds[tag] = RawDataElement(tag, "DS", len(text), text, 0, is_implicit_VR=False, is_little_endian=True)


def directions(rotation: Matrix) -> list[str]:
    """Return ImageOrientationPatient: where columns and rows run after the turn."""
    matrix = np.array(rotation, dtype=np.float64)
    return decimals(np.concatenate([matrix[:, 0], matrix[:, 1]]))
