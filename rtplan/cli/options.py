"""Options that several sub-commands share, and how they become types."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from rtplan.dvh import Models
    from rtplan.limited import Limits
    from rtplan.study import Choice

__all__ = ["choice_of", "choice_options", "in_color", "limit_options", "limits_of", "model_options", "models_of"]

_F = TypeVar("_F", bound=Callable[..., Any])


def choice_options(function: _F) -> _F:
    """Add ``--plan --dose --structures``: which one, where several could be meant."""
    text = "Use structures in another frame of reference than the images that they name and lie on."
    function = click.option("--allow-for-mismatch", is_flag=True, help=text)(function)
    text = "Take a dose that is not a whole plan's: it holds the course, one fraction of it, or add the beams'."
    function = click.option("--dose-as", type=click.Choice(("course", "fraction", "beams")), help=text)(function)
    for name in ("structures", "dose", "plan"):
        flag = "--structures" if name == "structures" else f"--{name}"
        text = f"Label or UID of the {'structure set' if name == 'structures' else name}, where several could be meant."
        function = click.option(flag, f"chosen_{name}", metavar="LABEL|UID", help=text)(function)
    return function


def choice_of(rest: dict[str, Any]) -> Choice:
    """Return what these options chose."""
    from rtplan.study import Choice  # noqa: PLC0415

    named = (rest["chosen_plan"], rest["chosen_dose"], rest["chosen_structures"])
    return Choice(*named, dose_as=rest["dose_as"], allow_for_mismatch=rest["allow_for_mismatch"])


def model_options(function: _F) -> _F:
    """Add the conventions of the DVH; without them the best estimate is taken."""
    for flag, values, text in (
        ("--end-caps", ("none", "half", "auto"), "Where structures end beyond their last contour."),
        ("--between-slices", ("slab", "shape"), "What lies between two contours."),
        ("--dose-interpolation", ("linear", "cubic"), "Dose between grid points."),
    ):
        function = click.option(flag, type=click.Choice(values), help=text)(function)
    return function


def models_of(dose_interpolation: str | None, between_slices: str | None, end_caps: str | None) -> Models | None:
    """Return the conventions asked for; None where none was."""
    from rtplan.dvh import Models  # noqa: PLC0415

    given = {"kernel": dose_interpolation, "between": between_slices, "caps": end_caps}
    chosen: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    return Models(**chosen) if chosen else None


def limit_options(function: _F) -> _F:
    """Add ``--memory-limit-mib --time-limit-s``: with either, the study gets a process of its own."""
    text = "Refuse a study that takes longer (wall time)."
    function = click.option("--time-limit-s", type=float, metavar="S", help=text)(function)
    text = "Refuse a study that needs more memory beyond the program's own."
    return click.option("--memory-limit-mib", type=int, metavar="MIB", help=text)(function)


def limits_of(memory_mib: int | None, time_s: float | None) -> Limits:
    """Return the limits asked for."""
    from rtplan.limited import Limits  # noqa: PLC0415

    return Limits(memory_mib, time_s)


def in_color() -> bool:
    """Whether standard output takes colour: a terminal, and no NO_COLOR."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
