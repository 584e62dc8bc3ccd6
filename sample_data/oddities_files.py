"""Odd files: cut off, foreign, oddly encoded, doubled, of another patient (rows 1 to 8, 16 and 17)."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.filewriter import dcmwrite
from pydicom.tag import Tag
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    RLELossless,
    SecondaryCaptureImageStorage,
)

from .dicom_common import item
from .oddity import Bench, Oddity

__all__ = ["FILES"]

_DEEP = 70


def _cut(name: str, share: float) -> Oddity:
    def mutate(bench: Bench) -> None:
        data = bench.path(name).read_bytes()
        bench.path(name).write_bytes(data[: int(len(data) * share)])

    what = f"the {name} is cut off after {share:.0%} of its bytes"
    return Oddity(f"truncated-{name.lower()}", 1, "refused", ("file-truncated",), what, mutate)


def _strangers(bench: Bench) -> None:
    bench.path(".DS_Store").write_bytes(b"\0\0\0\1Bud1" + bytes(200))
    bench.path("Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(300))
    bench.path("notes.txt").write_text("not DICOM at all\n" * 20, encoding="utf-8")
    bench.path("empty.dcm").write_bytes(b"")


def _without_meta(bench: Bench) -> None:
    dataset = bench.read("RTSTRUCT")
    plain = Dataset()
    plain.update(dataset)
    dcmwrite(bench.path("RTSTRUCT"), plain, implicit_vr=True, little_endian=True)


def _as_syntax(bench: Bench, name: str, syntax: UID) -> None:
    dataset = bench.read(name)
    if syntax == ExplicitVRBigEndian and "PixelData" in dataset:
        raw = dataset.PixelData
        dataset.PixelData = b"".join(raw[at + 1 : at + 2] + raw[at : at + 1] for at in range(0, len(raw), 2))
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset["PixelData"].VR = "OW"
    dcmwrite(
        bench.path(name),
        dataset,
        enforce_file_format=True,
        implicit_vr=syntax == ImplicitVRLittleEndian,
        little_endian=syntax != ExplicitVRBigEndian,
    )


def _mislabelled(bench: Bench) -> None:
    """Implicit values under a label that says explicit."""
    data = bench.path("RTPLAN").read_bytes()
    dataset = bench.read("RTPLAN")
    bare = Dataset()
    bare.update(dataset)
    place = bench.path("bare.tmp")
    dcmwrite(place, bare, implicit_vr=True, little_endian=True)
    length = int.from_bytes(data[140:144], "little")
    bench.path("RTPLAN").write_bytes(data[: 144 + length] + place.read_bytes())
    place.unlink()


def _nested(bench: Bench) -> None:
    inner = item(ROIName="deep")
    for _ in range(_DEEP):
        inner = item(StructureSetROISequence=[inner])
    with bench.edit("RTSTRUCT") as dataset:
        dataset.ReferencedStudySequence = [inner]


def _unknown_characters(bench: Bench) -> None:
    with bench.edit("RTSTRUCT") as dataset:
        dataset.SpecificCharacterSet = "ISO_IR 999"
        element = dataset.StructureSetROISequence[6]
        element.ROIName = "Femur_Head_R"
        dataset.StructureSetROISequence[3].ROIName = "Bone_Ilium_L"
        dataset.StructureSetLabel = "Sch\xe4del"


def _undecodable_name(bench: Bench) -> None:
    """Put a byte into a name that its character set does not hold."""
    data = bench.path("RTSTRUCT").read_bytes()
    bench.path("RTSTRUCT").write_bytes(data.replace(b"Body", b"B\xf6dy", 1))


def _backslash_name(bench: Bench) -> None:
    with bench.edit("RTSTRUCT") as dataset:
        dataset.StructureSetROISequence[0].ROIName = "Body\\whole"


def _private(bench: Bench) -> None:
    for name in ("RTPLAN", "RTSTRUCT", "RTDOSE"):
        with bench.edit(name) as dataset:
            block = dataset.private_block(0x3287, "A VENDOR", create=True)
            block.add_new(0x01, "LO", "__import__('os')")
            block.add_new(0x02, "SQ", [item(PatientComments="x")])
            dataset.add_new(Tag(0x0008, 0x0010), "SH", "ACR-NEMA 2.0")


def _program_preamble(bench: Bench) -> None:
    data = bench.path("RTPLAN").read_bytes()
    bench.path("RTPLAN").write_bytes(b"MZ" + data[2:])


def _second_patient(bench: Bench) -> None:
    dataset = bench.read("RTSTRUCT")
    dataset.PatientID = "SOMEBODY-ELSE"
    for keyword in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"):
        setattr(dataset, keyword, f"{getattr(dataset, keyword)[:50]}.9")
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    del dataset.ReferencedFrameOfReferenceSequence
    bench.save(dataset, "other.dcm")


def _patient_in_chain(bench: Bench) -> None:
    with bench.edit("RTSTRUCT") as dataset:
        dataset.PatientID = "SOMEBODY-ELSE"


def _copied(bench: Bench) -> None:
    bench.path("copy.dcm").write_bytes(bench.path("RTSTRUCT").read_bytes())


def _uid_twice(bench: Bench) -> None:
    dataset = bench.read("RTSTRUCT")
    dataset.StructureSetLabel = "ANOTHER"
    bench.save(dataset, "other.dcm")


def _captures(bench: Bench) -> None:
    """Add a page of a dose report as a secondary capture."""
    page = bench.read(bench.images[0].name)
    page.SOPClassUID = page.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    page.SOPInstanceUID = page.file_meta.MediaStorageSOPInstanceUID = UID("2.25.481001")
    page.SeriesInstanceUID, page.Modality = "2.25.481000", "OT"
    bench.save(page, "page.dcm")


def _rle(bench: Bench) -> None:
    with bench.edit("RTDOSE") as dataset:
        dataset.compress(RLELossless)


def _lossy(bench: Bench) -> None:
    with bench.edit("RTDOSE") as dataset:
        dataset.file_meta.TransferSyntaxUID = UID("1.2.840.10008.1.2.4.50")
        dataset.PixelData = encapsulate([b"\xff\xd8\xff\xd9" * 8] * int(dataset.NumberOfFrames))
        dataset["PixelData"].VR = "OB"
        dataset["PixelData"].is_undefined_length = True


FILES = (
    _cut("RTSTRUCT", 0.6),
    _cut("RTDOSE", 0.5),
    _cut("RTPLAN", 0.7),
    Oddity("foreign-files", 2, "used", (), "empty files, texts and system files lie beside the study", _strangers),
    Oddity("no-meta", 3, "note", ("file-without-meta",), "the RTSTRUCT has no preamble and no meta", _without_meta),
    Oddity(
        "big-endian",
        4,
        "used",
        (),
        "the RTDOSE is big endian",
        lambda bench: _as_syntax(bench, "RTDOSE", ExplicitVRBigEndian),
    ),
    Oddity(
        "deflated",
        4,
        "used",
        (),
        "the RTDOSE is deflated",
        lambda bench: _as_syntax(bench, "RTDOSE", DeflatedExplicitVRLittleEndian),
    ),
    Oddity("mislabelled-syntax", 5, "note", ("file-encoding",), "implicit values are labelled explicit", _mislabelled),
    Oddity("nested-sequences", 6, "refused", ("file-nested",), f"sequences are nested {_DEEP} deep", _nested),
    Oddity(
        "unknown-character-set",
        7,
        "note",
        ("values-not-standard",),
        "the RTSTRUCT names a character set that does not exist",
        _unknown_characters,
    ),
    Oddity(
        "undecodable-name",
        7,
        "note",
        ("text-undecoded",),
        "a ROI name holds a byte that its character set does not have",
        _undecodable_name,
    ),
    Oddity("backslash-name", 7, "used", (), "a backslash in a ROI name makes it two values", _backslash_name),
    Oddity("private-elements", 8, "used", (), "private and retired elements lie in every RT object", _private),
    Oddity(
        "program-preamble", 8, "note", ("file-preamble",), "the preamble starts as a program does", _program_preamble
    ),
    Oddity("two-patients", 16, "refused", (), "a structure set of another patient lies in the folder", _second_patient),
    Oddity(
        "patient-differs",
        16,
        "refused",
        ("patients-differ",),
        "the structure set that the plan refers to carries another PatientID",
        _patient_in_chain,
    ),
    Oddity("identical-copy", 17, "note", ("object-repeated",), "the RTSTRUCT is there twice", _copied),
    Oddity("uid-not-unique", 17, "refused", ("uid-not-unique",), "two different RTSTRUCTs claim one UID", _uid_twice),
    Oddity("secondary-capture", 18, "used", (), "a page of a dose report lies beside the images", _captures),
    Oddity("dose-rle", 46, "used", (), "the dose is compressed without loss (RLE)", _rle),
    Oddity("dose-lossy", 46, "refused", ("dose-compression",), "the dose is compressed with loss (JPEG)", _lossy),
)
