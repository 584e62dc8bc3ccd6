"""Edits after which a number is wrong and no reader could know it: (tag, kind of edit) with the reason.

Short on purpose. An entry is made where a run of the campaign met a silent turn of that kind and nothing else in
the files contradicts it; a check that finds it takes it off the list.
"""

from __future__ import annotations

_NAME = "two structures exchange their names: each is a valid name of a valid structure, and only the anatomy disagrees"
_SHAPE = "two structures exchange their contours: each is a valid shape, and only the anatomy disagrees"

UNKNOWABLE: dict[tuple[str, str], str] = {
    ("(3006,0026)", "swap"): _NAME,
    ("(3006,0040)", "swap"): _SHAPE,
}
