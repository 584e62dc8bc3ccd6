"""Walk a file by its element lengths before anybody believes it.

A DICOM file is a chain of (tag, length, value). Cut off anywhere, the chain runs past the end; pydicom
returns what it got until then without a word. The walk needs no values and takes about a millisecond.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field, replace
from functools import lru_cache
from struct import Struct

from pydicom.datadict import dictionary_VR

__all__ = ["HEAD_SIZE", "Anatomy", "Fault", "examine", "looks_like_dicom"]

HEAD_SIZE = 144
MAX_DEPTH = 64
MAX_INFLATED_BYTES = 2 << 30
MAX_INFLATE_RATIO = 200
FREE_INFLATE_BYTES = 64 << 20

DEFLATED = "1.2.840.10008.1.2.1.99"
IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"

_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_LONG_VRS = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
_BYTE_VRS = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW"})
_SHORT_VRS = b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US"
_KNOWN_VRS = _LONG_VRS | set(_SHORT_VRS.split())
_PIXEL_TAGS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
_EXECUTABLES = (b"MZ", b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a file must not be believed; `offset` counts bytes (of the inflated data set where deflated)."""

    code: str
    message: str
    tag: str
    offset: int


@dataclass(frozen=True, slots=True)
class Anatomy:
    """What the walk found.

    Attributes
    ----------
    syntax : str
        TransferSyntaxUID of the file meta; where there is none, the one the bytes look like.
    has_preamble, has_meta, executable : bool
        `executable` where the preamble starts as a program does.
    switched : bool
        Whether the value encoding is not the one the transfer syntax declares.
    values : dict
        Raw values of a few identifying top-level tags.
    fault : Fault or None
    """

    syntax: str
    has_preamble: bool
    has_meta: bool
    executable: bool = False
    switched: bool = False
    values: dict[int, bytes] = field(default_factory=dict)
    fault: Fault | None = None

    def text(self, tag: int) -> str:
        """Return an identifying value as text; empty where it was not met."""
        return self.values.get(tag, b"").decode("ascii", "replace").strip(" \0")


def looks_like_dicom(head: bytes) -> bool:
    """Say whether the first `HEAD_SIZE` bytes can be those of a DICOM file, with or without preamble."""
    if head[128:132] == b"DICM":
        return True
    if len(head) < 8:
        return False
    group = int.from_bytes(head[:2], "little")
    vr = head[4:6]
    if vr in _KNOWN_VRS:
        return group in {0x0002, 0x0008, 0x0800}
    return group == 0x0008 and int.from_bytes(head[4:8], "little") < 1 << 16


def examine(data: bytes) -> Anatomy:
    """Walk a whole file.

    Parameters
    ----------
    data : bytes
        The file.

    Returns
    -------
    Anatomy
        With `fault` set where the lengths do not add up: codes ``file-truncated``, ``file-inconsistent``,
        ``file-nested``, ``file-deflated``.

    Examples
    --------
    >>> examine(bytes(128) + b"DICM").fault.code
    'file-truncated'
    """
    has_preamble = data[128:132] == b"DICM"
    start = 132 if has_preamble else 0
    meta = _Walk(data, _LITTLE)
    anatomy = Anatomy("", has_preamble, has_meta=False, executable=has_preamble and data.startswith(_EXECUTABLES))
    try:
        start = meta.meta(start)
    except _Broken as broken:
        return replace(anatomy, fault=broken.fault)
    syntax = meta.values.get(_SYNTAX_TAG, b"").decode("ascii", "replace").strip(" \0")
    anatomy = replace(anatomy, syntax=syntax, has_meta=bool(meta.values))
    return _examine_dataset(data, start, anatomy)


