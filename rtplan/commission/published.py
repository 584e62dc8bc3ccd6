"""Figures of others, to stand beside ours.

`nelms2015`, `stanley2021` and `pepin2022` are papers. The programs of `ON_PHANTOM` were run on the same phantom when
this suite was drawn up; their versions stand beside them.
"""

from __future__ import annotations

from .results import Published

__all__ = ["BEST_ON_NELMS", "FIVE_SYSTEMS_PRECISION", "FIVE_SYSTEMS_VOLUMES", "ON_PHANTOM"]

BEST_ON_NELMS = (
    Published("deviations of 255", "best published", "18", "nelms2015"),
    Published("... without Dmin and Dmax, of 195", "best published", "10", "nelms2015"),
)

FIVE_SYSTEMS_PRECISION = (
    Published(
        "precision of dose metrics (half a stair)",
        "five commercial systems",
        "median 0.9 to 3.2 %",
        "pepin2022",
    ),
)

FIVE_SYSTEMS_VOLUMES = (
    Published("mean error of volumes", "five commercial systems", "-4.7 to +1.2 %", "stanley2021"),
    Published("range of errors of volumes", "five commercial systems", "-33.2 to +9.5 %", "stanley2021"),
)


def _runs(whose: str, *figures: tuple[str, str]) -> tuple[Published, ...]:
    return tuple(Published(what, whose, figure) for what, figure in figures)


# Mean error in per cent, and the worst in brackets.
ON_PHANTOM = (
    *_runs(
        "dicompyler-core 0.5.6",
        ("slices 1 mm, Volume", "+3.3 [+34]"),
        ("slices 1 mm, D95%", "-0.7 [-2.7]"),
        ("slices 2 mm, Volume", "+0.3 [+11]"),
        ("slices 2 mm, D95%", "-17 [-100]"),
        ("slices 3 mm, Volume", "-6.9 [-100]"),
        ("slices 3 mm, D95%", "-28 [-100]"),
    ),
    *_runs(
        "pyCERR 2.5.1",
        ("slices 1 mm, Volume", "-0.3 [-4.2]"),
        ("slices 1 mm, D95%", "-1.9 [-5.5]"),
        ("slices 2 mm, Volume", "-0.3 [-5.3]"),
        ("slices 2 mm, D95%", "-1.9"),
    ),
    *_runs(
        "platipy, development version",
        ("slices 1 mm, Volume", "+19 [+45]"),
        ("slices 1 mm, D95%", "-3.5 [-8.2]"),
        ("slices 2 mm, Volume", "+28 [+76]"),
        ("slices 3 mm, Volume", "+29 [+94]"),
    ),
    *_runs("dosemetrics 0.4.1", ("slices 1 mm, Volume", "+26 [+91]"), ("slices 1 mm, D95%", "-2.0")),
)
