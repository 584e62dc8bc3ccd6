"""One audit that holds everything a report has to show: every verdict, three lesions, ten curves, hostile names."""

from __future__ import annotations

import numpy as np
import pytest

from rtplan.model import (
    AuditReport,
    Curve,
    Finding,
    Issue,
    LesionReport,
    Measured,
    NotMeasured,
    PlanFacts,
    Reading,
    Severity,
    Verdict,
    worst,
)

HOSTILE = (
    "<script>alert(1)</script>",
    "[/bold]",
    "=cmd|' /C calc'!A0",
    "GTV\x1b[2J\x1b]0;owned\x07",
    "cord\u202egnp.exe\u2066",
    '" onmouseover="alert(1)',
    "\t+1",
    "a\x00b",
    "x" * 3000,
    "$\\frac{1}{0}$",
)
SLAB = "slab or shape between slices"
GRID = "dose grid interpolation"


def near(value: float, spread: float, unit: str = "Gy", *causes: str, where=None) -> Measured:
    return Measured(value, value - spread, value + spread, unit, causes or (SLAB,), where)


def organ(structure, roi, metric, limit, measured, verdict, bound, **more) -> Finding:  # noqa: PLR0917  (a row reads as a row)
    upper = "<" in limit[:2]
    margin = None
    if isinstance(measured, Measured) and bound:
        margin = (bound - measured.value) / bound * 100 * (1 if upper else -1)
    settings = {
        "pack": "tg101-2010",
        "constraint": f"{structure}-{metric}".lower(),
        "governs": True,
        "cite": "benedict2010, table III",
        "trust": "V",
        "margin_pct": margin,
    } | more
    return Finding(
        structure=structure,
        roi=roi,
        metric=metric,
        limit=limit,
        verdict=verdict,
        measured=measured,
        bound=bound,
        **settings,
    )


