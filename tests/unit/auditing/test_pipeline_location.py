"""Where lesions lie: level, apex, ultracentral, beside an ear; what is required there, and what is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from constraints.protocol import protocols
from rtplan.pipeline.anatomy import Anatomy, named_structures
from rtplan.pipeline.lesions import find_lesions
from rtplan.pipeline.location import ULTRACENTRAL, advice, airway_facts
from rtplan.pipeline.measuring import Measurer, largest_distance_mm
from rtplan.pipeline.required import required_organs
from rtplan.pipeline.sheet import Sheet

OF = {item.id: item for item in protocols()}


def placed(patient_case, protocol):
    """Return a measurer and its lesions, taken for lesions of a protocol's site."""
    treatment = patient_case.treatment()
    anatomy = Anatomy(treatment, named_structures(treatment.structures, {}))
    found, _ = find_lesions(anatomy, Sheet())
    count = min(protocol.fractions)
    lesions = tuple(replace(item, site=protocol.site, technique=protocol.technique, fractions=count) for item in found)
    return Measurer(anatomy, lesions, count), lesions


def required(patient_case, name, **facts):
    measurer, lesions = placed(patient_case, OF[name])
    return set(required_organs(OF[name], lesions, measurer, {"central": False, **facts}))


@pytest.fixture
def back(patient):
    return patient("bone").but(organs={})


# --- the level of the spine -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("vertebra", "organ"),
    [
        ("VB_C5", "Esophagus"),
        ("VB_T08", "Esophagus"),
        ("VB_L3", "Stomach|Duodenum|Bowel_Small|Bowel|Colon|Bowel_Large"),
        ("Sacrum", "Rectum|Bowel_Small|Bowel|Colon|Bowel_Large"),
        ("Sternum", "Esophagus|Stomach|Duodenum|Bowel_Small|Bowel|Colon|Bowel_Large|Rectum"),
    ],
)
def test_the_vertebra_decides_which_organ_must_be_beside_it(back, kit, vertebra, organ):
    found = required(back.with_(kit.Box(vertebra, (0, 0, 0), (20, 20, 18))), "spine")
    assert organ in found
    assert len(found) == 2


def test_the_vertebra_that_holds_most_of_it_counts(back, kit):
    two = [kit.Box("VB_T12", (0, 0, -30), (20, 20, 18)), kit.Box("VB_L1", (0, 0, 6), (20, 20, 18))]
    assert "SpinalCord|SpinalCanal|CaudaEquina" in required(back.with_(*two), "spine")


# --- the lung ---------------------------------------------------------------------------------------------


def chest(back, kit, top):
    lungs = [kit.Box(f"Lung_{side}", (x, 0, 0), (40, 40, top)) for side, x in (("L", 30), ("R", -60))]
    return back.with_(*lungs, kit.Box("Lungs", (0, 0, 0), (100, 40, top)))


def test_the_plexus_of_its_side_is_required_at_the_apex(back, kit):
    assert "BrachialPlex_L" in required(chest(back, kit, 40), "lung")
    assert "BrachialPlex_R" not in required(chest(back, kit, 40), "lung")
    assert not [name for name in required(chest(back, kit, 90), "lung") if "Plex" in name]


def touching(back, kit, name, gap_mm):
    return chest(back, kit, 90).with_(kit.Box(name, (0, 16 + 8 + gap_mm, 0)))


@pytest.mark.parametrize(("gap_mm", "ultracentral"), [(0.0, True), (-4.0, True), (6.0, False)])
def test_a_lesion_that_touches_an_airway_is_ultracentral(back, kit, gap_mm, ultracentral):
    measurer, lesions = placed(touching(back, kit, "Trachea", gap_mm), OF["lung"])
    assert airway_facts(OF["lung"], lesions, measurer, {}) == {"central": True, "ultracentral": ultracentral}


def test_the_definition_of_ultracentral_is_a_setting(back, kit):
    measurer, lesions = placed(touching(back, kit, "Esophagus", 0.0), OF["lung"])
    assert airway_facts(OF["lung"], lesions, measurer, {})["ultracentral"] is True
    own = {ULTRACENTRAL: ("Trachea",)}
    assert airway_facts(OF["lung"], lesions, measurer, own)["ultracentral"] is not True
    said = {issue.code: issue.message for issue in advice(OF["lung"], lesions, measurer, {"ultracentral": True})}
    assert "Esophagus" in said["lung-ultracentral"]


def test_three_fractions_to_a_central_lesion_are_warned_of(back, kit):
    measurer, lesions = placed(touching(back, kit, "Trachea", 6.0), OF["lung"])
    in_three = tuple(replace(item, fractions=3) for item in lesions)
    facts = airway_facts(OF["lung"], lesions, measurer, {})
    assert "protocol-warning" in {item.code for item in advice(OF["lung"], in_three, measurer, facts)}
    assert "protocol-warning" not in {item.code for item in advice(OF["lung"], lesions, measurer, facts)}


# --- the head ---------------------------------------------------------------------------------------------


def head(back, kit, *cochleae):
    places = {"L": 30, "R": -30}
    drawn = [kit.Box(f"Cochlea_{side}", (places[side] + 10, 0, 0), (4, 4, 4)) for side in cochleae]
    return back.with_(kit.Box("Brainstem", (10, 60, 0)), *drawn)


@pytest.mark.parametrize("sides", ["LR", "L", "R"])
def test_a_cochlea_is_required_near_a_target_even_where_only_its_pair_is_drawn(back, kit, sides):
    assert {"Cochlea_L", "Cochlea_R"} <= required(head(back, kit, *sides), "brain-srs")


def test_without_any_cochlea_nobody_knows_and_it_is_said(back, kit):
    measurer, lesions = placed(head(back, kit), OF["brain-srs"])
    said = [item for item in advice(OF["brain-srs"], lesions, measurer, {}) if item.code == "nearness-unknown"]
    assert any("Cochlea_L and Cochlea_R" in item.message for item in said)


def test_a_target_over_the_region_to_be_avoided_is_said(back, kit):
    inside = [kit.Box(f"Hippocampus_{side}", (x, 0, 0), (4, 4, 6)) for side, x in (("L", 8), ("R", -8))]
    measurer, lesions = placed(back.with_(*inside), OF["ha-wbrt"])
    assert "avoidance-covered" in {item.code for item in advice(OF["ha-wbrt"], lesions, measurer, {})}
    outside = [kit.Box(f"Hippocampus_{side}", (x, 0, 0), (4, 4, 6)) for side, x in (("L", 60), ("R", -60))]
    measurer, lesions = placed(back.with_(*outside), OF["ha-wbrt"])
    assert "avoidance-covered" not in {item.code for item in advice(OF["ha-wbrt"], lesions, measurer, {})}


def test_the_diameter_is_that_of_the_gtv(patient, kit):
    from rtplan.model import Structure

    gtv = Structure(50, "GTV", "GTV", kit.ball((0, 0, 0), 10.0))
    measurer, (lesion,) = placed(patient("bone", drawn=(gtv,)), OF["brain-srs"])
    assert measurer.diameter_mm(lesion) == pytest.approx(20.0, abs=1.5)
    measurer, (lesion,) = placed(patient("bone"), OF["brain-srs"])
    assert measurer.diameter_mm(lesion) == pytest.approx(32.0, abs=1.5)


def test_the_longest_chord_of_a_box():
    corners = np.array([(x, y, z) for x in (0.0, 3.0) for y in (0.0, 4.0) for z in (0.0, 12.0)])
    assert largest_distance_mm([corners]) == pytest.approx(13.0)
    assert largest_distance_mm([]) is None
