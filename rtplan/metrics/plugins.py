"""Metrics that other distributions give, found under the entry point group ``rtplan.metrics``.

A plugin metric is a function of a structure's dose distribution, with the unit of its result beside it::

    @plugin_metric("Gy")
    def HottestTenth(samples):                     # its entry point bears the name it has in the notation
        return samples.dose_at(0.1 * samples.total_cc)

It is measured on the best estimate and on every defensible alternative, so its value has an interval like any
other. Nothing is imported before a metric of that name is asked for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import metadata

from rtplan.dvh import Samples
from rtplan.errors import MetricError
from rtplan.units import CC, GY, NONE, PERCENT

__all__ = ["ENTRY_POINTS", "PluginFailure", "PluginMetric", "evaluate", "plugin_metric", "plugin_names", "plugin_unit"]

ENTRY_POINTS = "rtplan.metrics"
UNITS = (GY, CC, PERCENT, NONE)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{2,40}")


class PluginFailure(Exception):  # noqa: N818 - it is a result that `measure` turns into a value, not an error of ours
    """A plugin's function did not give a finite number; the message names the metric and the kind of fault."""


@dataclass(frozen=True, slots=True)
class PluginMetric:
    """A metric of a plugin: the unit of its result, and its function of :class:`rtplan.dvh.Samples`."""

    unit: str
    function: Callable[[Samples], float]

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise ValueError(f"a plugin metric is in one of {', '.join(unit or 'no unit' for unit in UNITS)}")


def plugin_metric(unit: str) -> Callable[[Callable[[Samples], float]], PluginMetric]:
    """Make a metric of the function that this decorates.

    Parameters
    ----------
    unit : str
        Of the result: ``"Gy"``, ``"cc"``, ``"%"`` or empty.

    Examples
    --------
    >>> @plugin_metric("Gy")
    ... def Range(samples):
    ...     return samples.maximum_gy - samples.minimum_gy
    >>> Range.unit
    'Gy'
    """
    return lambda function: PluginMetric(unit, function)


def plugin_names() -> tuple[str, ...]:
    """Return the names under which metrics are provided; nothing is imported for it."""
    return tuple(sorted({entry.name for entry in metadata.entry_points(group=ENTRY_POINTS)}))


def plugin_unit(name: str) -> str | None:
    """Return the unit of a plugin's metric; None where no plugin provides one of that name.

    Raises
    ------
    MetricError
        Where one does and cannot be used: it does not load, or two provide the same name.
    """
    if not _NAME.fullmatch(name) or name not in plugin_names():
        return None
    return _loaded(name).unit


def evaluate(name: str, samples: Samples) -> float:
    """Evaluate a plugin's metric.

    Raises
    ------
    PluginFailure
        Where its function raises, or gives no finite number.
    """
    try:
        value = float(_loaded(name).function(samples))
    except Exception as error:  # whatever another's code may raise
        raise PluginFailure(f"the plugin of {name} failed ({type(error).__name__})") from error
    if not math.isfinite(value):
        raise PluginFailure(f"the plugin of {name} gave no finite number")
    return value


@cache
def _loaded(name: str) -> PluginMetric:
    found = {entry.value: entry for entry in metadata.entry_points(group=ENTRY_POINTS) if entry.name == name}
    if len(found) > 1:
        raise MetricError(f"{name}: provided more than once, by {' and '.join(sorted(found))}")
    (entry,) = found.values()
    try:
        loaded = entry.load()
    except Exception as error:  # whatever another's code may raise
        raise MetricError(f"{name}: its plugin {entry.value} does not load ({type(error).__name__})") from error
    if not isinstance(loaded, PluginMetric):
        raise MetricError(f"{name}: its plugin {entry.value} is not made by rtplan.metrics.plugin_metric")
    return loaded
