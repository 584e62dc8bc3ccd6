"""What commissioning finds: suites, their rows, the criteria they must meet and what others published."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from .compare import Comparison, Summary, summarise

__all__ = ["Commissioning", "Criterion", "Published", "Row", "Suite", "beyond", "rows_by"]


@dataclass(frozen=True, slots=True)
class Criterion:
    """A number that may not lie beyond a bound: `at_most`, or else at least. NaN meets nothing."""

    what: str
    found: float
    bound: float
    unit: str = ""
    at_most: bool = True

    @property
    def met(self) -> bool:
        """Whether the number keeps to its bound."""
        return self.found <= self.bound if self.at_most else self.found >= self.bound


@dataclass(frozen=True, slots=True)
class Published:
    """A figure of somebody else's beside ours: what, whose, how much; `cite` is a key of the bibliography."""

    what: str
    whose: str
    figure: str
    cite: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a suite's table."""

    label: str
    summary: Summary


@dataclass(frozen=True, slots=True)
class Suite:
    """One part of the commissioning.

    Attributes
    ----------
    id, title, about : str
        A short name, a heading, and a sentence that says what is compared with what.
    rows : tuple of Row
    criteria : tuple of Criterion
    listed : tuple of Comparison
        Single values that a reader will want to see: those beyond tolerance, or the worst.
    published : tuple of Published
    cite : str
        Key of the paper that the suite follows; empty where it follows none.
    """

    id: str
    title: str
    about: str
    rows: tuple[Row, ...]
    criteria: tuple[Criterion, ...]
    listed: tuple[Comparison, ...] = ()
    published: tuple[Published, ...] = ()
    cite: str = ""

    @property
    def met(self) -> bool:
        """Whether every criterion is met."""
        return all(criterion.met for criterion in self.criteria)


@dataclass(frozen=True, slots=True)
class Commissioning:
    """All suites; `quick` where only a part of each was run."""

    suites: tuple[Suite, ...]
    quick: bool

    @property
    def met(self) -> bool:
        """Whether every criterion of every suite is met."""
        return all(suite.met for suite in self.suites)


def rows_by(comparisons: Iterable[Comparison], key: Callable[[Comparison], str]) -> tuple[Row, ...]:
    """Summarise comparisons by a key, in order of its appearance, and all of them in a last row.

    Examples
    --------
    >>> [row.label for row in rows_by([], lambda item: item.metric)]
    ['all']
    """
    items = list(comparisons)
    labels = dict.fromkeys(key(item) for item in items)
    found = [Row(label, summarise(item for item in items if key(item) == label)) for label in labels]
    return (*found, Row("all", summarise(items)))


def beyond(comparisons: Sequence[Comparison], tolerance_pct: float) -> tuple[Comparison, ...]:
    """Return the comparisons that err by more than a tolerance, the worst first."""
    found = [item for item in comparisons if not abs(item.error_pct) <= tolerance_pct]
    return tuple(sorted(found, key=lambda item: -abs(item.error_pct)))
