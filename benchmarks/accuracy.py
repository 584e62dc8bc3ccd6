"""Spheres of the size of metastases, written as DICOM and measured by every tool, against closed forms.

The dose around a sphere falls with the distance alone, so the hottest volume v of it is the sphere of that
volume: every D(v) is the dose at that radius. Each sphere stands at three places that no lattice favours.
"""

from __future__ import annotations

import csv
import json
import re
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import contenders
import numpy as np

from sample_data import Sampling, Shape, Study, write_dicom
from sample_data.fields import Hottest
from sample_data.solids import Box, sphere

__all__ = ["Ball", "Scores", "balls", "measured_by_all", "of_plastimatch", "scores", "within"]

RADII_MM = (3.0, 5.0, 8.0, 12.0)
PLANES_MM = (1.0, 2.0, 3.0)
DOSES_MM = (2.0, 2.5)
PLACES = ((0.13, 0.41, 0.29), (0.47, 0.07, 0.61), (0.71, 0.83, 0.92))
APART_MM = 60.0
PEAK_GY, BEYOND_MM, WIDTH_MM = 40.0, 1.0, 1.5
METRICS = ("D95%", "D50%", "D2%", "D0.03cc")
VOXEL = re.compile(r"^([\d.]+) ([\d.]+) ([\d.]+)$", re.MULTILINE)

Values = dict[str, dict[str, float]]
Pairs = list[tuple[dict[str, float], dict[str, float]]]


@dataclass(frozen=True, slots=True)
class Ball:
    """A sphere in a dose that falls with the distance from its centre."""

    name: str
    centre_mm: tuple[float, float, float]
    radius_mm: float

    def at(self, distance_mm: np.ndarray) -> np.ndarray:
        return PEAK_GY / (1.0 + np.exp((distance_mm - self.radius_mm - BEYOND_MM) / WIDTH_MM))

    def dose_gy(self, points_mm: np.ndarray) -> np.ndarray:
        return self.at(np.linalg.norm(np.asarray(points_mm) - self.centre_mm, axis=-1))

    @property
    def volume_cc(self) -> float:
        return 4 / 3 * np.pi * self.radius_mm**3 / 1000.0

    def truth(self) -> dict[str, float]:
        shares = {"D95%": 0.95, "D50%": 0.5, "D2%": 0.02, "D0.03cc": 0.03 / self.volume_cc}
        doses = {name: float(self.at(share ** (1 / 3) * self.radius_mm)) for name, share in shares.items()}
        return {"Volume": self.volume_cc, **doses}


@dataclass(frozen=True, slots=True)
class Scores:
    """Errors in per cent of one tool in one metric; `failed` counts spheres it gave no number for."""

    median_pct: float
    worst_pct: float
    failed: int


def balls(plane_mm: float, dose_mm: float) -> tuple[Ball, ...]:
    """Return the spheres of one study: rows of radii, columns of places between the planes and dose points."""
    step = np.array([dose_mm, dose_mm, plane_mm])
    found = []
    for (row, radius), (column, place) in product(enumerate(RADII_MM), enumerate(PLACES)):
        x, y, z = np.array([row, column, 0]) * APART_MM + np.array(place) * step
        found.append(Ball(f"Ball_{radius:g}_{column + 1}", (float(x), float(y), float(z)), radius))
    return tuple(found)


def measured_by_all(folder: Path) -> dict[str, Pairs]:
    """Write every study and measure it by every tool: pairs of truth and found values, tool by tool."""
    pairs: dict[str, Pairs] = {}
    for plane_mm, dose_mm in product(PLANES_MM, DOSES_MM):
        drawn = balls(plane_mm, dose_mm)
        case = write_dicom(_study(drawn, plane_mm, dose_mm), folder / f"{plane_mm:g}-{dose_mm:g}")
        for tool, values in _measured(case, drawn).items():
            pairs.setdefault(tool, []).extend((ball.truth(), values.get(ball.name, {})) for ball in drawn)
    return pairs


