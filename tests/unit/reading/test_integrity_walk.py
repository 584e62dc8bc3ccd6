"""The walk over element lengths: what is cut off, nested or inflated beyond measure is found."""

from __future__ import annotations

import random
import struct
import zlib

import pytest
from pydicom.filewriter import dcmwrite
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

import dicom_io
from dicom_io.integrity import DEFLATED, EXPLICIT_BIG, IMPLICIT_LITTLE, examine, looks_like_dicom
from rtplan.model import Severity


def element(group, number, value, vr=None, *, length=None):
    length = len(value) if length is None else length
    if vr is None:
        return struct.pack("<HHI", group, number, length) + value
    return struct.pack("<HH2sH", group, number, vr, length) + value


def file_of(body, syntax=b"1.2.840.10008.1.2.1\0"):
    return bytes(128) + b"DICM" + element(2, 0x10, syntax, b"UI") + body


def nested(depth):
    body = element(8, 0x60, b"CT", b"CS")
    for _ in range(depth):
        content = struct.pack("<HHI", 0xFFFE, 0xE000, len(body)) + body
        body = struct.pack("<HH2sHI", 0x0008, 0x1140, b"SQ", 0, len(content)) + content
    return body


def test_whole_file_has_no_fault(folder):
    anatomy = examine(folder.structures().read_bytes())
    assert anatomy.fault is None
    assert anatomy.has_preamble
    assert anatomy.has_meta
    assert anatomy.text(0x00080060) == "RTSTRUCT"


@pytest.mark.parametrize("seed", range(3))
def test_every_truncation_is_found(folder, seed):
    rois = [folder.make.cylinder(number, f"ROI {number}") for number in range(1, 6)]
    path = folder.structures(rois)
    data = path.read_bytes()
    chance = random.Random(seed)
    for _ in range(100):
        cut = data[: chance.randrange(132, len(data))]
        fault = examine(cut).fault
        if fault is not None:
            assert fault.code == "file-truncated"
            assert fault.offset <= len(cut)
            continue
        # Cut exactly between two elements, every length is right: then what is missing must be missed.
        path.write_bytes(cut)
        severities = {issue.severity for issue in dicom_io.read(path).issues}
        assert severities & {Severity.WARN, Severity.REFUSE}


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian])
@pytest.mark.parametrize("undefined", [False, True])
def test_every_encoding_is_walked(folder, syntax, undefined):
    import pydicom

    dataset = pydicom.dcmread(folder.structures())
    dataset["ROIContourSequence"].is_undefined_length = undefined
    for one in dataset.ROIContourSequence:
        one.is_undefined_length_sequence_item = undefined
    path = folder.path / "again.dcm"
    dataset.file_meta.TransferSyntaxUID = syntax
    dcmwrite(path, dataset, implicit_vr=syntax.is_implicit_VR, little_endian=syntax.is_little_endian)
    data = path.read_bytes()
    assert examine(data).fault is None
    assert examine(data[: len(data) * 2 // 3]).fault.code == "file-truncated"


def test_big_endian_without_meta_is_recognised():
    body = struct.pack(">HH2sH", 8, 0x60, b"CS", 2) + b"CT"
    assert examine(body).syntax == EXPLICIT_BIG
    assert looks_like_dicom(body)


def test_implicit_values_under_an_explicit_label_are_walked_and_said():
    anatomy = examine(file_of(element(8, 0x60, b"CT")))
    assert anatomy.fault is None
    assert anatomy.switched


def test_nesting_has_an_end():
    assert examine(file_of(nested(60))).fault is None
    fault = examine(file_of(nested(70))).fault
    assert fault.code == "file-nested"


def test_deep_nesting_of_open_sequences_is_refused_without_recursion_error():
    opening = struct.pack("<HH2sHI", 8, 0x1140, b"SQ", 0, 0xFFFFFFFF) + struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    assert examine(file_of(opening * 5000)).fault.code == "file-nested"


def test_inner_length_beyond_its_item_is_inconsistent():
    inner = element(8, 0x60, b"CT", b"CS", length=40)
    content = struct.pack("<HHI", 0xFFFE, 0xE000, len(inner)) + inner
    body = struct.pack("<HH2sHI", 8, 0x1140, b"SQ", 0, len(content)) + content + element(0x10, 0x10, b"x" * 60, b"PN")
    fault = examine(file_of(body)).fault
    assert fault.code == "file-inconsistent"
    assert fault.tag == "(0008,0060)"


def test_deflated_bomb_is_refused_and_a_fair_one_is_walked():
    def deflated(body):
        packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        return file_of(packer.compress(body) + packer.flush(), UID(DEFLATED).encode())

    fair = deflated(element(8, 0x60, b"CT", b"CS"))
    assert examine(fair).fault is None
    assert examine(fair[:-2]).fault is not None
    zeros = struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OW", 0, 100 << 20) + bytes(100 << 20)
    assert examine(deflated(zeros)).fault.code == "file-deflated"


def test_padding_at_the_end_is_no_truncation():
    assert examine(file_of(element(8, 0x60, b"CT", b"CS") + b"\0")).fault is None


@pytest.mark.parametrize("head", [b"", b"hello", b"PK\3\4" + bytes(200), b"<html>" * 40, bytes(200)])
def test_other_files_do_not_look_like_dicom(head):
    assert not looks_like_dicom(head)


def test_program_in_the_preamble_is_said():
    data = b"MZ" + bytes(126) + file_of(element(8, 0x60, b"CT", b"CS"))[128:]
    assert examine(data).executable


def test_implicit_dataset_without_meta_is_walked():
    anatomy = examine(element(8, 0x60, b"CT"))
    assert anatomy.syntax == IMPLICIT_LITTLE
    assert not anatomy.has_meta
