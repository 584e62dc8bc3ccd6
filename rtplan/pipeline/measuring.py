"""Answer what a rule asks of a treatment: the values of a metric for the structures that a row names.

Stand-ins, parts of a pair, structures smaller than the volume asked for and overlaps with the target are
settled here, each with its direction, so that the judge sees only values and what they can prove.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from constraints.judge import Measurement, Standing
from constraints.language import LESIONS, PRESCRIPTION
from constraints.naming import stand_ins
from constraints.rules import Constraint
from rtplan.dvh import DVH
from rtplan.geometry.expression import Combination, Expression, Name
from rtplan.metrics.indices import Target, measure_index
from rtplan.metrics.measure import measure
from rtplan.metrics.notation import Kind, Metric
from rtplan.model import Measured, NotMeasured
from rtplan.radiobiology import bed_gy, eqd2_gy

from .anatomy import Anatomy, Found
from .lesions import Lesion, overlap_cc
from .overlap import best_despite_overlap

__all__ = ["Measurer", "is_target_name"]

Array = NDArray[np.float64]
TARGET_NAMES = frozenset({"GTV", "CTV", "ITV", "PTV", "PTV_Brain"})


def is_target_name(structure: str) -> bool:
    """Whether a row is about the lesion's own target."""
    return structure in TARGET_NAMES