def _examine_dataset(data: bytes, start: int, anatomy: Anatomy) -> Anatomy:
    try:
        if anatomy.syntax == DEFLATED:
            data, start = _inflate(data, start), 0
    except _Broken as broken:
        return replace(anatomy, fault=broken.fault)
    if start >= len(data):
        return replace(anatomy, fault=_truncated(0, start))
    explicit = _seems_explicit(data, start)
    syntax = anatomy.syntax or _guess_syntax(data, start, explicit=explicit)
    walk = _Walk(data, _BIG if syntax == EXPLICIT_BIG else _LITTLE)
    fault = None
    try:
        walk.dataset(start, len(data), 0, explicit=explicit, open_ended=False)
    except _Broken as broken:
        fault = broken.fault
    switched = explicit != (syntax != IMPLICIT_LITTLE)
    return replace(anatomy, syntax=syntax, switched=switched, values=walk.values, fault=fault)


def _seems_explicit(data: bytes, at: int) -> bool:
    vr = data[at + 4 : at + 6]
    return len(vr) == 2 and vr.isalpha() and vr.isupper() and vr.isascii()


def _guess_syntax(data: bytes, start: int, *, explicit: bool) -> str:
    if not explicit:
        return IMPLICIT_LITTLE
    # The low group numbers of a data set's first element read as 0x0800 and above in the other byte order.
    return EXPLICIT_BIG if data[start] == 0 and data[start + 1] != 0 else EXPLICIT_LITTLE


def _inflate(data: bytes, start: int) -> bytes:
    cap = min(MAX_INFLATED_BYTES, max(FREE_INFLATE_BYTES, MAX_INFLATE_RATIO * (len(data) - start)))
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        inflated = stream.decompress(memoryview(data)[start:], cap)
    except zlib.error:
        raise _Broken(Fault("file-deflated", "the deflated data set does not inflate", "", start)) from None
    if stream.unconsumed_tail:
        raise _Broken(Fault("file-deflated", "the deflated data set inflates beyond all measure", "", start))
    if not stream.eof:
        raise _Broken(_truncated(0, len(data)))
    return inflated


class _Broken(Exception):  # noqa: N818
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def _name(tag: int) -> str:
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def _truncated(tag: int, offset: int) -> Fault:
    name = _name(tag) if tag else "its end"
    return Fault("file-truncated", f"the file is cut off: {name} at byte {offset} is not whole", name, offset)


def _inconsistent(tag: int, offset: int) -> Fault:
    message = f"the element lengths contradict one another: {_name(tag)} at byte {offset}"
    return Fault("file-inconsistent", message, _name(tag), offset)


@dataclass(frozen=True, slots=True)
class _Order:
    plain: Struct
    short: Struct
    long: Struct


_LITTLE = _Order(Struct("<HHI"), Struct("<HH2sH"), Struct("<I"))
_BIG = _Order(Struct(">HHI"), Struct(">HH2sH"), Struct(">I"))
_SYNTAX_TAG = 0x00020010
_KEPT = frozenset({_SYNTAX_TAG, 0x00020000, 0x00080016, 0x00080018, 0x00080060})


@lru_cache(maxsize=1 << 14)
def _is_sequence(tag: int) -> bool:
    try:
        return dictionary_VR(tag) == "SQ"
    except KeyError:
        return False