def governing_findings() -> list[Finding]:
    met, acceptable, unsure = Verdict.MET, Verdict.ACCEPTABLE, Verdict.INDETERMINATE
    exceeded, skipped, band = Verdict.EXCEEDED, Verdict.NOT_JUDGED, Verdict.BAND
    cord = (12.3, -45.04, 188.0)
    return [
        organ("SpinalCord", "cord", "Dmax", "<= 30 Gy", near(24.1, 0.31, "Gy", GRID, where=cord), met, 30.0, endpoint="myelitis"),
        organ("SpinalCord", "cord", "D0.35cc", "<= 23 Gy", near(23.2, 0.12, where=cord), exceeded, 23.0, endpoint="myelitis"),
        organ("SpinalCord", "cord", "D1.2cc", "<= 14.5 Gy", near(14.47, 0.2, "Gy", SLAB, GRID), unsure, 14.5,
              endpoint="myelitis", reason="The limit lies inside the interval."),
        organ("Esophagus", "Oesophagus", "Dmax", "<= 35 Gy", near(35.0004, 0.0001), exceeded, 35.0,
              endpoint="stenosis or fistula", overlap_cc=0.52, note="Best value that the overlap allows: 34.2 Gy."),
        organ("Esophagus", "Oesophagus", "D5cc", "<= 19.5 Gy (prefer <= 17 Gy)", near(17.9, 0.3), acceptable, 19.5,
              endpoint="stenosis or fistula"),
        organ("Heart", "Heart", "Dmax", "<= 38 Gy", near(21.4, 0.2), met, 38.0, endpoint="pericarditis"),
        organ("Heart", "Heart", "D15cc", "<= 32 Gy", near(12.8, 0.1), met, 32.0, endpoint="pericarditis"),
        organ("Liver", "Liver", "CV700cc", "<= 21 Gy", near(6.75, 0.05), met, 21.0, endpoint="basic liver function"),
        organ("Liver-GTV", "Liver - GTV", "Dmean", "bands 13 / 15 / 18 Gy", near(13.4, 0.1), band, None, pack="hytec-2021",
              cite="miften2021, table 2", trust="V1", reason="Risk band 13 to 15 Gy.", endpoint="radiation-induced liver disease"),
        organ("Brain", "Brain", "V28.8Gy[cc]", "bands 10 / 20 cc", near(33.0, 0.4, "cc"), band, None, pack="hytec-2021",
              cite="milano2021, table 3", rank_as=unsure, reason="Beyond the last edge.", endpoint="symptomatic necrosis"),
        organ("Duodenum", "Duodenum", "D5cc", "<= 18 Gy", NotMeasured("no structure stands for Duodenum", "Gy"), skipped, 18.0,
              endpoint="ulceration"),
        organ("Stomach", "Stomach", "D10cc", "<= 18 Gy", near(4.2, 0.03), skipped, 18.0, endpoint="ulceration",
              reason="The number of fractions is unknown."),
        organ("Skin", HOSTILE[0], "D10cc", "<= 36.5 Gy", near(9.81, 0.1), met, 36.5, endpoint="ulceration"),
        organ("Rib", HOSTILE[4], "D1cc", "<= 35 Gy", near(49.0, 0.8), exceeded, 35.0, endpoint="pain or fracture", trust="C"),
        organ("Kidneys", HOSTILE[2], "CV200cc", "<= 17.5 Gy", near(3.11, 0.02), met, 17.5, endpoint="basic renal function"),
        organ("Lungs-GTV", "Lungs - GTV", "V20Gy[%]", "<= 10 %", near(6.31, 0.04, "%"), met, 10.0, endpoint="pneumonitis", trust="D"),
        organ("Bowel", HOSTILE[1], "D0.035cc", "<= 32 Gy", near(0.031, 0.001), met, 32.0, endpoint="fistula"),
        organ("PTV", "PTV_L1", "D95%", ">= 50 Gy (prefer)", near(49.4, 0.5), acceptable, 50.0, lesion="PTV_L1",
              pack="rtog-0813", cite="timmerman2021, table 1"),
        organ("PTV", "PTV_L2", "D99%[%]", ">= 90 %Rx", near(92.13, 0.6, "%Rx"), met, 90.0, lesion="PTV_L2", pack="rtog-0813",
              cite="timmerman2021, table 1"),
        organ("PTV", HOSTILE[3], "PaddickCI", ">= 0.6", near(0.71, 0.02, ""), met, 0.6, lesion=HOSTILE[3], pack="rtog-0813",
              cite="timmerman2021, table 1", trust="V1"),
    ]  # fmt: skip


def comparison_findings() -> list[Finding]:
    beside = {"governs": False, "pack": "timmerman-2021", "cite": "timmerman2021, table 4"}
    return [
        organ("SpinalCord", "cord", "D0.035cc", "<= 28 Gy", near(24.0, 0.3), Verdict.MET, 28.0, **beside),
        organ("Esophagus", "Oesophagus", "D5cc", "<= 32.5 Gy", near(17.9, 0.3), Verdict.MET, 32.5, **beside),
        organ("Rib", HOSTILE[4], "D1cc", "<= 50 Gy", near(49.0, 0.8), Verdict.MET, 50.0, **beside),
        organ("Heart", "Heart", "Dmax", "<= 38 Gy", near(21.4, 0.2), Verdict.MET, 38.0, **beside),
        organ("Colon", "Colon", "D20cc", "<= 25 Gy", NotMeasured("no structure stands for Colon", "Gy"), Verdict.NOT_JUDGED,
              25.0, **beside),
    ]  # fmt: skip


