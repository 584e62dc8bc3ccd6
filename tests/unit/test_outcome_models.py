"""Models of complication and control against values worked out by hand, and what their data must hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import norm

from constraints.language import parse_metric
from constraints.rules import TRUST
from rtplan.errors import UsageError
from rtplan.geometry.expression import names_in, parse_expression
from rtplan.radiobiology import bed_gy, edic_gy, eqd2_gy, geud_gy, outcome_model, outcome_models, same_effect_gy
from rtplan.radiobiology.outcomes import absent, panel_plans

MODELS = outcome_models()


def p(model_id, facts=None, **values):
    return outcome_model(model_id).probability(values, facts)


@pytest.mark.parametrize(("geud", "expected"), [(30, 0.00202), (40, 0.1456)])
def test_liver_disease_of_metastases(geud, expected):
    assert p("rild-metastases", geud=geud) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(
    ("mld", "plain", "comorbid"),
    [(5, 0.0168, 0.0374), (8, 0.0253, 0.0556), (10, 0.0331, 0.0720), (20, 0.1200, 0.2364)],
)
def test_appelt(mld, plain, comorbid):
    # At 10 Gy the closed form is 0.03305, printed as 0.0331.
    assert p("pneumonitis-appelt", mld=mld) == pytest.approx(plain, abs=6e-5)
    assert p("pneumonitis-appelt", {"pulmonary_comorbidity": True}, mld=mld) == pytest.approx(comorbid, abs=5e-5)


def test_appelt_is_its_published_form():
    """D50 = (1 - ln OR / 4 gamma0) D50_0 and gamma = gamma0 - ln OR / 4 come to the same for several risks."""
    log_odds = math.log(2.27 * 1.66 * 0.62)
    d50, gamma = (1 - log_odds / (4 * 1.19)) * 34.4, 1.19 - log_odds / 4
    facts = {"pulmonary_comorbidity": True, "age": 70, "smoking": "current", "mid_or_lower_lobe": False}
    for mld in (0.0, 7.0, 21.0):
        expected = 1 / (1 + math.exp(4 * gamma * (1 - mld / d50)))
        assert p("pneumonitis-appelt", facts, mld=mld) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("mld", "expected"), [(0, 0.0204), (8, 0.0541), (20, 0.2059), (30, 0.4775)])
def test_quantec(mld, expected):
    assert p("pneumonitis-quantec", mld=mld) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(("mld", "v5", "expected"), [(6.1, 31.6, 0.2), (9.1, 42.8, 0.5)])
def test_several_lesions(mld, v5, expected):
    assert p("pneumonitis-several-lesions-mld", mld=mld) == pytest.approx(expected, abs=5e-4)
    assert p("pneumonitis-several-lesions-v5", v5=v5) == pytest.approx(expected, abs=5e-4)


def test_chest_wall():
    assert p("chest-wall-pain", {"bmi": 25}, v99=30) == pytest.approx(0.180, abs=5e-4)
    with pytest.raises(UsageError, match="needs bmi"):
        p("chest-wall-pain", v99=30)


def test_esophagitis():
    assert p("esophagitis-huang", med=20) == pytest.approx(0.1475, abs=5e-5)
    with_chemotherapy = p("esophagitis-huang", {"concurrent_chemotherapy": True}, med=20)
    assert with_chemotherapy == pytest.approx(expit(-3.13 + 0.0688 * 20 + 1.5))
    facts = {"sex": "female", "concurrent_chemotherapy": False, "t3_or_t4": True}
    assert p("esophagitis-wijsman", facts, med=20) == pytest.approx(expit(-6.418 + 0.117 * 20 + 1.204 + 0.994))
    assert p("esophagitis-jackson", d3cc=40) == pytest.approx(expit(-4.53 + 0.0882 * 40))


@pytest.mark.parametrize("volume", ["0.01", "0.1"])
def test_bronchial_tree_at_100_gy(volume):
    assert p(f"pulmonary-g5-pbt-d{volume}cc", dose=100) == pytest.approx(0.0592, abs=5e-5)
    assert p(f"pulmonary-g3-pbt-d{volume}cc", dose=100) == pytest.approx(0.0726, abs=5e-5)


@pytest.mark.parametrize(
    ("model_id", "d50", "m"),
    [
        ("rild-primary-38.8", 38.8, 0.12),
        ("rild-primary-39.8", 39.8, 0.15),
        ("pneumonitis-seppenwoolde", 30.8, 0.37),
        ("pneumonitis-burman", 24.5, 0.18),
        ("pericarditis-burman", 48, 0.10),
        ("myelopathy-burman", 66.5, 0.175),
        ("brain-necrosis-burman", 60, 0.15),
        ("brainstem-burman", 65, 0.14),
        ("optic-burman", 65, 0.14),
        ("kidney-0.10", 28, 0.10),
        ("kidney-0.12", 28, 0.12),
        ("esophagus-burman", 68, 0.11),
    ],
)
def test_volume_models(model_id, d50, m):
    assert p(model_id, geud=d50) == pytest.approx(0.5)
    assert p(model_id, geud=0.9 * d50) == pytest.approx(norm.cdf(-0.1 / m))


@pytest.mark.parametrize(
    ("model_id", "n"),
    [("rild-metastases", 0.97), ("pneumonitis-seppenwoolde", 0.99), ("pneumonitis-burman", 0.87),
     ("pericarditis-burman", 0.35), ("myelopathy-burman", 0.05), ("brainstem-burman", 0.16),
     ("optic-burman", 0.25), ("kidney-0.12", 0.70), ("esophagus-burman", 0.06)],
)  # fmt: skip
def test_the_volume_effect(model_id, n):
    (wanted,) = outcome_model(model_id).inputs
    assert parse_metric(wanted.metric).at == pytest.approx(1 / n)


def test_adrenal_control_runs_straight_in_logit_between_published_points():
    for years, points in ((1, {60: 70.5, 80: 84.8, 100: 92.9}), (2, {60: 47.8, 80: 70.1, 100: 85.6})):
        for bed10, percent in points.items():
            assert 100 * p(f"adrenal-control-{years}y", bed10=bed10) == pytest.approx(percent)
        middle = expit((logit(points[60] / 100) + logit(points[80] / 100)) / 2)
        assert p(f"adrenal-control-{years}y", bed10=70) == pytest.approx(middle)
        for outside in (59.999, 100.001):
            with pytest.raises(UsageError, match="nothing is published outside 60 to 100 Gy"):
                p(f"adrenal-control-{years}y", bed10=outside)


def test_ohri():
    assert p("lung-control-ohri", {"tumour_size_cm": 3}, bed10=105.6) == pytest.approx(expit((105.6 - 30) / 31))


@pytest.mark.parametrize(
    ("lung", "heart", "body", "fractions", "expected"), [(10, 8, 2, 30, 3.226), (5, 2, 1, 5, 1.309)]
)
def test_dose_to_immune_cells(lung, heart, body, fractions, expected):
    found = edic_gy(lung_mean_gy=lung, heart_mean_gy=heart, body_mean_gy=body, fractions=fractions)
    assert found == pytest.approx(expected, abs=5e-4)
    with pytest.raises(UsageError, match="a dose, not a probability"):
        p("edic", mld=1, mhd=1, mbd=1)


# The whole of the data


@pytest.mark.parametrize("item", MODELS, ids=lambda item: item.id)
def test_every_model_says_where_it_comes_from_and_what_it_asks(item):
    assert item.title
    assert item.cite
    assert item.fitted
    assert item.trust in {*TRUST, "M"}
    for wanted in item.inputs:
        if wanted.metric != "Integral":
            assert parse_metric(wanted.metric)
        assert not wanted.structure or names_in(parse_expression(wanted.structure))
    slopes = set(item.slopes) or {"geud"}
    assert item.form in {"points", "edic"} or slopes == {wanted.key for wanted in item.inputs}


def test_what_stands_on_memory_alone_is_off_and_nothing_else_is():
    assert {item.id for item in MODELS if item.off} == {item.id for item in MODELS if item.trust == "M"}
    assert {"edic", "pneumonitis-quantec", "lung-control-ohri", "brain-necrosis-burman"} <= {
        item.id for item in MODELS if item.off
    }


def test_what_conflicts_comes_in_pairs_and_neither_is_the_default():
    pairs = [item for item in MODELS if item.trust == "C"]
    assert len(pairs) >= 7
    assert all("neither is the default" in item.note for item in pairs)


def test_panels_name_models_that_are_there():
    known = {item.id for item in MODELS}
    assert all(set(panel.models) <= known for panel in panel_plans())
    assert all(what and why for what, why in absent())


@pytest.mark.parametrize("item", [item for item in MODELS if item.form != "edic"], ids=lambda item: item.id)
def test_every_model_rises_with_every_dose_and_stays_a_probability(item):
    top = 100.0 if item.form == "points" else 150.0
    doses = np.linspace(60.0 if item.form == "points" else 0.0, top, 60)
    facts = {fact.name: 3.0 for fact in item.facts if fact.is_number}
    for moved in item.inputs:
        curve = [
            item.probability({wanted.key: (dose if wanted is moved else 70.0) for wanted in item.inputs}, facts)
            for dose in doses
        ]
        assert (np.diff(curve) >= 0).all()
        assert 0 <= curve[0] < curve[-1] <= 1


@pytest.mark.parametrize("item", MODELS, ids=lambda item: item.id)
def test_a_model_without_its_input_says_so(item):
    with pytest.raises(UsageError, match=f"{item.id} needs"):
        item.probability({})


def test_an_unknown_model_is_refused_with_a_list():
    with pytest.raises(UsageError, match="there is no model 'rild'; there is: rild-metastases"):
        outcome_model("rild")


# Conversions


@given(st.floats(0.1, 150), st.integers(1, 30), st.floats(0.5, 20), st.integers(1, 40))
def test_the_same_effect_has_the_same_bed(dose_gy, fractions, ratio, to):
    bed = float(bed_gy(dose_gy, fractions, alpha_beta_gy=ratio))
    many = float(same_effect_gy(dose_gy, fractions, alpha_beta_gy=ratio, to=to))
    assert float(bed_gy(many, to, alpha_beta_gy=ratio)) == pytest.approx(bed, rel=1e-9)
    sized = float(same_effect_gy(dose_gy, fractions, alpha_beta_gy=ratio, fraction_gy=2.0))
    assert sized == pytest.approx(float(eqd2_gy(dose_gy, fractions, alpha_beta_gy=ratio)), rel=1e-12)
    assert float(same_effect_gy(dose_gy, fractions, alpha_beta_gy=ratio, to=fractions)) == pytest.approx(dose_gy)


def test_a_converted_array_keeps_its_shape_and_zero_stays_zero():
    assert same_effect_gy([], 3, alpha_beta_gy=3, to=35).shape == (0,)
    assert float(same_effect_gy(0.0, 3, alpha_beta_gy=3, to=35)) == 0.0
    assert float(same_effect_gy(7.0, 3, alpha_beta_gy=3)) == 7.0


@given(
    st.lists(st.tuples(st.floats(0, 80), st.floats(0.01, 10)), min_size=1, max_size=20), st.sampled_from([1, 2, 8, 20])
)
def test_a_geud_lies_between_mean_and_maximum_and_rises_with_the_exponent(pairs, exponent):
    dose, volume = np.array(pairs).T
    found = geud_gy(dose, volume, exponent=exponent)
    mean = float(dose @ volume / volume.sum())
    assert mean - 1e-9 <= found <= dose.max() + 1e-9
    assert found <= geud_gy(dose, volume, exponent=exponent + 3) + 1e-9


def test_a_geud_by_hand():
    assert geud_gy([10, 20], [1, 3], exponent=2) == pytest.approx(math.sqrt((100 + 3 * 400) / 4))
    assert geud_gy([50, 60], [1, 1], exponent=-10) < 55
    with pytest.raises(ValueError, match="not zero"):
        geud_gy([1], [1], exponent=0)
