"""Odd doses: units, types, sums, planes, bits, and what a study lacks or hides (rows 40 to 48)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import UID

from .dicom_common import item
from .oddity import Bench, Mutation, Oddity

__all__ = ["DOSES"]

_NEW = "2.25.99700"
HOSTILE = ("<script>alert(1)</script>", "=cmd|' /C calc'!A0", "$x$", "[/bold]", "\x1b[2J", "\u202efdp.exe", "a\x07b")


def _editing(name: str, change: Callable[[Dataset], None]) -> Mutation:
    def mutate(bench: Bench) -> None:
        with bench.edit(name) as dataset:
            change(dataset)

    return mutate


def _with(name: str = "RTDOSE", **values: object) -> Mutation:
    """Set elements; None takes one away."""

    def change(dataset: Dataset) -> None:
        for keyword, value in values.items():
            if value is None:
                delattr(dataset, keyword)
            else:
                setattr(dataset, keyword, value)

    return _editing(name, change)


def _stored(dataset: Dataset) -> np.ndarray:
    shape = (int(dataset.NumberOfFrames), dataset.Rows, dataset.Columns)
    kind = "i" if dataset.PixelRepresentation else "u"
    return np.frombuffer(dataset.PixelData, f"<{kind}{dataset.BitsAllocated // 8}").reshape(shape)


def _cropped(dataset: Dataset) -> None:
    """Leave the grid's half that holds no more than half of the target."""
    keep = dataset.Columns // 2 + 8
    dataset.PixelData = np.ascontiguousarray(_stored(dataset)[:, :, :keep]).tobytes()
    dataset.Columns = keep


def _as_beams(bench: Bench, shares: tuple[float, ...]) -> None:
    """Replace the dose by a share of it for each beam of a plan with two beams."""
    with bench.edit("RTPLAN") as plan:
        second = plan.BeamSequence[0].copy()
        second.BeamNumber = 2
        plan.BeamSequence.append(second)
        group = plan.FractionGroupSequence[0]
        group.NumberOfBeams = 2
        group.ReferencedBeamSequence.append(item(BeamMeterset="1000", ReferencedBeamNumber=2))
    whole = bench.read("RTDOSE")
    scaling = float(whole.DoseGridScaling)
    bench.path("RTDOSE").unlink()
    for number, share in enumerate(shares, start=1):
        whole.SOPInstanceUID = whole.file_meta.MediaStorageSOPInstanceUID = UID(f"{_NEW}.1.{number}")
        whole.DoseSummationType = "BEAM"
        whole.DoseGridScaling = f"{scaling * share:.9e}"
        beam = item(ReferencedBeamNumber=number)
        whole.ReferencedRTPlanSequence[0].ReferencedFractionGroupSequence = [
            item(ReferencedFractionGroupNumber=1, ReferencedBeamSequence=[beam])
        ]
        bench.save(whole, f"beam{number}.dcm")


def _one_fraction(dataset: Dataset) -> None:
    dataset.DoseGridScaling = f"{float(dataset.DoseGridScaling) / 3:.9e}"


def _one_fraction_labelled(dataset: Dataset) -> None:
    _one_fraction(dataset)
    dataset.DoseSummationType = "FRACTION"


def _signed(dataset: Dataset) -> None:
    values = _stored(dataset).astype(np.int32) // 3
    dataset.DoseGridScaling = f"{float(dataset.DoseGridScaling) * 3:.9e}"
    values[:, :2, :] = -7
    dataset.PixelRepresentation = 1
    dataset.PixelData = values.astype("<i2").tobytes()


def _absolute_offsets(dataset: Dataset) -> None:
    start = float(dataset.ImagePositionPatient[2])
    dataset.GridFrameOffsetVector = [f"{start + float(value):.3f}" for value in dataset.GridFrameOffsetVector]


