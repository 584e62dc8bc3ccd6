"""DICOM files as trees of raw bytes: read, edited anywhere, written again with whatever they then hold.

Independent of pydicom and of the readers under test. Explicit little endian with stated lengths only, which is
how the sample data are written.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

LONG = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})


@dataclass
class Element:
    """One element: its raw value, or the items of a sequence (each a list of elements)."""

    tag: int
    vr: bytes
    value: bytes = b""
    items: list[list[Element]] | None = None


@dataclass
class File:
    """A file: everything before its data set, and the data set."""

    head: bytes
    elements: list[Element] = field(default_factory=list)


def parse(data: bytes) -> File:
    """Read a file."""
    at = 132
    while data[at : at + 2] == b"\x02\x00":
        *_, at = _read(data, at)
    return File(data[:at], list(_elements(data, at, len(data))))


def write(file: File) -> bytes:
    """Write a file; the lengths follow the values."""
    return file.head + _joined(file.elements)


def walk(elements: list[Element], path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], list[Element], int]]:
    """Yield every element at any depth as (its tags from the top, the list that holds it, its place in it)."""
    for place, element in enumerate(elements):
        own = (*path, element.tag)
        yield own, elements, place
        for item in element.items or ():
            yield from walk(item, own)


def _read(data: bytes, at: int) -> tuple[int, bytes, bytes, int]:
    group, number, vr, length = struct.unpack_from("<HH2sH", data, at)
    start = at + 8
    if vr in LONG:
        (length,) = struct.unpack_from("<I", data, start)
        start += 4
    return group << 16 | number, vr, data[start : start + length], start + length


def _elements(data: bytes, at: int, end: int) -> Iterator[Element]:
    while at < end:
        tag, vr, value, at = _read(data, at)
        items = list(_items(value)) if vr == b"SQ" else None
        yield Element(tag, vr, b"" if items is not None else value, items)


def _items(data: bytes) -> Iterator[list[Element]]:
    at = 0
    while at < len(data):
        (length,) = struct.unpack_from("<I", data, at + 4)
        yield list(_elements(data, at + 8, at + 8 + length))
        at += 8 + length


def _joined(elements: list[Element]) -> bytes:
    return b"".join(map(_whole, elements))


def _whole(element: Element) -> bytes:
    value = element.value
    if element.items is not None:
        parts = map(_joined, element.items)
        value = b"".join(struct.pack("<HHI", 0xFFFE, 0xE000, len(part)) + part for part in parts)
    head = struct.pack("<HH2s", element.tag >> 16, element.tag & 0xFFFF, element.vr)
    if element.vr in LONG:
        return head + struct.pack("<HI", 0, len(value)) + value
    return head + struct.pack("<H", len(value) & 0xFFFF) + value
