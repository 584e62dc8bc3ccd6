"""Metrics: their notation, how they are measured, and the plan-quality indices."""

from typing import Any

from .notation import Kind, Metric, Twin, parse

__all__ = ["Kind", "Metric", "Twin", "parse", "plugin_metric"]


def __getattr__(name: str) -> Any:
    """Load what plugins are made with only for a plugin: the notation alone needs no numerical library."""
    if name != "plugin_metric":
        raise AttributeError(name)
    from .plugins import plugin_metric  # noqa: PLC0415

    return plugin_metric
