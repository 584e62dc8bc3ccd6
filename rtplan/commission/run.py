"""Run the suites and hold each against its criteria."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from . import nelms, suites
from .compare import Comparison, summarise
from .published import BEST_ON_NELMS, FIVE_SYSTEMS_PRECISION, FIVE_SYSTEMS_VOLUMES, ON_PHANTOM
from .results import Commissioning, Criterion, Row, Suite, beyond, rows_by

__all__ = ["commission"]

DEVIATION_PCT = 3.0
EXTREMES = ("Dmin", "Dmax")
# What three grids may have; a quick run has one.
MOST_OFF, MOST_OFF_INNER = 15, 6
# The smallest ball is a row of its own: one to six slices, where the volume itself is open.
SMALLEST = "radius 3 mm"
# Turning may change the order in which numbers are added, and nothing else.
SAME_PCT = 1e-4


def commission(*, quick: bool = False, progress: Callable[[str], None] | None = None) -> Commissioning:
    """Compare the engine on this machine with closed forms.

    Parameters
    ----------
    quick : bool
        Run a part of each suite, in seconds; the criteria are the same where they can be.
    progress : callable, optional
        Told the title of each suite that has finished.

    Returns
    -------
    Commissioning
    """
    done: list[Suite] = []
    for run in (_nelms_1, _nelms_2, _balls, _small_balls, _others, _snapped, _phantom, _orientations):
        done.append(run(quick))
        if progress:
            progress(done[-1].title)
    return Commissioning(tuple(done), quick)


def _worst(items: Sequence[Comparison]) -> float:
    return abs(summarise(items).worst_pct)


def _volumes(items: Sequence[Comparison]) -> list[Comparison]:
    return [item for item in items if item.metric == "Volume"]


def _doses(items: Sequence[Comparison]) -> list[Comparison]:
    return [item for item in items if item.metric != "Volume"]


def _solid(item: Comparison) -> str:
    return item.case.split(",")[0]


def _metric(item: Comparison) -> str:
    return item.metric


def _nelms_1(quick: bool) -> Suite:
    items = list(nelms.comparisons(contour_spacing_mm=nelms.TEST_1_MM, spacings_mm=_nelms_grids(quick)))
    off = beyond(items, DEVIATION_PCT)
    return Suite(
        "nelms-1",
        "Nelms test 1: the dose grid",
        "Five solids in two linear fields, contours every 0.2 mm, dose grids of 1, 2 and 3 mm, against closed forms.",
        rows_by(items, _solid),
        (Criterion(f"deviations beyond 3 % of {len(items)} values", len(off), 0),),
        off,
        cite="nelms2015",
    )


def _nelms_2(quick: bool) -> Suite:
    items = list(nelms.comparisons(spacings_mm=_nelms_grids(quick)))
    off = beyond(items, DEVIATION_PCT)
    inner = [item for item in items if item.metric not in EXTREMES]
    share = len(nelms.SPACINGS_MM) // len(_nelms_grids(quick))
    return Suite(
        "nelms-2",
        "Nelms test 2: contours as coarse as the dose grid",
        "The same solids and fields, contours and dose grid both 1, 2 and 3 mm, against closed forms.",
        rows_by(items, _solid),
        (
            Criterion(f"deviations beyond 3 % of {len(items)} values", len(off), MOST_OFF // share),
            Criterion(
                f"... of the {len(inner)} that are not Dmin or Dmax",
                len(beyond(inner, DEVIATION_PCT)),
                MOST_OFF_INNER // share,
            ),
        ),
        off,
        BEST_ON_NELMS,
        cite="nelms2015",
    )


def _nelms_grids(quick: bool) -> tuple[float, ...]:
    return nelms.SPACINGS_MM[1:2] if quick else nelms.SPACINGS_MM


def _balls(quick: bool) -> Suite:
    items = list(suites.balls(quick=quick))
    larger = [item for item in items if not item.case.startswith(SMALLEST)]
    return Suite(
        "balls",
        "Balls the size of metastases",
        "Radii 3 to 12 mm in a linear and a sigmoid field; slices of 1 to 3 mm at two phases, grids of 1 to 2.5 mm.",
        (*rows_by(items, _solid)[:-1], *rows_by(items, _metric)),
        (
            Criterion("median error of doses", summarise(_doses(items)).median_pct, 0.1, "%"),
            Criterion("worst error of doses, 5 mm and more", _worst(_doses(larger)), 1.5, "%"),
            Criterion("median error of volumes", summarise(_volumes(items)).median_pct, 0.2, "%"),
            Criterion("worst error of volumes, 5 mm and more", _worst(_volumes(larger)), 1.0, "%"),
            Criterion("truth inside the interval", summarise(items).covered_pct, 95.0, "%", at_most=False),
            Criterion("median half-width for doses", summarise(_doses(items)).half_width_pct, 1.5, "%"),
        ),
        published=FIVE_SYSTEMS_PRECISION,
    )


def _small_balls(quick: bool) -> Suite:
    items = list(suites.small_balls(quick=quick))
    return Suite(
        "small-balls",
        "Volumes of balls of 3 to 20 mm",
        "Diameters as in the comparison of five systems, ten places between slices of 1 mm.",
        rows_by(items, lambda item: item.case),
        (
            Criterion("mean error of volumes", abs(summarise(items).mean_pct), 0.5, "%"),
            Criterion("worst error of volumes", _worst(items), 2.0, "%"),
            Criterion("truth inside the interval", summarise(items).covered_pct, 95.0, "%", at_most=False),
        ),
        published=FIVE_SYSTEMS_VOLUMES,
        cite="stanley2021",
    )


def _others(quick: bool) -> Suite:
    items = list(suites.other_solids(quick=quick))
    return Suite(
        "other-solids",
        "Solids that are not balls",
        "Tilted, bent, flat-ended, hollow and double ones in a linear, a Gaussian and a sigmoid field.",
        rows_by(items, _solid),
        (
            Criterion("median error of doses", summarise(_doses(items)).median_pct, 0.5, "%"),
            Criterion("median error of volumes", summarise(_volumes(items)).median_pct, 1.0, "%"),
            Criterion("truth inside the interval", summarise(items).covered_pct, 90.0, "%", at_most=False),
        ),
        beyond(items, 0.0)[:10],
    )


def _snapped(quick: bool) -> Suite:
    items = list(suites.snapped(quick=quick))
    return Suite(
        "snapped",
        "Contours drawn on pixels",
        "Vertices moved to corners of pixels of 0.5 and 1 mm, slices and dose grid of 2 mm.",
        rows_by(items, lambda item: ",".join(item.case.split(",")[:2])),
        (
            Criterion("median error of doses", summarise(_doses(items)).median_pct, 0.5, "%"),
            Criterion("truth inside the interval", summarise(items).covered_pct, 90.0, "%", at_most=False),
        ),
    )


def _phantom(quick: bool) -> Suite:
    by_slice = {spacing: list(suites.phantom(slices_mm=spacing, quick=quick)) for spacing in (1.0, 2.0, 3.0)}
    items = [item for found in by_slice.values() for item in found]
    rows = [
        Row(f"slices {spacing:g} mm, {row.label}", row.summary)
        for spacing, found in by_slice.items()
        for row in rows_by(found, _metric)[:-1]
    ]
    d95 = [item for item in items if item.metric == "D95%"]
    return Suite(
        "phantom",
        "Balls of 5 to 30 mm beside other programs",
        "A Gaussian as wide as the ball on a dose grid of 2.5 mm; rows give the mean and the worst error.",
        tuple(rows),
        (
            Criterion("mean error of D95%", abs(summarise(d95).mean_pct), 0.5, "%"),
            Criterion("worst error of D95%", _worst(d95), 3.0, "%"),
        ),
        published=ON_PHANTOM,
    )


def _orientations(quick: bool) -> Suite:
    patient = list(suites.orientations(whole=True, quick=quick))
    grid = list(suites.orientations(whole=False, quick=quick))
    rows = (
        *rows_by(patient, lambda _: "patient turned, dose and contours")[:-1],
        *rows_by(grid, lambda _: "dose array along other axes")[:-1],
    )
    return Suite(
        "orientations",
        "All 24 orientations along the axes",
        "A cone in a Gaussian field, each orientation against the first: errors are differences between orientations.",
        rows,
        (
            Criterion("largest difference, patient turned", _worst(patient), SAME_PCT, "%"),
            Criterion("largest difference, dose array turned", _worst(grid), SAME_PCT, "%"),
        ),
    )