def lesions() -> tuple[LesionReport, ...]:
    readings = (
        Reading("Volume", near(5.92, 0.1, "cc")),
        Reading("D95%", near(49.4, 0.5)),
        Reading("D98%", near(48.0, 0.6)),
        Reading("Dmax", near(61.3, 0.2)),
        Reading("PaddickCI", near(0.83, 0.02, "")),
        Reading("GI", near(4.1, 0.15, "")),
    )
    merged = Reading("R50", NotMeasured("the half-prescription isodose meets another target"))
    return (
        LesionReport(
            "PTV_L1", "liver", (3,), 50.0, 5, 100.0, readings, "liver-5fx", "named in the plan's dose reference"
        ),
        LesionReport("PTV_L2", "lung", (4,), 54.0, 3, 151.2, (*readings[:4], merged), "lung-3fx", "audit sheet"),
        LesionReport(HOSTILE[3], None, (5,), None, None, None, (Reading("D95%", near(27.0, 0.2)),)),
    )


def curves() -> tuple[Curve, ...]:
    names = ("PTV_L1", "PTV_L2", "cord", "Oesophagus", "Heart", "Liver", *HOSTILE[:4])
    dose = np.linspace(0.0, 62.0, 400)
    made = []
    for number, name in enumerate(names, start=1):
        middle = 52.0 if number < 3 else 3.0 + 3.6 * number
        sharp = 1.2 if number < 3 else 0.3 + number / 3
        share = 100.0 / (1.0 + np.exp((dose - middle) / sharp)) * (1.0 + np.exp(-middle / sharp))
        share = np.clip(share, 0.0, 100.0)
        low, high = np.clip(share - 1.5, 0.0, 100.0), np.clip(share + 1.5, 0.0, 100.0)
        volume = near(8.0 * number, 0.2, "cc")
        readings = (Reading("Dmean", near(middle, 0.1)), Reading("D0.03cc", near(middle + 4, 0.3)))
        standard = {"cord": "SpinalCord", "Oesophagus": "Esophagus"}.get(name)
        made.append(
            Curve(
                name, number, "PTV" if number < 3 else "ORGAN", volume, dose, share, low, high,
                outside_cc=0.42 if name == "Liver" else 0.0, readings=readings, standard_name=standard,
                issues=("One slice has no contour.",) if name == "Heart" else (),
            )
        )  # fmt: skip
    nothing = np.zeros(0)
    empty = Curve("Couch", 30, "SUPPORT", NotMeasured("it has no contours", "cc"), nothing, nothing, nothing, nothing)
    return (*made, empty)


@pytest.fixture
def hostile() -> tuple[str, ...]:
    return HOSTILE


@pytest.fixture
def report() -> AuditReport:
    governing = governing_findings()
    return AuditReport(
        verdict=worst(finding.counts_as for finding in governing),
        findings=(*governing, *comparison_findings()),
        issues=(
            Issue("dose-grid-edge", Severity.WARN, "0.42 cc of Liver lie outside the dose grid.", "ROI 6"),
            Issue("roi-name", Severity.NOTE, f"The ROI {HOSTILE[8]} has a long name.", "ROI 9", HOSTILE[5]),
            Issue("no-image", Severity.NOTE, "The planning image was not among the files.", "", "Add the CT series."),
        ),
        plans=(
            PlanFacts(
                "SBRT L1-3", 5, "plan dose", "1.2.826.0.1.3680043.8.498.1", "APPROVED", "RTPLAN", "PHYSICAL", "PLAN"
            ),
            PlanFacts(HOSTILE[0], None, HOSTILE[2]),
        ),
        lesions=lesions(),
        curves=curves(),
        provenance={
            "tool": {"name": "rtplan", "version": "0.1.0"},
            "packs": [{"id": "tg101-2010", "sha256": "ab" * 32}, {"id": "hytec-2021", "sha256": "cd" * 32}],
            "options": {"dose_interpolation": "linear", "between_slices": "slab", "plans": ["SBRT L1-3", HOSTILE[1]]},
            "files": [
                {"sha256": f"{n:064x}", "modality": "CT", "uid": f"1.2.3.{n}", "size_bytes": n} for n in range(30)
            ],
            "hostile": HOSTILE[5],
        },
    )
