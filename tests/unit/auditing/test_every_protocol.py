"""Every site protocol at every fraction count: all met, each governing row exceeded, each required organ left out.

One patient serves all: a target, and behind it every organ that any governing row names, in one place (nothing asks
them to be apart). What differs from protocol to protocol is only the lesion's site and fraction count.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from constraints.pack import load_pack
from constraints.protocol import protocols
from rtplan.dvh import Models
from rtplan.geometry import Fineness, names_in, parse_expression
from rtplan.model import AuditReport, Contour, Dose, PlanFacts, Structure, Treatment, Verdict, worst
from rtplan.pipeline.anatomy import Anatomy, named_structures
from rtplan.pipeline.lesions import find_lesions
from rtplan.pipeline.measuring import Measurer, is_target_name
from rtplan.pipeline.protocol import protocol_findings
from rtplan.pipeline.required import names_of, required_organs
from rtplan.pipeline.sheet import Sheet
from rtplan.study import exit_code

ROOM = ((-140.0, 140.0), (40.0, 140.0), (-64.0, 64.0))
FACTS = {"disease": "metastasis", "prior_irradiation": False, "sex": "female"}
HOT_GY = 200.0
COUNTS = [(item.id, count) for item in protocols() for count in sorted(item.fractions)]
OF = {item.id: item for item in protocols()}
# What the table of governing.md says, by protocol and organ: the packs whose rows may govern it.
GOVERNS = {
    ("brain-srs", "Brainstem"): {"tg101-2010"},
    ("brain-srs", "OpticChiasm|OpticNrv_L|OpticNrv_R"): {"tg101-2010"},
    ("brain-srs", "Cochlea_L"): {"tg101-2010"},
    ("brain-srs", "Brain"): {"hytec-2021"},
    ("brain-srs", "PTV"): {"rtog-srs-qa-1993"},
    ("ha-wbrt", "Hippocampus_L"): {"ha-wbrt-cc001"},
    ("wbrt", "Brainstem"): {"timmerman-2021"},
    ("spine", "SpinalCord"): {"hytec-2021", "tg101-2010", "timmerman-2021"},
    ("spine", "Esophagus"): {"tg101-2010"},
    ("spine-2fx", "SpinalCord + 1.5 mm"): {"spine-sc24"},
    ("spine-2fx", "SpinalCord"): {"hytec-2021"},
    ("spine-2fx", "Esophagus"): {"timmerman-2021"},
    ("liver", "Liver"): {"tg101-2010"},
    ("liver", "Liver-GTV"): {"hytec-2021"},
    ("adrenal", "Liver-GTV"): {"hytec-2021"},
    ("adrenal", "Stomach"): {"tg101-2010"},
    ("bone", "Femur_Head_L|Femur_Head_R"): {"tg101-2010"},
    ("lung", "Lungs-GTV"): {"hytec-2021"},
    ("lung", "Esophagus"): {"tg101-2010"},
    ("lung-other-fractions", "Skin"): {"nccn-rtog-max", "timmerman-2021"},
    ("liver-other-fractions", "Liver"): {"timmerman-2021"},
    ("brain-other-fractions", "Brainstem"): {"timmerman-2021"},
}


def organs():
    """Return every organ that a governing row or a requirement names."""
    rows = [row for item in protocols() for rule in item.governs for row in load_pack(rule.pack).constraints]
    names = {name for row in rows if row.structure for name in names_in(parse_expression(row.structure))}
    asked = [text for item in protocols() for text in (*item.required, *item.required_if_central)]
    asked += [text for item in protocols() for near in item.nearby for text in near.structures]
    asked += [text for item in protocols() for entry in item.at_level for text in entry.structures]
    names.update(name for text in asked for name in names_of(text))
    parts = {"Chestwall_L", "Chestwall_R", "Bowel", "Bowel_Large", "Kidneys", "SpinalCanal", "ThecalSac"}
    return sorted(name for name in names - parts if not is_target_name(name) and "Subvolume" not in name)


def room(name):
    """Return the contours of an organ: a room large enough for any critical volume, small where a margin is put on."""
    (left, right), (front, back), (low, high) = ROOM
    if name.startswith(("Hippocampus", "SpinalCord")):
        (left, right), (front, back), (low, high) = (-20.0, 20.0), (80.0, 120.0), (-20.0, 20.0)
    corners = [(left, front), (right, front), (right, back), (left, back)]
    return tuple(Contour(np.array([(*corner, z) for corner in corners])) for z in np.arange(low + 2.0, high, 4.0))


@pytest.fixture(scope="module")
def anatomies(patient, kit):
    """Return the patient without dose in the organs, and with far too much."""
    base = patient("bone", targets=(kit.Target(rx_gy=30.0, peak=1.2, radius_mm=8.0),)).but(organs={})
    cold = base.treatment()
    own = [item for item in cold.structures.structures if item.role == "PTV"]
    drawn = [*own, *(Structure(10 + at, name, "ORGAN", room(name)) for at, name in enumerate(organs()))]
    structures = replace(cold.structures, structures=tuple(drawn))
    cold = replace(cold, structures=structures)
    return [_anatomy(item) for item in (cold, replace(cold, dose=_heated(cold.dose)))]


def _anatomy(treatment: Treatment) -> Anatomy:
    return Anatomy(treatment, named_structures(treatment.structures, {}), Models(fineness=Fineness(8.0, 500)))


def _heated(dose: Dose) -> Dose:
    indices = np.meshgrid(*[np.arange(count, dtype=float) for count in dose.grid.shape], indexing="ij")
    points = dose.grid.to_patient(np.stack(indices[::-1], axis=-1))
    inside = points[..., 1] >= ROOM[1][0] - 6.0
    return replace(dose, values=np.where(inside, HOT_GY, dose.values))


@pytest.fixture(scope="module")
def reports(anatomies):
    """Return the report of the cold (0) or hot (1) patient for a protocol and count, made once each."""
    return cache(lambda which, name, count: audited(anatomies[which], OF[name], count)[0])


def audited(anatomy, protocol, count, **facts):
    """Put one protocol to the patient; return its findings and the report that they make."""
    lesions, _ = find_lesions(anatomy, Sheet())
    these = tuple(replace(item, site=protocol.site, technique=protocol.technique, fractions=count) for item in lesions)
    measurer = Measurer(anatomy, these, count)
    findings = protocol_findings(protocol, these, measurer, {**FACTS, **facts}, [])
    return report_of(findings), measurer, these


def report_of(findings):
    plan = PlanFacts("A", None, "")
    return AuditReport(worst(item.counts_as for item in findings if item.governs), tuple(findings), plans=(plan,))


def keyed(report):
    return {(item.pack, item.constraint, item.structure): item for item in report.findings if item.governs}


@pytest.mark.parametrize(("name", "count"), COUNTS)
def test_a_plan_that_meets_all_passes(reports, name, count):
    report = reports(0, name, count)
    bad = {key: (item.verdict, item.reason) for key, item in keyed(report).items() if item.counts_as not in PASSES}
    assert bad == {}
    assert exit_code(report) == 0


PASSES = {Verdict.MET, Verdict.ACCEPTABLE}


@pytest.mark.parametrize(("name", "count"), COUNTS)
def test_each_governing_row_that_is_exceeded_decides(reports, name, count):
    cold, hot = reports(0, name, count), reports(1, name, count)
    met, broken = keyed(cold), keyed(hot)
    assert met.keys() == broken.keys()
    organ_rows = [key for key, item in broken.items() if not item.lesion]
    assert organ_rows
    for key in organ_rows:
        item = broken[key]
        alone = report_of([*(other for one, other in met.items() if one != key), item])
        if item.verdict is Verdict.BAND:
            assert exit_code(alone) == 3, key
        elif item.limit.startswith("prefer"):
            assert (item.verdict, exit_code(alone)) == (Verdict.ACCEPTABLE, 0), key
        else:
            assert (item.verdict, exit_code(alone)) == (Verdict.EXCEEDED, 1), key


@pytest.mark.parametrize("name", OF)
def test_each_required_organ_that_is_left_out_is_not_judged(anatomies, name):
    anatomy, count = anatomies[0], min(OF[name].fractions)
    _, measurer, lesions = audited(anatomy, OF[name], count)
    groups = required_organs(OF[name], lesions, measurer, {"central": False})
    assert groups or OF[name].site == "bone"
    for group in groups:
        gone = names_of(group)
        left = tuple(item for item in anatomy.structures if item.standard_name not in gone)
        report, _, _ = audited(replace(anatomy, structures=left), OF[name], count)
        missing = [item for item in report.findings if item.metric == "contoured"]
        assert group in {item.structure for item in missing}, group
        assert {item.verdict for item in missing} == {Verdict.NOT_JUDGED}
        assert exit_code(report) == 3


@pytest.mark.parametrize(("key", "packs"), GOVERNS.items(), ids=[" ".join(key) for key in GOVERNS])
def test_the_pack_of_the_table_governs(reports, key, packs):
    name, structure = key
    found = set()
    for count in OF[name].fractions:
        report = reports(0, name, count)
        found |= {item.pack for item in report.findings if item.governs and item.structure == structure}
    assert found == packs


@pytest.mark.parametrize("organ", ["Trachea|Bronchus_Main", "Esophagus", "Heart", "GreatVes"])
def test_a_central_lesion_in_five_goes_by_its_prescription(anatomies, organ):
    report, _, _ = audited(anatomies[0], OF["lung"], 5, central=True)
    assert {item.pack for item in report.findings if item.governs and item.structure == organ} == {"nccn-rtog-max"}
    assert exit_code(report) == 0


@pytest.mark.parametrize("count", [1, 3, 5])
def test_the_cord_of_the_spine_has_the_limits_of_the_table(reports, count):
    report = reports(0, "spine", count)
    rows = {item.metric: item.limit for item in report.findings if item.governs and item.structure == "SpinalCord"}
    prefer = {1: 12.4, 3: 20.3, 5: 25.3}[count]
    require = {1: 14, 3: 21.9, 5: 28}[count]
    assert rows["Dmax"] == f"prefer <= {prefer:g} Gy"
    assert rows["D0.035cc"] == f"< {require:g} Gy"