def _falling_offsets(dataset: Dataset) -> None:
    """Store the same grid from the top: position at the highest plane, offsets falling."""
    offsets = np.array(dataset.GridFrameOffsetVector, dtype=float)
    x, y, z = map(float, dataset.ImagePositionPatient)
    dataset.ImagePositionPatient = [str(x), str(y), f"{z + offsets[-1]:.3f}"]
    dataset.GridFrameOffsetVector = [f"{-value:.3f}" for value in offsets]
    dataset.PixelData = np.ascontiguousarray(_stored(dataset)[::-1]).tobytes()


def _irregular(dataset: Dataset) -> None:
    """Leave out two outer planes, so that the spacing varies and the offsets say so."""
    keep = [at for at in range(int(dataset.NumberOfFrames)) if at not in {3, 5}]
    offsets = list(dataset.GridFrameOffsetVector)
    dataset.PixelData = np.ascontiguousarray(_stored(dataset)[keep]).tobytes()
    dataset.GridFrameOffsetVector = [offsets[at] for at in keep]
    dataset.NumberOfFrames = len(keep)


def _offsets_from_five(dataset: Dataset) -> None:
    dataset.GridFrameOffsetVector = [f"{5.0 + float(value):.3f}" for value in dataset.GridFrameOffsetVector]


def _short_offsets(dataset: Dataset) -> None:
    dataset.GridFrameOffsetVector = list(dataset.GridFrameOffsetVector)[:-1]


def _in_32_bits(dataset: Dataset) -> None:
    values = _stored(dataset).astype(np.uint32) * 1000
    dataset.PixelData = values.astype("<u4").tobytes()
    dataset.DoseGridScaling = f"{float(dataset.DoseGridScaling) / 1000:.9e}"
    dataset.BitsAllocated = dataset.BitsStored = 32
    dataset.HighBit = 31


def _padded(dataset: Dataset) -> None:
    dataset.PixelData = dataset.PixelData + b"\0\0"


def _short_pixels(dataset: Dataset) -> None:
    dataset.PixelData = dataset.PixelData[:-8]


def _resampled_rows(dataset: Dataset) -> None:
    """Keep every second row: an anisotropic pixel whose row spacing is twice its column spacing."""
    dataset.PixelData = np.ascontiguousarray(_stored(dataset)[:, ::2, :]).tobytes()
    dataset.Rows = (dataset.Rows + 1) // 2
    down, across = map(float, dataset.PixelSpacing)
    dataset.PixelSpacing = [f"{2 * down:g}", f"{across:g}"]


def _stored_dvh(dataset: Dataset) -> None:
    """Add a stored DVH of the PTV with twice its volume and half its dose."""
    edges = np.full(16, 1.0)
    volumes = np.full(16, 14.0)
    dataset.DVHSequence = [
        item(
            DVHReferencedROISequence=[item(ReferencedROINumber=2, DVHROIContributionType="INCLUDED")],
            DVHType="CUMULATIVE",
            DoseUnits="GY",
            DVHDoseScaling="1",
            DVHVolumeUnits="CM3",
            DVHNumberOfBins=16,
            DVHData=[f"{value:g}" for pair in zip(edges, volumes, strict=True) for value in pair],
        )
    ]


def _no_body(dataset: Dataset) -> None:
    dataset.StructureSetROISequence = list(dataset.StructureSetROISequence)[1:]
    dataset.ROIContourSequence = list(dataset.ROIContourSequence)[1:]
    dataset.RTROIObservationsSequence = list(dataset.RTROIObservationsSequence)[1:]


def _hostile(bench: Bench) -> None:
    with bench.edit("RTSTRUCT") as dataset:
        dataset.SpecificCharacterSet = "ISO_IR 192"
        sequence = dataset.StructureSetROISequence
        for at, name in enumerate(HOSTILE, start=50):
            sequence.append(
                item(
                    ROINumber=at,
                    ReferencedFrameOfReferenceUID=dataset.FrameOfReferenceUID,
                    ROIName=name,
                    ROIGenerationAlgorithm="MANUAL",
                )
            )
    with bench.edit("RTPLAN") as plan:
        plan.RTPlanLabel = "<b>=1+1"


