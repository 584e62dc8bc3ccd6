"""Every error the tool raises on purpose, as one tree, with the exit code each stands for.

::

    RtplanError
    ├── UsageError        2   the caller asked for something that does not exist or cannot be read
    │   ├── MetricError       a metric or limit that is not in the notation
    │   ├── PackError         a rule pack or protocol that does not load
    │   └── SheetError        an audit sheet that does not load
    └── InputError        4   the DICOM input is unreadable, missing, ambiguous or contradicts itself

A "no" about a patient's plan (a structure that is missing, a dose that is relative) is never an exception:
it is a value (:class:`rtplan.model.NotMeasured`, an :class:`rtplan.model.Issue`).
"""

from __future__ import annotations

__all__ = ["InputError", "LimitError", "MetricError", "PackError", "RtplanError", "SheetError", "UsageError"]


class RtplanError(Exception):
    """Root of every deliberate error; the message is one sentence for a person."""

    exit_code = 1


class UsageError(RtplanError):
    """The call itself is wrong: an option, a name, a file of the user's own."""

    exit_code = 2


class MetricError(UsageError):
    """A metric or limit text that the notation does not hold."""


class PackError(UsageError):
    """A rule pack or protocol that does not load; `problems` holds every fault with its address."""

    def __init__(self, message: str, problems: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


class SheetError(UsageError):
    """An audit sheet that does not load."""


class InputError(RtplanError):
    """The DICOM input cannot be used: unreadable, missing, ambiguous, contradictory."""

    exit_code = 4


class LimitError(InputError):
    """A study that went beyond its limits; `code` is the code of the issue that says so."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code

    def __str__(self) -> str:
        return str(self.args[1])