class _Walk:
    """One pass over the elements of a data set, each level of sequences by recursion (at most 64)."""

    def __init__(self, data: bytes, order: _Order) -> None:
        self.data = data
        self.order = order
        self.values: dict[int, bytes] = {}

    def meta(self, at: int) -> int:
        """Walk the file meta group, always explicit little endian; return where the data set starts."""
        while self.data[at : at + 2] == b"\x02\x00":
            tag, _, length, value = self._element(at, len(self.data), explicit=True)
            if length == _UNDEFINED or value + length > len(self.data):
                raise _Broken(_truncated(tag, at))
            self._keep(tag, value, length)
            at = value + length
        return at

    def dataset(self, at: int, end: int, depth: int, *, explicit: bool, open_ended: bool) -> int:
        """Walk elements until `end`, or until the item's delimiter where it is open-ended."""
        while at < end:
            if depth == 0 and end - at < 8 and not any(self.data[at:end]):
                return end
            tag, vr, length, value = self._element(at, end, explicit=explicit)
            if tag == _ITEM_END and open_ended:
                return value
            if length == _UNDEFINED:
                at = self._open_value(tag, vr, value, end, depth, explicit=explicit)
                continue
            if value + length > end:
                raise self._overrun(tag, at, value + length)
            if depth == 0 and tag in _KEPT:
                self._keep(tag, value, length)
            if length and (vr == b"SQ" or (vr == b"" and _is_sequence(tag))):
                self._items(tag, value, value + length, depth, explicit=explicit, open_ended=False)
            at = value + length
        if open_ended:
            raise self._overrun(_ITEM_END, at, len(self.data) + 1)
        return at

    def _element(self, at: int, end: int, *, explicit: bool) -> tuple[int, bytes, int, int]:
        if at + 8 > end:
            raise self._overrun(0, at, at + 8)
        if explicit:
            group, element, vr, length = self.order.short.unpack_from(self.data, at)
            tag = group << 16 | element
            if vr in _LONG_VRS:
                if at + 12 > end:
                    raise self._overrun(tag, at, at + 12)
                return tag, vr, self.order.long.unpack_from(self.data, at + 8)[0], at + 12
            if b"AA" <= vr <= b"ZZ":
                return tag, vr, length, at + 8
        group, element, length = self.order.plain.unpack_from(self.data, at)
        return group << 16 | element, b"", length, at + 8

    def _open_value(self, tag: int, vr: bytes, at: int, end: int, depth: int, *, explicit: bool) -> int:
        if tag in _PIXEL_TAGS or vr in _BYTE_VRS:
            return self._fragments(tag, at, end)
        return self._items(tag, at, end, depth, explicit=explicit, open_ended=True)

    def _items(self, tag: int, at: int, end: int, depth: int, *, explicit: bool, open_ended: bool) -> int:
        if depth >= MAX_DEPTH:
            message = f"sequences are nested more than {MAX_DEPTH} deep at byte {at}"
            raise _Broken(Fault("file-nested", message, _name(tag), at))
        while at < end:
            found, length, value = self._item_head(tag, at, end)
            if found == _SEQUENCE_END and open_ended:
                return value
            if found != _ITEM:
                raise _Broken(_inconsistent(tag, at))
            item_explicit = explicit and _seems_explicit(self.data, value)
            if length == _UNDEFINED:
                at = self.dataset(value, end, depth + 1, explicit=item_explicit, open_ended=True)
                continue
            if value + length > end:
                raise self._overrun(tag, at, value + length)
            at = self.dataset(value, value + length, depth + 1, explicit=item_explicit, open_ended=False)
        if open_ended:
            raise self._overrun(tag, at, len(self.data) + 1)
        return at

    def _fragments(self, tag: int, at: int, end: int) -> int:
        while at < end:
            found, length, value = self._item_head(tag, at, end)
            if found == _SEQUENCE_END:
                return value
            if found != _ITEM or value + length > end:
                raise self._overrun(tag, at, value + length)
            at = value + length
        raise self._overrun(tag, at, len(self.data) + 1)

    def _item_head(self, tag: int, at: int, end: int) -> tuple[int, int, int]:
        if at + 8 > end:
            raise self._overrun(tag, at, at + 8)
        group, element, length = self.order.plain.unpack_from(self.data, at)
        return group << 16 | element, length, at + 8

    def _keep(self, tag: int, at: int, length: int) -> None:
        if length <= 256:
            self.values.setdefault(tag, self.data[at : at + length])

    def _overrun(self, tag: int, at: int, needed: int) -> _Broken:
        return _Broken(_truncated(tag, at) if needed > len(self.data) else _inconsistent(tag, at))