@dataclass(slots=True, eq=False)
class Measurer:
    """Measures rows on one treatment; `lesion` is the one that target rows are about."""

    anatomy: Anatomy
    lesions: tuple[Lesion, ...]
    fractions: int | None
    lesion: Lesion | None = None
    measure_as: dict[str, str] = field(default_factory=dict)
    _overlaps: dict[str, float] = field(default_factory=dict)
    _indices: dict[tuple[int, str], Measured | NotMeasured] = field(default_factory=dict)
    _targets: dict[int, Target] = field(default_factory=dict)
    _diameters: dict[int, float | None] = field(default_factory=dict)

    def about(self, lesion: Lesion | None, measure_as: dict[str, str] | None = None) -> Measurer:
        """Return the same measurer for another lesion or another reading of names; caches are shared."""
        return replace(self, lesion=lesion, measure_as=measure_as or {})

    @property
    def prescription_gy(self) -> float | None:
        """Prescription that a share of the dose refers to: the lesion's, else the one that all lesions have."""
        if self.lesion is not None:
            return self.lesion.prescription_gy
        doses = {lesion.prescription_gy for lesion in self.lesions}
        return doses.pop() if len(doses) == 1 else None

    def __call__(self, constraint: Constraint, metric: Metric) -> Sequence[Measurement]:
        """Measure one row: one value for each structure, or one for their union; none where all are missing."""
        if metric.kind is Kind.INDEX or is_target_name(constraint.structure):
            return [] if self.lesion is None else [self._target(self.lesion, metric)]
        names = [name.strip() for name in constraint.structure.split("|") if name.strip()]
        found = {name: self._find(name) for name in names}
        present = {name: item for name, item in found.items() if not _is_absent(item)}
        if not present:
            return self._by_stand_in(names, metric)
        if constraint.combine == "union" and len(names) > 1:
            return [self._union(present, [name for name in names if name not in present], metric)]
        return [replace(self._single(item, metric), structure=name) for name, item in present.items()]

    def has(self, structure: str) -> bool:
        """Whether a row of this structure would have anything to measure, be it a stand-in."""
        if is_target_name(structure):
            return self.lesion is not None
        names = [name.strip() for name in structure.split("|") if name.strip()]
        proxies = [proxy.name for name in names for proxy in stand_ins(name)]
        return any(not _is_absent(self._find(name)) for name in [*names, *proxies])

    def dvh(self, tree: Expression) -> DVH | NotMeasured:
        """Return the DVH of a resolved expression."""
        return self.anatomy.dvh(tree)

    def index(self, lesion: Lesion, metric: Metric) -> Measured | NotMeasured:
        """Measure a plan index of a lesion."""
        key = (lesion.structure.number, str(metric))
        if key not in self._indices:
            self._indices[key] = self._index(lesion, metric)
        return self._indices[key]

    def reading(self, lesion: Lesion, metric: Metric) -> Measured | NotMeasured:
        """Measure any metric of a lesion's target."""
        if metric.index == PRESCRIPTION:
            return _of_prescription(lesion, metric)
        if metric.index == LESIONS:
            count = float(len(self.lesions))
            return Measured(count, count, count, metric.unit)
        if metric.kind is Kind.INDEX:
            return self.index(lesion, metric)
        dvh = self.dvh(lesion.key)
        if isinstance(dvh, NotMeasured):
            return replace(dvh, unit=metric.unit)
        return measure(dvh, metric, prescription_gy=lesion.prescription_gy, fractions=lesion.fractions)

    def diameter_mm(self, lesion: Lesion) -> float | None:
        """Return the largest distance within the GTV of a lesion, or within the lesion where no GTV is drawn, mm."""
        number = lesion.structure.number
        if number not in self._diameters:
            own = [
                item
                for item in self.anatomy.of_class("GTV")
                if overlap_cc(self.anatomy, lesion.key, Name(f"roi_{item.number}")) > 0
            ]
            points = [self.anatomy.outline_mm(Name(f"roi_{item.number}")) for item in own]
            self._diameters[number] = largest_distance_mm(points or [self.anatomy.outline_mm(lesion.key)])
        return self._diameters[number]

    def _find(self, name: str) -> Found:
        return self.anatomy.find_expression(self.measure_as.get(name, name))

    def _target(self, lesion: Lesion, metric: Metric) -> Measurement:
        value = self.reading(lesion, metric)
        return Measurement(lesion.name, value, prescription_gy=lesion.prescription_gy)

    def _single(self, found: Found, metric: Metric) -> Measurement:
        if found.tree is None:
            return Measurement(found.roi, NotMeasured(found.reason, metric.unit))
        dvh = self.dvh(found.tree)
        if isinstance(dvh, NotMeasured):
            return Measurement(found.roi, replace(dvh, unit=metric.unit))
        value = self._measured(dvh, metric)
        overlap = self._overlap(found.tree)
        floor = best_despite_overlap(metric, overlap, dvh.total_cc, self.prescription_gy)
        item = Measurement(
            found.roi,
            value,
            overlap_cc=overlap,
            prescription_gy=self.prescription_gy,
            note="; ".join(filter(None, (found.note, floor))),
        )
        if isinstance(value, NotMeasured):
            return self._too_small(item, value, found.tree, metric)
        return item

    def _measured(self, dvh: DVH, metric: Metric) -> Measured | NotMeasured:
        return measure(dvh, metric, prescription_gy=self.prescription_gy, fractions=self.fractions)

    def _too_small(self, item: Measurement, value: NotMeasured, tree: Expression, metric: Metric) -> Measurement:
        """Let a structure smaller than the volume asked for meet the limit if its maximum does; no more follows."""
        dvh = self.dvh(tree)
        if isinstance(dvh, NotMeasured):
            return item
        if value.code == "cannot_be_spared" and (cut := self._cut_off_by(dvh, tree)):
            return replace(item, value=NotMeasured(f"{value.reason}; but {cut} cuts it off", value.unit))
        if value.code != "too_small":
            return item
        highest = self._measured(dvh, replace(metric, kind=Kind.MAXIMUM, at=None, at_unit=""))
        if isinstance(highest, NotMeasured):
            return item
        return replace(
            item, value=highest, standing=Standing.CONSERVATIVE, note=f"{value.reason}: its Dmax stands for it"
        )

    def _cut_off_by(self, dvh: DVH, tree: Expression) -> str:
        """Say what cuts a structure off, so that its whole volume is not known; empty where nothing does."""
        if dvh.outside_cc > 0:
            return "the dose grid"
        return "the scan" if self.anatomy.reaches_scan_end(tree) else ""

    def _union(self, present: dict[str, Found], missing: list[str], metric: Metric) -> Measurement:
        broken = [found for found in present.values() if found.tree is None]
        if broken:
            return Measurement(broken[0].roi, NotMeasured(broken[0].reason, metric.unit))
        trees = [found.tree for found in present.values() if found.tree is not None]
        tree = trees[0]
        for other in trees[1:]:
            tree = Combination("|", tree, other)
        note = f"without {', '.join(missing)}, which is not contoured" if missing else ""
        roi = " | ".join(found.roi for found in present.values())
        return self._single(Found(tree, roi, note=note), metric)

    def _by_stand_in(self, names: list[str], metric: Metric) -> list[Measurement]:
        for name in names:
            for proxy in stand_ins(name):
                found = self._find(proxy.name)
                if _is_absent(found) or not proxy.serves(metric):
                    continue
                item = self._single(found, metric)
                note = f"{proxy.name} stands in for {name} ({proxy.direction})"
                return [replace(item, standing=_standing(proxy.direction), note=note)]
        return []

    def _overlap(self, tree: Expression) -> float:
        key = str(tree)
        if key not in self._overlaps:
            shared = [overlap_cc(self.anatomy, lesion.key, tree) for lesion in self.lesions]
            self._overlaps[key] = float(sum(shared))
        return self._overlaps[key]

    def _index(self, lesion: Lesion, metric: Metric) -> Measured | NotMeasured:
        dvh = self.dvh(lesion.key)
        dose = self.anatomy.treatment.dose
        if isinstance(dvh, NotMeasured) or dose is None:
            return NotMeasured(dvh.reason if isinstance(dvh, NotMeasured) else "there is no dose", metric.unit)
        number = lesion.structure.number
        if number not in self._targets:
            others = [other for other in self.lesions if other is not lesion and not self._nested(lesion, other)]
            around = tuple(self.anatomy.outline_mm(other.key) for other in others)
            self._targets[number] = Target(dvh, self.anatomy.outline_mm(lesion.key), around)
        return measure_index(metric, self._targets[number], dose, prescription_gy=lesion.prescription_gy)

    def _nested(self, one: Lesion, other: Lesion) -> bool:
        """Whether two targets share most of the smaller: levels of one boost, not neighbours."""
        shared = overlap_cc(self.anatomy, one.key, other.key)
        return shared > 0.5 * min(one.volume_cc, other.volume_cc)


