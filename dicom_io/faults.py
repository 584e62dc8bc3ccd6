"""How reading says no: an object that must be refused, and what pydicom complained of, without its values."""

from __future__ import annotations

import logging
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from rtplan.model import Issue, Severity

__all__ = ["Unusable", "note", "quiet", "refusal", "warn"]

_VR_IN_WARNING = re.compile(r"\bVR ([A-Z]{2})\b")


class Unusable(Exception):  # noqa: N818  (it says what the object is; the reader turns it into an Issue)
    """An object, or one value in it, that cannot be used; never leaves `dicom_io`.

    `where` is the tag of the value where there is one.
    """

    def __init__(self, code: str, message: str, where: str = "", *, remedy: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.where = where
        self.remedy = remedy

    def issue(self, severity: Severity, mark: str) -> Issue:
        """Return the refusal as an issue of the object that `mark` names."""
        return Issue(self.code, severity, str(self), f"{mark} {self.where}".strip(), self.remedy)


def refusal(error: BaseException, what: str, mark: str, *, severity: Severity = Severity.REFUSE) -> Issue:
    """Turn whatever stopped the reading of one object into an issue; foreign messages may hold values."""
    if isinstance(error, Unusable):
        found = error.issue(severity, mark)
        return replace(found, message=f"{what} is left out: {found.message}")
    return Issue("object-unreadable", severity, f"{what} cannot be read ({type(error).__name__})", mark)


def note(code: str, message: str, where: str = "", remedy: str = "") -> Issue:
    """Return an issue that only explains."""
    return Issue(code, Severity.NOTE, message, where, remedy)


def warn(code: str, message: str, where: str = "", remedy: str = "") -> Issue:
    """Return an issue that limits what can be said."""
    return Issue(code, Severity.WARN, message, where, remedy)


@contextmanager
def quiet() -> Iterator[Counter[str]]:
    """Silence pydicom, whose warnings and log lines repeat values, and count its complaints by VR.

    Yields
    ------
    Counter
        Filled when the block ends; keys are VRs such as ``"UI"``, or ``"other"``.
    """
    heard: Counter[str] = Counter()
    logger = logging.getLogger("pydicom")
    was_disabled = logger.disabled
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        logger.disabled = True
        try:
            yield heard
        finally:
            logger.disabled = was_disabled
            heard.update(_rule(str(warning.message)) for warning in caught)


def _rule(message: str) -> str:
    match = _VR_IN_WARNING.search(message)
    return match[1] if match else "other"