def _quality_plan(bench: Bench) -> None:
    with bench.edit("RTPLAN") as plan:
        plan.PlanIntent = "VERIFICATION"


def _coarse(dataset: Dataset) -> None:
    """Keep every second sample along each axis: 4 mm."""
    offsets = list(dataset.GridFrameOffsetVector)[::2]
    dataset.PixelData = np.ascontiguousarray(_stored(dataset)[::2, ::2, ::2]).tobytes()
    dataset.Rows, dataset.Columns = (dataset.Rows + 1) // 2, (dataset.Columns + 1) // 2
    dataset.PixelSpacing = [f"{2 * float(value):g}" for value in dataset.PixelSpacing]
    dataset.NumberOfFrames, dataset.GridFrameOffsetVector = len(offsets), offsets


def _beam_doses(dataset: Dataset) -> None:
    dataset.FractionGroupSequence[0].ReferencedBeamSequence[0].BeamDose = "30"


def _isocentre(dataset: Dataset) -> None:
    dataset.BeamSequence[0].ControlPointSequence[0].IsocenterPosition = ["16", "0", "90"]


_CONTRADICTION = ("dose-planes",)

DOSES = (
    Oddity(
        "target-partly-outside",
        40,
        "not_judged",
        ("outside-dose-grid",),
        "the dose grid ends within the target",
        _editing("RTDOSE", _cropped),
    ),
    Oddity("dose-relative", 41, "not_judged", ("dose-relative",), "the dose is RELATIVE", _with(DoseUnits="RELATIVE")),
    Oddity("dose-of-errors", 42, "refused", ("dose-of-errors",), "the dose is of type ERROR", _with(DoseType="ERROR")),
    Oddity(
        "dose-effective", 42, "not_judged", ("dose-effective",), "the dose is EFFECTIVE", _with(DoseType="EFFECTIVE")
    ),
    Oddity("dose-negative", 42, "note", ("dose-negative",), "some doses are negative", _editing("RTDOSE", _signed)),
    Oddity(
        "beam-doses",
        43,
        "not_judged",
        ("dose-set-complete",),
        "there is a dose for each beam, and none of the whole plan",
        lambda bench: _as_beams(bench, (0.5, 0.5)),
    ),
    Oddity(
        "beam-doses-incomplete",
        43,
        "not_judged",
        ("dose-set-incomplete",),
        "there is a dose for one beam of two, and none of the whole plan",
        lambda bench: _as_beams(bench, (0.5,)),
    ),
    Oddity(
        "fraction-dose",
        43,
        "not_judged",
        ("dose-not-plan", "dose-as-fraction"),
        "the dose is that of one fraction, as it says",
        _editing("RTDOSE", _one_fraction_labelled),
    ),
    Oddity(
        "fraction-holds-course",
        43,
        "not_judged",
        ("dose-not-plan", "dose-as-course"),
        "the dose says FRACTION and holds the whole course",
        _with(DoseSummationType="FRACTION"),
    ),
    Oddity(
        "one-fraction-as-plan",
        43,
        "refused",
        ("dose-not-prescription",),
        "the dose says PLAN and holds one fraction of three",
        _editing("RTDOSE", _one_fraction),
    ),
    Oddity(
        "summation-missing",
        43,
        "not_judged",
        ("dose-not-plan",),
        "the dose does not say what it sums up",
        _with(DoseSummationType=None),
    ),
    Oddity("offsets-absolute", 44, "used", (), "plane offsets are coordinates", _editing("RTDOSE", _absolute_offsets)),
    Oddity("offsets-falling", 44, "used", (), "planes are stored from the top", _editing("RTDOSE", _falling_offsets)),
    Oddity("offsets-irregular", 44, "used", (), "planes are not evenly spaced", _editing("RTDOSE", _irregular)),
    Oddity(
        "offsets-missing", 44, "refused", ("value-missing",), "there are no offsets", _with(GridFrameOffsetVector=None)
    ),
    Oddity(
        "offsets-from-five", 44, "refused", _CONTRADICTION, "offsets start at 5", _editing("RTDOSE", _offsets_from_five)
    ),
    Oddity("offsets-short", 44, "refused", _CONTRADICTION, "an offset is missing", _editing("RTDOSE", _short_offsets)),
    Oddity("dose-32-bits", 45, "used", (), "the dose has 32 bits", _editing("RTDOSE", _in_32_bits)),
    Oddity("scaling-missing", 45, "refused", ("value-missing",), "the scaling is missing", _with(DoseGridScaling=None)),
    Oddity("scaling-zero", 45, "refused", ("value-out-of-range",), "the scaling is 0", _with(DoseGridScaling="0")),
    Oddity("scaling-nan", 45, "refused", ("value-malformed",), "the scaling is nan", _with(DoseGridScaling="nan")),
    Oddity(
        "bits-contradict",
        45,
        "refused",
        ("dose-bits",),
        "the dose states 12 stored bits and holds values of 16",
        _with(BitsStored=12, HighBit=11),
    ),
    Oddity(
        "frames-missing", 45, "refused", _CONTRADICTION, "the number of frames is missing", _with(NumberOfFrames=None)
    ),
    Oddity("pixels-padded", 46, "used", (), "the pixel data are padded", _editing("RTDOSE", _padded)),
    Oddity(
        "pixels-short",
        46,
        "refused",
        ("dose-pixels-length",),
        "the pixel data are too short",
        _editing("RTDOSE", _short_pixels),
    ),
    Oddity(
        "pixels-anisotropic",
        47,
        "note",
        ("dose-grid-coarse",),
        "rows lie twice as far apart",
        _editing("RTDOSE", _resampled_rows),
    ),
    Oddity("spacing-zero", 47, "refused", ("value-out-of-range",), "a spacing is 0", _with(PixelSpacing=["0", "2"])),
    Oddity(
        "spacing-negative",
        47,
        "refused",
        ("value-out-of-range",),
        "a spacing is negative",
        _with(PixelSpacing=["2", "-2"]),
    ),
    Oddity("spacing-missing", 47, "refused", ("value-missing",), "the spacing is missing", _with(PixelSpacing=None)),
    Oddity(
        "stored-dvh-differs",
        48,
        "note",
        ("stored-dvh-differs",),
        "the stored DVH of the target is another one",
        _editing("RTDOSE", _stored_dvh),
    ),
    Oddity("no-body", 48, "note", ("no-body",), "no outline of the patient is drawn", _editing("RTSTRUCT", _no_body)),
    Oddity("hostile-names", 48, "note", ("roi-empty",), "names hold script, formulas and control codes", _hostile),
    Oddity(
        "not-for-treatment",
        48,
        "not_judged",
        ("plan-not-for-treatment",),
        "the plan is one for verification",
        _quality_plan,
    ),
    Oddity("dose-coarse", 48, "note", ("dose-grid-coarse",), "the dose grid has 4 mm", _editing("RTDOSE", _coarse)),
    Oddity(
        "beam-dose-differs",
        48,
        "note",
        ("beam-doses-differ",),
        "the beam doses times fractions are three times the prescription",
        _editing("RTPLAN", _beam_doses),
    ),
    Oddity(
        "isocentre-far",
        48,
        "note",
        ("isocentre-far",),
        "the isocentre lies 90 mm from the lesion",
        _editing("RTPLAN", _isocentre),
    ),
    Oddity(
        "no-heterogeneity",
        48,
        "note",
        ("dose-water",),
        "the dose was computed for water",
        _with(TissueHeterogeneityCorrection="WATER"),
    ),
    Oddity(
        "plan-rejected",
        48,
        "note",
        ("plan-rejected",),
        "the plan was rejected",
        _with("RTPLAN", ApprovalStatus="REJECTED"),
    ),
)