def scores(pairs: Pairs) -> dict[str, Scores]:
    """Return the errors in each metric.

    Examples
    --------
    >>> scores([({"Volume": 2.0}, {"Volume": 2.1}), ({"Volume": 2.0}, {})])["Volume"]
    Scores(median_pct=5.0, worst_pct=5.0, failed=1)
    """
    found = {}
    for name in pairs[0][0]:
        errors = [abs(values[name] / truth[name] - 1) * 100 for truth, values in pairs if values.get(name)]
        worst = max(errors, default=np.nan)
        middle = statistics.median(errors) if errors else np.nan
        found[name] = Scores(round(middle, 9), round(worst, 9), len(pairs) - len(errors))
    return found


def within(pairs: Pairs) -> tuple[int, int]:
    """Return how many intervals hold the truth, and how many there are.

    Examples
    --------
    >>> within([({"Volume": 2.0}, {"Volume": 2.1, "Volume.low": 1.9, "Volume.high": 2.2})])
    (1, 1)
    """
    judged = [
        found[f"{name}.low"] <= value <= found[f"{name}.high"]
        for truth, found in pairs
        for name, value in truth.items()
        if f"{name}.low" in found
    ]
    return sum(judged), len(judged)


def _study(drawn: Sequence[Ball], plane_mm: float, dose_mm: float) -> Study:
    reach = max(RADII_MM) + 15.0
    centres = np.array([ball.centre_mm for ball in drawn])
    low, high = (centres.min(axis=0) - reach).tolist(), (centres.max(axis=0) + reach).tolist()
    outline = Shape("BODY", Box((low[0], low[1], low[2]), (high[0], high[1], high[2])), "EXTERNAL")
    targets = tuple(Shape(ball.name, sphere(ball.centre_mm, ball.radius_mm), "PTV") for ball in drawn)
    return Study(
        id=f"spheres-{plane_mm:g}-{dose_mm:g}",
        title="spheres",
        site="brain",
        fractions=5,
        shapes=(outline, *targets),
        lesions=(),
        dose=Hottest(tuple(drawn)),
        verdict="met",
        sampling=Sampling(plane_mm=plane_mm, pixel_mm=1.0, dose_mm=dose_mm),
    )


def _measured(case: Path, drawn: Sequence[Ball]) -> dict[str, Values]:
    """Values by tool, structure and metric."""
    names = [ball.name for ball in drawn]
    table = case.parent / "dvh.csv"
    said = _output(contenders.plastimatch(case, table, highest_gy=PEAK_GY))
    return {
        contenders.RTPLAN: _of_rtplan(_output(contenders.rtplan(case, METRICS, names))),
        contenders.DICOMPYLER: json.loads(_output(contenders.dicompyler(case, METRICS, only="Ball"))),
        contenders.PLASTIMATCH: of_plastimatch(table.read_text(encoding="utf-8"), said),
    }


def _output(command: Sequence[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _of_rtplan(text: str) -> Values:
    """Values by structure and metric; the ends of an interval as ``Volume.low`` and ``Volume.high``."""
    found: Values = {}
    for structure in json.loads(text)["structures"]:
        measured = {"Volume": structure["volume_cc"]} | {item["metric"]: item for item in structure["metrics"]}
        found[structure["name"]] = {
            name + end: item[part]
            for name, item in measured.items()
            for end, part in (("", "value"), (".low", "low"), (".high", "high"))
        }
    return found


def of_plastimatch(table: str, said: str) -> Values:
    """Read volumes and doses off a table of voxel counts at or above each dose; `said` names the voxel's size."""
    voxel_cc = float(np.prod([float(side) for side in VOXEL.findall(said)[-1]])) / 1000.0
    header, *rows = csv.reader(table.splitlines())
    columns = np.array([[float(cell) for cell in row] for row in rows]).T
    found: Values = {}
    for name, counts in zip(header[1:], columns[1:], strict=True):
        volume = counts * voxel_cc
        wanted = {"D95%": 0.95 * volume[0], "D50%": 0.5 * volume[0], "D2%": 0.02 * volume[0], "D0.03cc": 0.03}
        doses = {metric: float(np.interp(-at, -volume, columns[0])) for metric, at in wanted.items()}
        found[name] = {"Volume": float(volume[0]), **doses}
    return found
