"""Only read the files of a folder: the floor under any tool that measures them. Usage: FOLDER."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pydicom

points = 0
for path in sorted(Path(sys.argv[1]).iterdir()):
    ds = pydicom.dcmread(path)
    if ds.Modality == "RTSTRUCT":
        for roi in ds.ROIContourSequence:
            for contour in roi.ContourSequence:
                points += len(np.asarray(contour.ContourData, dtype=float)) // 3
    elif ds.Modality == "RTDOSE":
        dose = ds.pixel_array * float(ds.DoseGridScaling)
print(points, "points, dose up to", float(dose.max()), "Gy")
