"""Curves and readings of structures, for plots, tables and `rtplan dvh`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rtplan.dvh import DVH, Models, Samples
from rtplan.errors import UsageError
from rtplan.geometry import ExpressionError
from rtplan.geometry.expression import Expression, Name
from rtplan.metrics.indices import Target, measure_index
from rtplan.metrics.measure import measure
from rtplan.metrics.notation import Kind, Metric, parse
from rtplan.model import Curve, Dose, Measured, NotMeasured, Prescription, Reading, Structure, Treatment

from .anatomy import Anatomy, named_structures

__all__ = ["curves_of", "measured_curves"]

Array = NDArray[np.float64]
CURVE_POINTS = 240
RELATIVE = "the dose is relative: it has no value in Gy"


def curves_of(anatomy: Anatomy, metrics: Sequence[str]) -> tuple[Curve, ...]:
    """Return a curve for every structure that encloses a volume the dose reaches."""
    parsed = {text: parse(text) for text in metrics}
    curves = (_curve(anatomy, item, Name(f"roi_{item.number}"), parsed) for item in anatomy.structures)
    return tuple(curve for curve in curves if len(curve.dose_gy))


def measured_curves(
    treatment: Treatment, structures: Sequence[str], metrics: Mapping[str, Metric], *, models: Models | None = None
) -> tuple[Curve, ...]:
    """Measure structures of a treatment: those asked for, else all, the ones without a volume included.

    Raises
    ------
    UsageError
        Where a structure asked for is not there.
    """
    if treatment.structures is None:
        return ()
    anatomy = Anatomy(treatment, named_structures(treatment.structures, {}), models or Models())
    if not structures:
        return tuple(_curve(anatomy, item, Name(f"roi_{item.number}"), metrics) for item in anatomy.structures)
    return tuple(curve for text in structures for curve in _asked(anatomy, text, metrics))


def _asked(anatomy: Anatomy, text: str, metrics: Mapping[str, Metric]) -> list[Curve]:
    same = [item for item in anatomy.structures if text in {item.name, str(item.number)}]
    same = same or [item for item in anatomy.structures if text == item.standard_name]
    if same:
        return [_curve(anatomy, item, Name(f"roi_{item.number}"), metrics) for item in same]
    try:
        found = anatomy.find_expression(text)
    except ExpressionError as error:
        raise UsageError(f"no structure is called {text!r}, and it is no expression: {error}") from error
    if found.tree is None:
        raise UsageError(f"no structure is called {text!r}: {found.reason or 'it cannot be measured'}")
    derived = Structure(0, text, "DERIVED")
    return [_curve(anatomy, derived, found.tree, metrics, note=found.note)]


def _curve(
    anatomy: Anatomy, structure: Structure, tree: Expression, metrics: Mapping[str, Metric], *, note: str = ""
) -> Curve:
    problem = anatomy.problem(structure) if structure.role != "DERIVED" else ""
    dvh = _dvh(anatomy, tree, problem)
    readings = tuple(Reading(text, _read(anatomy, tree, dvh, metric)) for text, metric in metrics.items())
    issues = tuple(text for text in (problem, note) if text)
    doses, curves = _drawn(dvh)
    return Curve(
        structure.name,
        structure.number,
        structure.role,
        measure(dvh, parse("Volume")) if isinstance(dvh, DVH) else dvh,
        doses,
        curves[0],
        curves.min(axis=0),
        curves.max(axis=0),
        dvh.outside_cc if isinstance(dvh, DVH) else 0.0,
        readings,
        structure.standard_name,
        issues,
    )


def _dvh(anatomy: Anatomy, tree: Expression, problem: str) -> DVH | NotMeasured:
    if problem:
        return NotMeasured(problem, "cc")
    dose = anatomy.treatment.dose
    if dose is not None and dose.unit != "Gy":
        return NotMeasured(RELATIVE, "cc")
    return anatomy.dvh(tree)


def _drawn(dvh: DVH | NotMeasured) -> tuple[Array, Array]:
    """Doses of a curve and the volumes of the best estimate and all variants (per cent), for drawing."""
    if isinstance(dvh, NotMeasured) or len(dvh.best.dose_gy) == 0:
        return np.zeros(0), np.zeros((1, 0))
    every = [dvh.best, *(variant.samples for variant in dvh.variants)]
    top = max(0.1, *(samples.maximum_gy for samples in every))
    doses = np.linspace(0.0, top * 1.02, CURVE_POINTS)
    return doses, np.array([_shares(samples, doses) for samples in every])


def _shares(samples: Samples, doses: Array) -> Array:
    total_cc = samples.total_cc
    return np.asarray(100.0 * samples.volumes_at(doses) / total_cc) if total_cc > 0 else np.zeros(len(doses))


def _read(anatomy: Anatomy, tree: Expression, dvh: DVH | NotMeasured, metric: Metric) -> Measured | NotMeasured:
    if isinstance(dvh, NotMeasured):
        return NotMeasured(dvh.reason, metric.unit)
    plan, dose = anatomy.treatment.plan, anatomy.treatment.dose
    prescription = _prescription(plan.prescriptions if plan else ())
    if metric.kind is Kind.INDEX:
        return _index(anatomy, tree, dvh, metric, dose, prescription)
    return measure(dvh, metric, prescription_gy=prescription, fractions=plan.fractions if plan else None)


def _index(
    anatomy: Anatomy, tree: Expression, dvh: DVH, metric: Metric, dose: Dose | None, prescription_gy: float | None
) -> Measured | NotMeasured:
    if dose is None:
        return NotMeasured("there is no dose", metric.unit)
    return measure_index(metric, Target(dvh, anatomy.outline_mm(tree)), dose, prescription_gy=prescription_gy)


def _prescription(written: Sequence[Prescription]) -> float | None:
    """Return the one dose that the plan prescribes to targets; None where it prescribes none or several."""
    doses = {item.dose_gy for item in written if item.source != "plan-point"}
    return doses.pop() if len(doses) == 1 else None
