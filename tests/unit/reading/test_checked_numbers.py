"""The one reader of numbers takes finite numbers and nothing else."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.filewriter import dcmwrite

from dicom_io.faults import Unusable
from dicom_io.numbers import decimals, is_present, number, numbers, optional, whole


def stored(**elements):
    """Write and read a data set, so that its values are raw bytes as in a file."""
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    buffer = BytesIO()
    dcmwrite(buffer, dataset, implicit_vr=True, little_endian=True)
    buffer.seek(0)
    return pydicom.dcmread(buffer, force=True)


def raw(text):
    value = text.encode() + b" " * (len(text) % 2)
    head = b"\x04\x30\x0e\x00" + len(value).to_bytes(4, "little")
    return pydicom.dcmread(BytesIO(head + value), force=True)


@pytest.mark.parametrize(
    "text", ["1_000", "nan", "inf", "-Infinity", "1e400", "1,5", "abc", "0x10", "1 2", "--1", "1.2.3", "²"]
)
def test_what_is_no_plain_number_is_refused(text):
    with pytest.raises(Unusable) as error:
        number(raw(text), "DoseGridScaling")
    assert error.value.code == "value-malformed"
    assert error.value.where == "(3004,000E)"
    assert text not in str(error.value)


@pytest.mark.parametrize(
    ("text", "value"), [("1", 1.0), (" 1.5 ", 1.5), ("-2.5E-3", -0.0025), ("+.5", 0.5), ("3.", 3.0)]
)
def test_plain_numbers_are_read(text, value):
    assert number(raw(text), "DoseGridScaling") == value


@pytest.mark.parametrize("text", ["", "  "])
def test_blank_is_missing(text):
    with pytest.raises(Unusable) as error:
        number(raw(text), "DoseGridScaling")
    assert error.value.code == "value-missing"


def test_number_of_values_is_checked():
    with pytest.raises(Unusable, match="2 values where 1 belong"):
        number(raw("1\\2"), "DoseGridScaling")
    with pytest.raises(Unusable):
        numbers(raw("1\\\\2"), "DoseGridScaling")


def test_binary_zero_is_present_and_absent_is_none():
    dataset = stored(PixelRepresentation=0)
    assert is_present(dataset, "PixelRepresentation")
    assert optional(whole, dataset, "PixelRepresentation") == 0
    assert optional(whole, dataset, "BitsStored") is None


def test_whole_numbers_are_whole_and_within_bounds():
    assert whole(stored(NumberOfFrames="3"), "NumberOfFrames") == 3
    with pytest.raises(Unusable, match="whole"):
        whole(stored(DoseGridScaling="1.5"), "DoseGridScaling")
    with pytest.raises(Unusable, match="between"):
        whole(stored(NumberOfFrames="-1"), "NumberOfFrames")
    with pytest.raises(Unusable, match="between"):
        whole(stored(NumberOfFrames="99999999999"), "NumberOfFrames")


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=9))
def test_every_written_number_comes_back(values):
    found = decimals("\\".join(repr(value) for value in values).encode())
    assert found is not None
    assert np.array_equal(found, values)


@given(st.binary(max_size=30))
def test_any_bytes_give_finite_numbers_or_none(data):
    found = decimals(data)
    assert found is None or np.isfinite(found).all()
