"""Write a study of clinical size: 200 CT slices of 512 x 512, 28 structures, about 470,000 points, 200^3 dose.

The shapes are made up; what counts is that their sizes, their number of points and the size of the files are
those of a thorax plan. Usage: ``python benchmarks/clinical_case.py FOLDER``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, RTDoseStorage, RTPlanStorage, RTStructureSetStorage

SLICES, SPACING_MM = 203, 2.0
PIXELS, PIXEL_MM = 512, 0.98
DOSE, DOSE_MM = 200, 2.0
ROOT = "2.25.7310"
FRAME = f"{ROOT}.1"
RNG = np.random.default_rng(20260115)

# name, role, centre (mm), semi-axes (mm), vertices a ring
STRUCTURES = (
    ("BODY", "EXTERNAL", (0, 0, 0), (190, 120, 420), 720),
    ("Lung_L", "ORGAN", (80, 0, 0), (55, 75, 110), 420),
    ("Lung_R", "ORGAN", (-80, 0, 0), (55, 75, 110), 420),
    ("Lungs", "ORGAN", (80, 0, 0), (56, 76, 111), 420),
    ("Heart", "ORGAN", (25, -30, -40), (50, 45, 55), 300),
    ("Liver", "ORGAN", (-60, -10, -130), (80, 70, 65), 420),
    ("SpinalCord", "ORGAN", (0, 75, 0), (7, 6, 400), 80),
    ("SpinalCanal", "ORGAN", (0, 75, 0), (11, 9, 400), 100),
    ("Esophagus", "ORGAN", (5, 40, 0), (11, 9, 130), 90),
    ("Trachea", "ORGAN", (0, 20, 110), (10, 10, 60), 80),
    ("ProxBronchialTree", "ORGAN", (0, 15, 40), (25, 20, 25), 140),
    ("GreatVes", "ORGAN", (10, -5, 30), (28, 25, 60), 160),
    ("Stomach", "ORGAN", (70, -40, -120), (45, 35, 45), 240),
    ("Duodenum", "ORGAN", (-15, -20, -160), (30, 22, 25), 160),
    ("Bowel_Small", "ORGAN", (0, -40, -220), (110, 60, 60), 480),
    ("Colon", "ORGAN", (60, -50, -215), (50, 40, 55), 300),
    ("Kidney_L", "ORGAN", (65, 45, -170), (28, 26, 52), 160),
    ("Kidney_R", "ORGAN", (-65, 45, -170), (28, 26, 52), 160),
    ("Spleen", "ORGAN", (105, 30, -120), (30, 40, 45), 200),
    ("Chestwall_L", "ORGAN", (120, 0, 0), (40, 90, 100), 420),
    ("Skin", "ORGAN", (0, 0, 0), (185, 116, 390), 720),
    ("BrachialPlex_L", "ORGAN", (50, 10, 150), (22, 10, 25), 90),
    ("BrachialPlex_R", "ORGAN", (-50, 10, 150), (22, 10, 25), 90),
    ("GTV_1", "GTV", (75, 20, 20), (9, 9, 9), 90),
    ("ITV_1", "ITV", (75, 20, 20), (11, 11, 12), 100),
    ("PTV_1", "PTV", (75, 20, 20), (16, 16, 17), 120),
    ("GTV_2", "GTV", (-60, -20, -120), (12, 13, 12), 100),
    ("PTV_2", "PTV", (-60, -20, -120), (17, 18, 17), 120),
)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    heights = (np.arange(SLICES) - SLICES // 2) * SPACING_MM
    for number, z in enumerate(heights):
        _save(_slice(number, float(z)), folder / f"ct{number:03d}.dcm")
    structures = _structures(heights)
    _save(structures, folder / "structures.dcm")
    _save(_plan(), folder / "plan.dcm")
    _save(_dose(), folder / "dose.dcm")


def _new(kind: str, modality: str, number: int) -> Dataset:
    ds = Dataset()
    ds.SOPClassUID = kind
    ds.SOPInstanceUID = f"{ROOT}.{number}"
    ds.StudyInstanceUID = f"{ROOT}.2"
    ds.SeriesInstanceUID = f"{ROOT}.3" if modality == "CT" else f"{ROOT}.4.{number}"
    ds.FrameOfReferenceUID = FRAME
    ds.Modality = modality
    ds.PatientID = "BENCH"
    ds.PatientName = "BENCH"
    ds.Manufacturer = "benchmark"
    return ds


def _slice(number: int, z: float) -> Dataset:
    ds = _new(CTImageStorage, "CT", 1000 + number)
    ds.ImagePositionPatient = [-PIXELS / 2 * PIXEL_MM, -PIXELS / 2 * PIXEL_MM, z]
    ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    ds.PixelSpacing = [PIXEL_MM, PIXEL_MM]
    ds.Rows = ds.Columns = PIXELS
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
    ds.RescaleSlope, ds.RescaleIntercept = 1, -1000
    ds.PixelData = RNG.integers(0, 2000, (PIXELS, PIXELS), dtype=np.int16).tobytes()
    return ds


def _structures(heights: np.ndarray) -> Dataset:
    ds = _new(RTStructureSetStorage, "RTSTRUCT", 10)
    ds.StructureSetLabel = "BENCH"
    series = Dataset()
    series.SeriesInstanceUID = f"{ROOT}.3"
    study = Dataset()
    study.RTReferencedSeriesSequence = [series]
    frame = Dataset()
    frame.FrameOfReferenceUID = FRAME
    frame.RTReferencedStudySequence = [study]
    ds.ReferencedFrameOfReferenceSequence = [frame]
    ds.StructureSetROISequence, ds.ROIContourSequence, ds.RTROIObservationsSequence = [], [], []
    for number, (name, role, centre, axes, vertices) in enumerate(STRUCTURES, 1):
        roi, drawn, observed = Dataset(), Dataset(), Dataset()
        roi.ROINumber, roi.ROIName, roi.ReferencedFrameOfReferenceUID = number, name, FRAME
        drawn.ReferencedROINumber = number
        drawn.ContourSequence = [_ring(centre, axes, z, vertices) for z in heights if abs(z - centre[2]) < axes[2]]
        observed.ObservationNumber = observed.ReferencedROINumber = number
        observed.RTROIInterpretedType = role
        ds.StructureSetROISequence.append(roi)
        ds.ROIContourSequence.append(drawn)
        ds.RTROIObservationsSequence.append(observed)
    return ds


def _ring(centre: tuple[float, ...], axes: tuple[float, ...], z: float, vertices: int) -> Dataset:
    vertices = round(0.727 * vertices)
    share = np.sqrt(max(1.0 - ((z - centre[2]) / axes[2]) ** 2, 0.01))
    angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    wobble = 1.0 + 0.03 * np.sin(5 * angle + z / 20)
    x = centre[0] + axes[0] * share * wobble * np.cos(angle)
    y = centre[1] + axes[1] * share * wobble * np.sin(angle)
    points = np.column_stack([x, y, np.full(vertices, z)]).round(2)
    item = Dataset()
    item.ContourGeometricType = "CLOSED_PLANAR"
    item.NumberOfContourPoints = vertices
    item.ContourData = [f"{value:.2f}" for value in points.ravel()]
    return item


def _plan() -> Dataset:
    ds = _new(RTPlanStorage, "RTPLAN", 11)
    ds.RTPlanLabel = "BENCH"
    ds.RTPlanGeometry = "PATIENT"
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = RTStructureSetStorage, f"{ROOT}.10"
    ds.ReferencedStructureSetSequence = [reference]
    group = Dataset()
    group.FractionGroupNumber, group.NumberOfFractionsPlanned, group.NumberOfBeams = 1, 5, 0
    ds.FractionGroupSequence = [group]
    return ds


def _dose() -> Dataset:
    ds = _new(RTDoseStorage, "RTDOSE", 12)
    half = DOSE / 2 * DOSE_MM
    axis = (np.arange(DOSE) + 0.5) * DOSE_MM - half
    z, y, x = np.meshgrid((np.arange(DOSE + 1)) * DOSE_MM - half, axis, axis, indexing="ij")
    total = np.full(z.shape, 0.4)
    for _, _, centre, axes, _ in (STRUCTURES[25], STRUCTURES[27]):
        r = np.sqrt((x - centre[0]) ** 2 + (y - centre[1]) ** 2 + (z - centre[2]) ** 2)
        total += 60.0 / (1.0 + np.exp((r - axes[0] - 2.0) / 6.0))
    scaling = float(total.max()) / 60000.0
    ds.ImagePositionPatient = [float(axis[0]), float(axis[0]), -half]
    ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    ds.PixelSpacing = [DOSE_MM, DOSE_MM]
    ds.NumberOfFrames, ds.Rows, ds.Columns = total.shape
    ds.FrameIncrementPointer = 0x3004000C
    ds.GridFrameOffsetVector = [float(value) for value in np.arange(DOSE + 1) * DOSE_MM]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 0
    ds.DoseUnits, ds.DoseType, ds.DoseSummationType = "GY", "PHYSICAL", "PLAN"
    ds.DoseGridScaling = f"{scaling:.10e}"
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = RTPlanStorage, f"{ROOT}.11"
    ds.ReferencedRTPlanSequence = [reference]
    ds.PixelData = (total / float(ds.DoseGridScaling)).round().astype(np.uint16).tobytes()
    return ds


def _save(ds: Dataset, path: Path) -> None:
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.save_as(path, enforce_file_format=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
