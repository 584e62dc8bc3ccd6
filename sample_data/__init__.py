"""Sample studies with a constructed truth: DICOM from analytic solids and dose functions.

Truth must not share code with what it tests: of `rtplan` this package knows the units alone.
``python -m sample_data OUT`` writes every study.
"""

from __future__ import annotations

from .orientation import IDENTITY, PATIENT_POSITIONS, ROTATIONS, reoriented
from .studies import studies
from .study import Lesion, Sampling, Shape, Study
from .writer import WrittenStudy, truth_of, write, write_all, write_dicom

__all__ = [
    "IDENTITY",
    "PATIENT_POSITIONS",
    "ROTATIONS",
    "Lesion",
    "Sampling",
    "Shape",
    "Study",
    "WrittenStudy",
    "reoriented",
    "studies",
    "truth_of",
    "write",
    "write_all",
    "write_dicom",
]
