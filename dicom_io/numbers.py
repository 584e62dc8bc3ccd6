"""The one reader of numbers: what is not plainly a finite number is refused, never repaired.

pydicom takes ``1_000``, ``nan`` and ``1e400`` for numbers and hands back ``1,5`` as text. Here the raw bytes
decide. Every function raises `Unusable` with the tag: codes ``value-missing``, ``value-malformed`` and
``value-out-of-range``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from struct import Struct
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from .faults import Unusable

__all__ = ["decimals", "is_present", "number", "numbers", "optional", "tag_name", "tag_of", "whole"]

Array = NDArray[np.float64]
T = TypeVar("T")

_DECIMAL_BYTES = b"0123456789+-.eE\\ "
_PADDING = b" \0"
_BINARY = {"FD": "d", "FL": "f", "US": "H", "UL": "I", "SS": "h", "SL": "i"}


@cache
def tag_of(keyword: str) -> int:
    """Return the tag of a DICOM keyword."""
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise ValueError(f"{keyword} is not a DICOM keyword")
    return tag


def tag_name(keyword: str) -> str:
    """Return the tag as it is printed.

    Examples
    --------
    >>> tag_name("DoseGridScaling")
    '(3004,000E)'
    """
    tag = tag_of(keyword)
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def is_present(dataset: Dataset, keyword: str) -> bool:
    """Say whether an element is there and not empty."""
    tag = tag_of(keyword)
    if tag not in dataset:
        return False
    element = dataset.get_item(tag)
    value = None if element is None else element.value
    if isinstance(value, bytes):
        # Two NUL bytes are padding in a text and zero in a binary number.
        return bool(value) if _vr(tag, element) in _BINARY else bool(value.strip(_PADDING))
    return value is not None and (not hasattr(value, "__len__") or len(value) > 0)


def optional(read: Callable[[Dataset, str], T], dataset: Dataset, keyword: str) -> T | None:
    """Return what `read` makes of an element, None where it is absent or empty; a wrong value still raises."""
    return read(dataset, keyword) if is_present(dataset, keyword) else None


def number(dataset: Dataset, keyword: str) -> float:
    """Read one finite number."""
    return float(numbers(dataset, keyword, count=1)[0])


def numbers(dataset: Dataset, keyword: str, *, count: int | None = None) -> Array:
    """Read finite numbers.

    Parameters
    ----------
    dataset : Dataset
    keyword : str
    count : int, optional
        How many there must be.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    Unusable
        The element is absent or empty, a value is no finite number, or there are more or fewer than `count`.
    """
    if not is_present(dataset, keyword):
        raise Unusable("value-missing", f"{keyword} is missing", tag_name(keyword))
    found = _values(dataset, keyword)
    if count is not None and found.size != count:
        message = f"{keyword} has {found.size} values where {count} belong"
        raise Unusable("value-malformed", message, tag_name(keyword))
    return found


def whole(dataset: Dataset, keyword: str, *, least: int = 0, most: int = 2**31 - 1) -> int:
    """Read one whole number within bounds."""
    value = number(dataset, keyword)
    if value != math.floor(value):
        raise Unusable("value-malformed", f"{keyword} is not a whole number", tag_name(keyword))
    if not least <= value <= most:
        raise Unusable("value-out-of-range", f"{keyword} is not between {least} and {most}", tag_name(keyword))
    return int(value)


def decimals(raw: bytes) -> Array | None:
    r"""Read the backslash-separated decimal strings of a DS or IS value; None where one is no finite number.

    Examples
    --------
    >>> decimals(b"1.5\\-2e1 ")
    array([  1.5, -20. ])
    >>> decimals(b"1_000") is None, decimals(b"nan") is None, decimals(b"1,5") is None, decimals(b"") is None
    (True, True, True, True)
    """
    raw = raw.rstrip(_PADDING)
    # What only holds these bytes cannot be nan, inf, 1_000 or 1,5; float() then refuses the rest.
    if not raw or raw.translate(None, _DECIMAL_BYTES):
        return None
    try:
        found = np.array(raw.split(b"\\"), dtype=np.float64)
    except ValueError:
        return None
    return found if np.isfinite(found).all() else None


def _values(dataset: Dataset, keyword: str) -> Array:
    tag = tag_of(keyword)
    element = dataset.get_item(tag)
    if isinstance(element, RawDataElement):
        found = _unpack(bytes(element.value or b""), _vr(tag, element), little=element.is_little_endian)
    else:
        value = dataset[tag].value
        parts = list(value) if isinstance(value, (MultiValue, list, tuple)) else [value]
        found = decimals("\\".join(str(part) for part in parts).encode("ascii", "replace"))
    if found is None:
        raise Unusable("value-malformed", f"{keyword} is not a finite number", tag_name(keyword))
    return found


def _vr(tag: int, element: RawDataElement | DataElement | None) -> str:
    vr = None if element is None else element.VR
    return str(vr) if vr not in {None, "UN"} else dictionary_VR(tag)


def _unpack(raw: bytes, vr: str, *, little: bool) -> Array | None:
    if vr not in _BINARY:
        return decimals(raw)
    item = Struct(("<" if little else ">") + _BINARY[vr])
    if not raw or len(raw) % item.size:
        return None
    found = np.array([value for (value,) in item.iter_unpack(raw)], dtype=np.float64)
    return found if np.isfinite(found).all() else None