def _of_prescription(lesion: Lesion, metric: Metric) -> Measured | NotMeasured:
    """Biological effect of the prescription itself: exact, no dose grid is involved."""
    if not lesion.prescription_gy or not lesion.fractions:
        return NotMeasured("no prescription with a fraction count is known", metric.unit)
    if metric.twin is None:
        dose_gy = lesion.prescription_gy
        return Measured(dose_gy, dose_gy, dose_gy, metric.unit)
    convert = eqd2_gy if metric.twin.name == "EQD2" else bed_gy
    value = float(convert(lesion.prescription_gy, lesion.fractions, alpha_beta_gy=metric.twin.alpha_beta_gy))
    return Measured(value, value, value, metric.unit)


def largest_distance_mm(clouds: Sequence[Array]) -> float | None:
    """Return the largest distance between two points of one cloud; None where there are none.

    Examples
    --------
    >>> largest_distance_mm([np.array([[0.0, 0.0, 0.0], [3.0, 4.0, 0.0]])])
    5.0
    """
    spans = []
    for cloud in clouds:
        if len(cloud) == 0:
            continue
        # The ends of the longest chord are extreme points along some direction: many directions find them.
        extreme = np.unique(np.concatenate([(cloud @ DIRECTIONS.T).argmax(0), (cloud @ DIRECTIONS.T).argmin(0)]))
        ends = cloud[extreme]
        spans.append(float(np.linalg.norm(ends[:, None] - ends[None], axis=-1).max()))
    return max(spans, default=None)


def _directions(count: int = 256) -> Array:
    """Return unit vectors spread evenly over the sphere (a Fibonacci lattice), shape (count, 3)."""
    steps = np.arange(count) + 0.5
    height, turn = 1 - 2 * steps / count, np.pi * (1 + 5**0.5) * steps
    radius = np.sqrt(1 - height**2)
    return np.column_stack([radius * np.cos(turn), radius * np.sin(turn), height])


DIRECTIONS = _directions()


def _is_absent(found: Found) -> bool:
    return found.tree is None and found.reason.startswith("no structure")


def _standing(direction: str) -> Standing:
    return Standing.CONSERVATIVE if direction == "conservative" else Standing.LENIENT
