"""Texts, identifiers and sequences of a data set, as plain Python; numbers have a module of their own."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from .faults import Unusable
from .numbers import is_present, tag_name, tag_of

__all__ = ["code", "items", "text", "uid", "uids"]

_UID = re.compile(r"[0-9.]{1,64}")


def text(dataset: Dataset, keyword: str) -> str:
    r"""Return a text as written (NFC, padding removed); empty where absent.

    A backslash inside a text makes pydicom split it; the parts are joined again.
    """
    if not is_present(dataset, keyword):
        return ""
    try:
        value = dataset[tag_of(keyword)].value
    except Exception:  # noqa: BLE001  (an unknown character set must not lose the object)
        return _fallback(dataset, keyword)
    parts = value if isinstance(value, (MultiValue, list)) else [value]
    joined = "\\".join(part.decode("ascii", "replace") if isinstance(part, bytes) else str(part) for part in parts)
    return unicodedata.normalize("NFC", joined).strip(" \0")


def _fallback(dataset: Dataset, keyword: str) -> str:
    element = dataset.get_item(tag_of(keyword))
    raw = element.value if element is not None else b""
    return raw.decode("ascii", "replace").strip(" \0") if isinstance(raw, bytes) else ""


def code(dataset: Dataset, keyword: str) -> str:
    """Return a coded text in upper case (DoseUnits, Modality, ...); empty where absent."""
    return text(dataset, keyword).upper()


def uid(dataset: Dataset, keyword: str) -> str:
    """Return a UID; what is not shaped like one is replaced by a hash, so that it links but is never shown."""
    found = text(dataset, keyword)
    if not found or _UID.fullmatch(found):
        return found
    return "invalid-" + hashlib.sha256(found.encode("utf-8", "replace")).hexdigest()[:16]


def items(dataset: Dataset, keyword: str) -> tuple[Dataset, ...]:
    """Return the items of a sequence; empty where it is absent.

    Raises
    ------
    Unusable
        The element is there and is no sequence.
    """
    if not is_present(dataset, keyword):
        return ()
    value = dataset[tag_of(keyword)].value
    if isinstance(value, (bytes, str)) or not all(isinstance(item, Dataset) for item in value):
        raise Unusable("value-malformed", f"{keyword} is not a sequence", tag_name(keyword))
    return tuple(value)


def uids(dataset: Dataset, sequence: str, keyword: str = "ReferencedSOPInstanceUID") -> tuple[str, ...]:
    """Return the distinct UIDs that the items of a sequence refer to, in order."""
    found = (uid(item, keyword) for item in items(dataset, sequence))
    return tuple(dict.fromkeys(one for one in found if one))
