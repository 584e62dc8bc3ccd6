"""What the campaign does to a study: bytes flipped, elements deleted, swapped between files, given other values.

Every edit is drawn from one `random.Random`, so that a seed and a number name a mutated study for ever.
"""

from __future__ import annotations

import random
import struct
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from campaign.base import Files, as_binary, padded
from campaign.elements import Element, File, parse, walk, write

__all__ = ["KINDS", "Edit", "mutated"]

BINARY = frozenset({b"US", b"SS", b"UL", b"SL"})
DECIMAL = frozenset({b"DS", b"IS"})
BULK = frozenset({b"OW", b"OB"})
FACTORS = (0.0, 0.1, 0.5, 0.9, 1.1, 2.0, 10.0, 1000.0, -1.0)
SPOILED = (b"", b"nan", b"inf", b"1e400", b"1_000", b"1,5", b"abc", b"-", b"1\\2", b"\x00\x00", b"\xff\xfe", b"=1+1")
# Words that stand in RT objects: an edit that only ever writes nonsense is found too easily.
WORDS = (
    b"GY", b"RELATIVE", b"PHYSICAL", b"EFFECTIVE", b"ERROR", b"PLAN", b"BEAM", b"FRACTION", b"MULTI_PLAN", b"CT", b"MR",
    b"RTDOSE", b"RTPLAN", b"RTSTRUCT", b"PTV", b"ORGAN", b"EXTERNAL", b"AVOIDANCE", b"POINT", b"OPEN_PLANAR",
    b"CLOSED_PLANAR", b"CLOSEDPLANAR_XOR", b"INTERPOLATED_PLANAR", b"TARGET", b"ORGAN_AT_RISK", b"SITE", b"VOLUME",
    b"APPROVED", b"REJECTED", b"CURATIVE", b"VERIFICATION", b"SacralPlex", b"PTV_1", b"Colon", b"Bone_Ilium_L", b"HFS",
    b"FFP", b"PHOTON", b"ELECTRON", b"SETUP", b"ISO_IR 100", b"ISO_IR 192", b"LOCALIZER", b"YES", b"NO", b"M", b"F",
)  # fmt: skip


@dataclass(frozen=True)
class Edit:
    """One edit: its kind, the file, and the tags from the top of it to what was edited (none for bare bytes)."""

    kind: str
    file: str
    path: tuple[int, ...]

    @property
    def tag(self) -> str:
        """The tag that was edited, as it is printed."""
        last = self.path[-1] if self.path else 0
        return f"({last >> 16:04X},{last & 0xFFFF:04X})"


def mutated(files: Files, twin: Files, chance: random.Random) -> tuple[Files, tuple[Edit, ...]]:
    """Return a study with one edit, sometimes up to four, and what was done to it."""
    edits: list[Edit] = []
    for _ in range(chance.choice((1, 1, 1, 1, 1, 1, 2, 4))):
        kind = chance.choice(tuple(KINDS))
        changed, edit = KINDS[kind](files, twin, chance)
        files = {**files, **changed}
        edits.append(edit)
    return files, tuple(edits)


def _file(files: Files, chance: random.Random) -> str:
    """Choose a file: the plan, the dose and the structure set more often than one image of many."""
    rt = [name for name in files if name.startswith("RT")]
    images = [name for name in files if not name.startswith("RT")]
    return chance.choice([*rt, *rt, chance.choice(images)])


def _places(elements: list[Element], chance: random.Random) -> tuple[tuple[int, ...], list[Element], int]:
    """Choose an element: a path of tags first, then one that has it, so that contours do not drown the rest."""
    by_path = defaultdict(list)
    for path, siblings, place in walk(elements):
        by_path[path].append((path, siblings, place))
    return chance.choice(by_path[chance.choice(list(by_path))])


def _readable(data: bytes) -> File | None:
    """Parse a file that an earlier edit may have spoiled."""
    try:
        file = parse(data)
    except (struct.error, IndexError):
        return None
    return file if file.elements else None


def _flip(files: Files, _twin: Files, chance: random.Random) -> tuple[Files, Edit]:
    name = _file(files, chance)
    data = bytearray(files[name])
    path: tuple[int, ...] = ()
    for _ in range(chance.choice((1, 1, 1, 2, 8, 32))):
        at = chance.randrange(len(data))
        data[at] = chance.choice((data[at] ^ 1 << chance.randrange(8), chance.randrange(256)))
        path = (*path, *_covering(files[name], at))[-1:]
    return {name: bytes(data)}, Edit("flip", name, path)


def _covering(data: bytes, at: int) -> tuple[int, ...]:
    """Name the bulk value that a byte belongs to: pixel data or contour points; other bytes need no name."""
    for tag, start, end in _bulk(data):
        if start <= at < end:
            return (tag,)
    return ()


