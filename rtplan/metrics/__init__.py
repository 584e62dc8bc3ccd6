"""Metrics: their notation, how they are measured, and the plan-quality indices."""

from .notation import Kind, Metric, Twin, parse

__all__ = ["Kind", "Metric", "Twin", "parse"]
