"""Alpha/beta by tissue: the table's values, conflicts without a default, and a user's own value first."""

from __future__ import annotations

import pytest

from constraints.naming import is_standard
from constraints.rules import TRUST
from rtplan.cli import run
from rtplan.radiobiology import alpha_beta_of, tissues

# Typed from the table a second time: a standard name of each tissue and what the sources say, Gy.
TABLE = {
    "PTV": (10,), "SpinalCord": (2,), "Brain": (2,), "Brainstem": (2,), "OpticChiasm": (2,), "OpticNrv_L": (2,),
    "Hippocampus_R": (2,), "Pituitary": (2,), "BrachialPlex_L": (2, 2.5), "SacralPlex": (2, 2.5),
    "CaudaEquina": (2.5, 3), "Lungs": (3,), "Lung_L": (3,), "Esophagus": (3,), "Heart": (3,), "GreatVes": (3,),
    "Trachea": (3,), "Bronchus_Main": (3,), "Chestwall": (3,), "Rib": (3,), "Liver": (2, 3), "Kidney_L": (2,),
    "Stomach": (3,), "Duodenum": (3,), "Bowel_Small": (3,), "Rectum": (3,), "Colon": (3,), "Skin": (2,),
    "Bladder": (2, 5, 6), "Bladder_Wall": (2, 5, 6), "Lens_L": (1, 3),
}  # fmt: skip


@pytest.mark.parametrize(("name", "expected"), TABLE.items())
def test_the_table(name, expected):
    found = alpha_beta_of(name)
    assert found.values_gy == expected
    assert (found.trust == "C") == (len(expected) > 1)
    assert f"{expected[0]:g}" in str(found)


def test_every_tissue_has_values_a_source_and_a_trust():
    for tissue in tissues():
        assert tissue.cite
        assert tissue.trust in TRUST
        assert all(value > 0 for value in tissue.values_gy)
        assert (tissue.default_gy is None) == (tissue.trust == "C")
        assert all(value > 0 and where for value, where in tissue.other)


def test_no_structure_belongs_to_two_tissues():
    for name in TABLE:
        meant = [item.id for item in tissues() if alpha_beta_of(name).tissue == item.title]
        assert len(meant) == 1


@pytest.mark.parametrize("key", ["SpinalCord", "cord"])
def test_a_users_value_comes_first_and_says_whose_it_is(key):
    found = alpha_beta_of("SpinalCord", {key: 2.5})
    assert found.values_gy == (2.5,)
    assert "the user" in str(found)
    assert alpha_beta_of("Liver", {key: 2.5}).values_gy == (2, 3)


def test_an_expression_takes_its_first_name():
    assert alpha_beta_of("Lungs - GTV").values_gy == alpha_beta_of("Lungs-GTV").values_gy == (3,)


@pytest.mark.parametrize("name", ["", "Couch", "lung tumour"])
def test_what_is_no_tissue_has_none(name):
    assert alpha_beta_of(name) is None
    assert not is_standard(name)


# The command

RUN = [("cord", 2.0), ("Lungs", 3.0), ("tumour", 10.0)]


@pytest.mark.parametrize(("tissue", "ratio"), RUN)
def test_the_command_takes_a_tissue_and_prints_whose_value_it_is(tissue, ratio, capsys):
    assert run(["bed", "27", "3", "--tissue", tissue]) == 0
    out = capsys.readouterr().out
    assert out.count(f"alpha/beta {ratio:g} Gy") == 3
    assert f"EQD2 {27 * (9 + ratio) / (2 + ratio):.2f}".removesuffix("0") in out


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--tissue", "liver"], "sources conflict: alpha/beta 2 or 3 Gy"),
        (["--tissue", "couch"], "there is no tissue 'couch'"),
        (["--tissue", "cord", "--alpha-beta", "2"], "give one of them"),
    ],
)
def test_the_command_asks_for_a_choice(more, words, capsys):
    assert run(["bed", "27", "3", *more]) == 2
    assert words in capsys.readouterr().err