def _bulk(data: bytes) -> Iterator[tuple[int, int, int]]:
    file = _readable(data)
    at = 0
    for path, siblings, place in walk(file.elements) if file else ():
        value = siblings[place].value
        if path[-1] in {0x30060050, 0x7FE00010} and value:
            at = data.index(value, at)
            yield path[-1], at, at + len(value)


def _delete(files: Files, _twin: Files, chance: random.Random) -> tuple[Files, Edit]:
    name = _file(files, chance)
    file = _readable(files[name])
    if file is None:
        return _flip(files, _twin, chance)
    path, siblings, place = _places(file.elements, chance)
    items = siblings[place].items
    if items and chance.random() < 0.5:
        del items[chance.randrange(len(items))]
        return {name: write(file)}, Edit("delete item", name, path)
    del siblings[place]
    return {name: write(file)}, Edit("delete", name, path)


def _swap(files: Files, twin: Files, chance: random.Random) -> tuple[Files, Edit]:
    """Exchange an element with the same one of another file, of the twin's file, or of another item."""
    name = _file(files, chance)
    file = _readable(files[name])
    other_name, origin = chance.choice([(name, twin), (_file(files, chance), files), (name, files)])
    other = _readable(origin[other_name]) if other_name in origin else None
    if file is None or other is None:
        return _flip(files, twin, chance)
    within = origin is files and other_name == name
    other = file if within else other
    path, siblings, place = _places(file.elements, chance)
    same = [(two, at) for tags, two, at in walk(other.elements) if tags[-1] == path[-1] and two is not siblings]
    if not same:
        return _delete(files, twin, chance)
    others, at = chance.choice(same)
    siblings[place], others[at] = others[at], siblings[place]
    changed = {name: write(file)}
    if origin is files and not within:
        changed[other_name] = write(other)
    return changed, Edit("swap", name, path)


def _value(files: Files, _twin: Files, chance: random.Random) -> tuple[Files, Edit]:
    name = _file(files, chance)
    file = _readable(files[name])
    if file is None:
        return _flip(files, _twin, chance)
    path, siblings, place = _places(file.elements, chance)
    element = siblings[place]
    element.value = _another(element, file, chance)
    return {name: write(file)}, Edit("value", name, path)


def _another(element: Element, file: File, chance: random.Random) -> bytes:
    if element.items is not None:
        chance.shuffle(element.items)
        if element.items and chance.random() < 0.5:
            element.items.append(element.items[0])
        return b""
    if element.vr in BINARY:
        size = 2 if element.vr in {b"US", b"SS"} else 4
        stored = [int.from_bytes(element.value[at : at + size], "little") for at in range(0, len(element.value), size)]
        return as_binary(element, [_whole(one, chance) for one in stored])
    if element.vr in BULK:
        return _pixels(element.value, chance)
    if element.vr in DECIMAL:
        return _numbers(element.value, chance)
    if element.vr == b"UI":
        known = [two[at].value for _, two, at in walk(file.elements) if two[at].vr == b"UI"]
        return padded(chance.choice([*known, b"1.2.3", b"2.25.1", b"", b"../../x", b"1." * 40]), b"\0")
    return padded(chance.choice([*WORDS, *SPOILED, element.value.lower(), element.value[:-2], element.value * 2]))


def _whole(value: int, chance: random.Random) -> int:
    return chance.choice((value + 1, value - 1, value * 2, value // 2, 0, 1, 65535, 2_000_000_000))


def _pixels(value: bytes, chance: random.Random) -> bytes:
    return chance.choice((value[:-2], value + b"\0\0\0\0", b"", bytes(len(value)), value[::-1], value[2:] + value[:2]))


def _numbers(value: bytes, chance: random.Random) -> bytes:
    parts = value.strip(b" ").split(b"\\")
    at = chance.randrange(len(parts))
    choice = chance.randrange(8)
    if choice == 0:
        parts[at] = chance.choice(SPOILED)
    elif choice == 1:
        parts.pop(at)
    elif choice == 2:
        parts.insert(at, parts[at])
    elif choice == 3:
        other = chance.randrange(len(parts))
        parts[at], parts[other] = parts[other], parts[at]
    elif choice == 4:
        parts.reverse()
    else:
        scale: Callable[[bytes], bytes] = _scaled(chance)
        wanted = range(len(parts)) if choice == 5 else (at,)
        parts = [scale(part) if index in wanted else part for index, part in enumerate(parts)]
    return padded(b"\\".join(parts))


def _scaled(chance: random.Random) -> Callable[[bytes], bytes]:
    factor = chance.choice(FACTORS)
    shift = chance.choice((0.0, 0.0, 1.0, -5.0, 100.0))

    def scaled(part: bytes) -> bytes:
        try:
            return f"{float(part) * factor + shift:.10g}".encode()
        except ValueError:
            return part

    return scaled


KINDS: dict[str, Callable[[Files, Files, random.Random], tuple[Files, Edit]]] = {
    "flip": _flip,
    "delete": _delete,
    "swap": _swap,
    "value": _value,
}
