"""The one sanitiser: text from a DICOM file made safe to show to a person.

A name may hold anything: an escape sequence that clears a terminal, an override that reverses the line, a
thousand letters. The raw value stays in the JSON document only; every other format shows what comes from here.
"""

from __future__ import annotations

import unicodedata

__all__ = ["NAME_LIMIT", "TEXT_LIMIT", "display_line", "display_name", "display_text"]

NAME_LIMIT = 64  # the length of a DICOM LO, the type of an ROI name and of a plan label
TEXT_LIMIT = 600
_UNNAMED = "(unnamed)"
# Controls (C0, C1), format characters (bidi overrides, zero-width, tags) and lone surrogates.
_DROPPED = frozenset({"Cc", "Cf", "Cs"})


def display_name(text: str, *, limit: int = NAME_LIMIT) -> str:
    r"""Return a name on one line, without control or bidi characters, no longer than `limit`.

    Parameters
    ----------
    text : str
        As it was written.
    limit : int
        Most characters to keep; a longer name ends in an ellipsis.

    Returns
    -------
    str
        Never empty: a name of which nothing is left is ``"(unnamed)"``.

    Examples
    --------
    >>> display_name("PTV\x1b[2J\u202e 1")
    'PTV[2J 1'
    >>> display_name("")
    '(unnamed)'
    """
    return display_text(text, limit=limit) or _UNNAMED


def display_text(text: str, *, limit: int = TEXT_LIMIT) -> str:
    r"""Return a sentence as :func:`display_name` does; nothing stays nothing.

    Examples
    --------
    >>> display_text("no\ncontours")
    'no contours'
    >>> display_text("")
    ''
    """
    shown = unicodedata.normalize("NFC", " ".join("".join(map(_shown, text)).split()))
    return shown if len(shown) <= limit else shown[: limit - 1].rstrip() + "…"


def display_line(text: str, *, limit: int = TEXT_LIMIT) -> str:
    r"""Return a line of a table as :func:`display_text` does, its runs of spaces kept.

    Examples
    --------
    >>> display_line("a   b\x1b[2J\n")
    'a   b[2J'
    """
    return "".join(map(_shown, text))[:limit].rstrip()


def _shown(character: str) -> str:
    if character.isspace():
        return " "
    return "" if unicodedata.category(character) in _DROPPED or _is_no_character(character) else character


def _is_no_character(character: str) -> bool:
    """Whether Unicode reserves this place for no character ever; XML cannot hold some of them."""
    place = ord(character)
    return place & 0xFFFE == 0xFFFE or 0xFDD0 <= place <= 0xFDEF
