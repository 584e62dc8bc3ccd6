from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constraints.naming import compose, is_standard, resolve, stand_ins, target_class
from constraints.pack import available_packs, load_pack
from rtplan.geometry.expression import names_in, parse_expression
from rtplan.metrics.notation import parse


@pytest.mark.parametrize(
    ("written", "standard"),
    [
        ("Cord", "SpinalCord"), ("Spinal Cord", "SpinalCord"), ("SPINAL_CORD", "SpinalCord"),
        ("SpinalCord", "SpinalCord"), ("Lt Lung", "Lung_L"), ("Lung L", "Lung_L"), ("left lung", "Lung_L"),
        ("LUNG_RT", "Lung_R"), ("Lung (R)", "Lung_R"), ("Chiasm", "OpticChiasm"), ("OPTIC CHIASM", "OpticChiasm"),
        ("OPTICNERVE_L", "OpticNrv_L"), ("BRAIN STEM", "Brainstem"), ("PBT", "ProxBronchialTree"),
        ("BODY", "Body"), ("External", "External"), ("Ext", "External"), ("Oesophagus", "Esophagus"),
        ("Femoral Head Lt", "Femur_Head_L"), ("Femoral Head RT", "Femur_Head_R"), ("BRACHPLEX_R", "BrachialPlex_R"),
        ("both kidneys", "Kidneys"), ("Great Vessels", "GreatVes"), ("Thecal Sac", "ThecalSac"),
        ("Spinal Canal", "SpinalCanal"), ("Cord PRV", "SpinalCord_PRV"), ("Cord_PRV05", "SpinalCord_PRV05"),
        ("Cord PRV 5mm", "SpinalCord_PRV05"), ("OpticNrv_L_PRV03", "OpticNrv_L_PRV03"),
        ("Lungs - GTV", "Lungs-GTV"), ("BRAIN - PTV", "Brain-PTV"), ("VB_T05", "VB_T05"), ("Vertebra L1", "VB_L1"),
    ],
)  # fmt: skip
def test_resolves(written, standard):
    assert resolve(written).standard_name == standard


@pytest.mark.parametrize(
    "written",
    [
        "SC+44", "Oral Cavity-PTV", "zCord", "_Cord", "Cord~", "PTV1_WALL", "optRectum", "Heart2", "Cord (L)",
        "Lungs_GTV", "Rectum PTV", "LARYNX_SUPR", "PAROTID_CB", "Lung_L_R", "Lung_LUL", "Kord", "Cordé", "PTV",
        "larynx+65", "Heart-Liver", "", "   ", "44", "L", "BP Rt+66",
    ],
)  # fmt: skip
def test_does_not_resolve(written):
    assert resolve(written).standard_name is None


@pytest.mark.parametrize("written", ["Lung", "KIDNEY", "Optic Nerve", "Brachial Plexus", "cochlea", "Hippocampus"])
def test_a_side_is_never_guessed(written):
    found = resolve(written)
    assert (found.standard_name, found.how) == (None, "no side")
    assert [name[-2:] for name in found.suggestions[:2]] == ["_L", "_R"]


def test_cord_canal_sac_and_planning_volume_are_four_structures():
    names = {resolve(written).standard_name for written in ("Cord", "Cord PRV", "Canal", "Thecal Sac")}
    assert names == {"SpinalCord", "SpinalCord_PRV", "SpinalCanal", "ThecalSac"}


def test_what_is_near_is_only_suggested():
    found = resolve("Esophagos")
    assert (found.standard_name, found.how, found.suggestions) == (None, "unknown", ("Esophagus",))


@given(st.text(max_size=20))
def test_any_text_has_an_answer_and_never_a_side_it_does_not_name(written):
    found = resolve(written)
    if found.standard_name is not None:
        assert is_standard(found.standard_name)
        assert not found.standard_name.endswith(("_L", "_R")) or any(letter in written for letter in "lLrR")


@given(st.sampled_from(["Lung", "Kidney", "OpticNrv", "Femur_Head"]), st.sampled_from("_ -"), st.booleans())
def test_sides_stay_apart(organ, separator, first):
    def written(side):
        return f"{side}{separator}{organ}" if first else f"{organ}{separator}{side}"

    assert {resolve(written(side)).standard_name for side in ("L", "Lt", "LEFT", "left")} == {f"{organ}_L"}
    assert {resolve(written(side)).standard_name for side in ("R", "Rt", "RIGHT", "right")} == {f"{organ}_R"}


@pytest.mark.parametrize(
    ("name", "role", "expected"),
    [
        ("PTV_1", "", "PTV"), ("GTV1", "", "GTV"), ("ptv 4", "", "PTV"), ("GTV-1", "", "GTV"), ("PTV", "", "PTV"),
        ("PTV_2700", "", "PTV"), ("PTVp", "", "PTV"), ("PTV_High", "", "PTV"), ("PTV_1", "ORGAN", "PTV"),
        ("Breast", "GTV", "GTV"), ("lesion", "ptv", "PTV"), ("GTV_1", "PTV", "PTV"),
        ("ptv4", "ISOCENTER", None), ("BRAIN - PTV", "", None), ("PTV1_WALL", "ORGAN", None), ("optPTV", "", None),
        ("ptv 4 AND 5", "ORGAN", None), ("isocenter ptv 2", "", None), ("Heart", "", None), ("", "", None),
    ],
)  # fmt: skip
def test_targets(name, role, expected):
    assert target_class(name, role) == expected


def test_every_structure_of_the_packs_is_known_or_declared_local():
    local = {
        "CaudaEquina_Treated", "Lung_Contralateral", "PTV_Brain", "SpinalCord_Subvolume", "SpinalCord_Treated",
    }  # fmt: skip
    for info in available_packs():
        for row in load_pack(info.id).constraints:
            names = names_in(parse_expression(row.structure)) if row.structure else ()
            assert all(name in local or is_standard(name) or target_class(name) for name in names)


def test_wholes_are_composed_of_their_parts():
    assert compose("Lungs") == ("Lung_L", "Lung_R")
    assert compose("Kidney_Cortex") == ("Kidney_Cortex_L", "Kidney_Cortex_R")
    assert compose("SpinalCord") is None
    assert compose("Lung_L") is None


@pytest.mark.parametrize(
    ("name", "proxy", "direction", "serves", "not_for"),
    [
        ("SpinalCord", "SpinalCanal", "conservative", ("Dmax", "D0.35cc"), ("D10%", "Dmean")),
        ("Bladder_Wall", "Bladder", "conservative", ("D15cc", "Dmax"), ("Dmean", "D50%")),
        ("Kidney_Cortex", "Kidneys", "lenient", ("CV200cc",), ("Dmean", "D0.035cc")),
        ("Lungs-GTV", "Lungs-PTV", "lenient", ("Dmean", "V20Gy"), ("CV1500cc", "V20Gy[cc]")),
        ("Lungs", "Lung_L", "lenient", ("D0.035cc", "V20Gy[cc]"), ("CV1500cc", "V20Gy", "Dmean")),
    ],
)
def test_stand_ins_serve_where_one_structure_holds_the_other(name, proxy, direction, serves, not_for):
    found = next(item for item in stand_ins(name) if item.name == proxy)
    assert found.direction == direction
    assert all(found.serves(parse(text)) for text in serves)
    assert not any(found.serves(parse(text)) for text in not_for)


def test_nothing_stands_in_for_most_structures():
    assert stand_ins("Heart") == ()
    assert all(is_standard(item.name) for name in ("SpinalCord", "Lungs", "Lungs-GTV") for item in stand_ins(name))
