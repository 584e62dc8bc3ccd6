"""Models in the audit: what they are given, what they say without it, and that they never reach the verdict."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files

import jsonschema
import pytest
from scipy.special import expit

from rtplan.errors import SheetError
from rtplan.model import Measured, NotMeasured
from rtplan.pipeline import parse_sheet
from rtplan.radiobiology import edic_gy, outcome_model, outcome_models, same_effect_gy
from rtplan.radiobiology.outcomes import panel_plans
from rtplan.report import render


def panel(report, panel_id):
    return next(item for item in report.panels if item.id == panel_id)


def outcome(report, model_id):
    return next(item for group in report.panels for item in group.outcomes if item.model == model_id)


@pytest.fixture(scope="module")
def hot_lung(patient, kit):
    """54 Gy in 3 in the lung; heart, esophagus and chest wall each at an even dose."""
    return irradiated(patient, kit).audit()


def irradiated(patient, kit):
    organs = [("Heart", -100, 9.0), ("Esophagus", 0, 12.0), ("Chestwall", 100, 36.0)]
    boxes = [kit.Box(name, (x, 74, 70), (8, 8, 10), dose_gy=dose_gy) for name, x, dose_gy in organs]
    return patient("lung", targets=(kit.Target(rx_gy=54.0),)).with_(*boxes)


def test_a_lung_lesion_of_100_gy_brings_the_pneumonitis_readings(hot_lung):
    found = panel(hot_lung, "pneumonitis")
    assert [(item.structure, item.metric) for item in found.readings] == [
        ("Lungs - GTV", "Dmean"), ("Lungs - GTV", "V20Gy"), ("Lungs - GTV", "V5Gy"), ("Lungs", "CV1500cc"), ("Lungs", "CV1000cc"),
    ]  # fmt: skip
    assert "reaches 100 Gy" in found.reason
    # No GTV is drawn: the whole lungs are measured, and it is said.
    assert "nothing is taken away" in found.readings[0].note
    assert all(isinstance(item.value, Measured) for item in found.readings)
    lungs = next(curve for curve in hot_lung.curves if curve.name == "Lungs")
    mean = next(item.value for item in lungs.readings if item.metric == "Dmean")
    assert found.readings[0].value.value == pytest.approx(mean.value)


@pytest.mark.parametrize(("rx_gy", "fractions", "shown"), [(50.0, 5, True), (49.9, 5, False), (45.0, 3, True)])
def test_the_border_of_100_gy(patient, kit, rx_gy, fractions, shown):
    report = patient("lung", fractions=fractions, targets=(kit.Target(rx_gy=rx_gy),)).audit()
    assert bool(panel(report, "pneumonitis").readings) == shown
    assert panel(report, "pneumonitis").outcomes


def test_a_model_is_given_the_metric_of_the_converted_distribution(hot_lung):
    """The heart has one dose throughout: the D10% of the converted distribution is the converted dose."""
    found = outcome(hot_lung, "pneumonitis-huang")
    mld, heart = (item.value.value for item in found.inputs)
    assert heart == pytest.approx(float(same_effect_gy(9.0, 3, alpha_beta_gy=3, to=38)), rel=1e-3)
    assert found.value.value == pytest.approx(100 * expit(-3.5 + 0.0649 * mld + 0.0234 * heart))
    physical = panel(hot_lung, "pneumonitis").readings[0].value.value
    assert mld > float(same_effect_gy(physical, 3, alpha_beta_gy=3, to=38))


def test_an_interval_goes_through_the_model(hot_lung):
    found = outcome(hot_lung, "esophagitis-jackson")
    (given,) = found.inputs
    for end in ("low", "value", "high"):
        expected = 100 * outcome_model("esophagitis-jackson").probability({"d3cc": getattr(given.value, end)})
        assert getattr(found.value, end) == pytest.approx(expected)
    assert found.value.low < found.value.high


def test_facts_that_nobody_gave_widen_the_interval_and_are_named(patient, hot_lung, kit):
    open_ = outcome(hot_lung, "esophagitis-wijsman")
    assert "facts of the patient that were not given (concurrent_chemotherapy, sex, t3_or_t4)" in open_.value.causes[0]
    made = irradiated(patient, kit)
    facts = '[patient]\nsex = "female"\nconcurrent_chemotherapy = true\nt3_or_t4 = true'
    worst = outcome(made.audit(sheet=facts), "esophagitis-wijsman").value
    mildest = outcome(
        made.audit(sheet='[patient]\nsex = "male"\nconcurrent_chemotherapy = false\nt3_or_t4 = false'),
        "esophagitis-wijsman",
    ).value
    assert open_.value.high == pytest.approx(worst.high, rel=1e-6)
    assert open_.value.value == pytest.approx(mildest.value, rel=1e-6)
    assert not any("not given" in cause for cause in (*worst.causes, *mildest.causes))


def test_appelt_reaches_down_to_the_current_smoker(hot_lung):
    found = outcome(hot_lung, "pneumonitis-appelt")
    (given,) = found.inputs
    low = outcome_model("pneumonitis-appelt").probability({"mld": given.value.low}, {"smoking": "current"})
    everything = {
        "pulmonary_comorbidity": True, "mid_or_lower_lobe": True, "age": 64, "sequential_chemotherapy": True,
    }  # fmt: skip
    high = outcome_model("pneumonitis-appelt").probability({"mld": given.value.high}, everything)
    assert (found.value.low, found.value.high) == pytest.approx((100 * low, 100 * high))


def test_a_number_that_nobody_gave_leaves_no_value(patient, hot_lung, kit):
    found = outcome(hot_lung, "chest-wall-pain")
    assert "bmi is needed as a number" in found.value.reason
    given = outcome(irradiated(patient, kit).audit(sheet="[patient]\nbmi = 25"), "chest-wall-pain")
    v99 = given.inputs[0].value.value
    assert v99 > 1
    expected = 100 * outcome_model("chest-wall-pain").probability({"v99": v99}, {"bmi": 25})
    assert given.value.value == pytest.approx(expected)


@pytest.mark.parametrize("bmi", ['"25"', "true"])
def test_a_number_of_another_kind_is_none(patient, bmi):
    found = outcome(patient("lung").audit(sheet=f"[patient]\nbmi = {bmi}"), "chest-wall-pain")
    assert isinstance(found.value, NotMeasured)


def test_fits_on_conventional_fractionation_are_extrapolated(hot_lung, patient, kit):
    assert any(
        "conventional" in text and "extrapolated" in text for text in outcome(hot_lung, "pneumonitis-huang").caveats
    )
    assert any("not stated: extrapolated" in text for text in outcome(hot_lung, "esophagitis-jackson").caveats)
    small = patient("lung", fractions=30, targets=(kit.Target(rx_gy=60.0),)).audit()
    assert not any("conventional" in text for text in outcome(small, "pneumonitis-huang").caveats)


def test_what_lies_between_two_published_points_only_is_extrapolated_elsewhere(hot_lung):
    found = outcome(hot_lung, "pneumonitis-several-lesions-mld")
    assert not 6.1 <= found.inputs[0].value.value <= 9.1
    assert "extrapolated: outside 6.1 to 9.1 Gy" in found.caveats


def test_every_conversion_prints_its_alpha_beta(hot_lung, patient):
    for group in hot_lung.panels:
        for item in group.outcomes:
            converted = any(given.fraction_gy or given.fractions for given in outcome_model(item.model).inputs)
            assert any("alpha/beta" in text for text in item.caveats) == (converted and bool(item.inputs)), item.model
    own = outcome(patient("lung").audit(sheet="[alpha_beta]\nEsophagus = 4.5"), "esophagus-burman")
    assert any("alpha/beta 4.5 Gy (esophagus, late effects; the user)" in text for text in own.caveats)


def test_conflicting_models_stand_side_by_side_and_only_for_their_disease(patient, plain_reports):
    metastasis = panel(plain_reports("liver"), "liver-disease")
    assert [item.model for item in metastasis.outcomes] == ["rild-metastases"]
    primary = panel(patient("liver").audit(sheet='[patient]\ndisease = "primary"'), "liver-disease")
    assert [item.model for item in primary.outcomes] == ["rild-primary-38.8", "rild-primary-39.8"]
    assert {item.trust for item in primary.outcomes} == {"C"}


def test_control_of_an_adrenal_lesion_by_its_prescription(patient, plain_reports, kit):
    report = patient("adrenal", targets=(kit.Target(rx_gy=36.0),)).audit()
    found = outcome(report, "adrenal-control-1y")
    assert found.lesion == "PTV"
    assert found.inputs[0].value.value == pytest.approx(79.2)
    assert 70.5 < found.value.value < 84.8
    assert found.value.low == found.value.high
    beyond = outcome(plain_reports("adrenal"), "adrenal-control-1y")
    assert beyond.value.reason == "nothing is published outside 60 to 100 Gy"


@pytest.mark.parametrize("site", ["spine", "bone"])
def test_sites_without_models_have_no_panel(plain_reports, site):
    assert plain_reports(site).panels == ()


def test_what_is_off_says_why_and_is_shown_on_request_as_unverified(patient, plain_reports, kit):
    off = outcome(plain_reports("lung"), "edic")
    assert off.value.reason.startswith("off: unverified")
    assert off.inputs == ()
    made = patient("lung").with_(kit.Box("Body", (0, 0, 0), (144, 144, 96), role="EXTERNAL"))
    report = made.audit(sheet='[models]\nshow = ["edic"]')
    shown = outcome(report, "edic")
    lung, heart, body = (item.value.value for item in shown.inputs)
    expected = edic_gy(lung_mean_gy=lung, heart_mean_gy=heart, body_mean_gy=body, fractions=3)
    assert shown.value.value == pytest.approx(expected)
    whole = next(curve for curve in report.curves if curve.name == "Body")
    mean = next(item.value.value for item in whole.readings if item.metric == "Dmean")
    assert body == pytest.approx(mean * whole.volume_cc.value / 61.8e3)
    assert shown.value.unit == "Gy"
    assert shown.caveats[0].startswith("unverified, shown on request")


def test_a_structure_that_is_missing_leaves_no_value_and_says_which(patient):
    report = patient("lung").without("Heart").audit()
    assert "Heart" in outcome(report, "pneumonitis-huang").value.reason
    assert isinstance(outcome(report, "pneumonitis-jackson").value, Measured)


def test_without_a_fraction_count_nothing_is_converted(patient):
    report = patient("lung", fractions=None).audit()
    assert "no fraction count" in outcome(report, "pneumonitis-huang").value.reason
    assert isinstance(outcome(report, "pneumonitis-several-lesions-mld").value, Measured)


def test_nothing_is_shown_of_a_dose_that_must_not_be_judged(patient):
    report = patient("lung", dose={"dose_type": "EFFECTIVE"}).audit()
    values = [item.value for group in report.panels for item in (*group.readings, *group.outcomes)]
    values += [given.value for group in report.panels for item in group.outcomes for given in item.inputs]
    assert values
    assert all(isinstance(value, NotMeasured) for value in values)


def test_the_verdict_is_the_same_whatever_the_models_say(patient, plain_reports, hot_lung):
    plain = plain_reports("lung")
    shown = [item.id for item in outcome_models() if item.off]
    asked = patient("lung").audit(sheet=f"[patient]\nbmi = 60\n[models]\nshow = {json.dumps(shown)}")
    assert (plain.verdict, len(plain.findings)) == (asked.verdict, len(asked.findings))
    assert hot_lung.panels


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[alpha_beta]\nSpinalCord = 0", "a positive number of Gy"),
        ("[alpha_beta]\nSpinalCord = true", "a positive number of Gy"),
        ("[alpha_beta]\nSpinalCord = inf", "a positive number of Gy"),
        ("[alpha_beta]\nCouch = 3", "no tissue and no standard name"),
        ("alpha_beta = 3", "alpha_beta"),
        ('[models]\nshow = ["nothing"]', "there is no model 'nothing'"),
        ("[models]\nshow = 3", "a list of ids"),
        ("[models]\nhide = []", "unknown key 'hide'"),
    ],
)
def test_a_wrong_sheet_is_refused(text, words):
    with pytest.raises(SheetError, match=words):
        parse_sheet(text)


def test_every_report_shows_the_panels(hot_lung):
    document = json.loads(render(hot_lung, "json"))
    schema = json.loads((files("rtplan") / "schema" / "audit.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(document)
    found = {item["model"]: item for group in document["panels"] for item in group["models"]}
    assert found["pneumonitis-huang"]["value"] == outcome(hot_lung, "pneumonitis-huang").value.value
    for form in ("text", "html"):
        shown = " ".join(render(hot_lung, form).split())
        assert "nothing here is judged" in shown
        for group in panel_plans():
            assert (group.title in shown) == (group.site == "lung")
        assert "extrapolated" in shown
        assert "nothing is taken away" in shown
        assert "LQ is uncertain above about 10-15 Gy a fraction" in shown


def test_names_of_lesions_stay_text_in_html(plain_reports):
    report = plain_reports("adrenal")
    (group,) = [item for item in report.panels if item.id == "adrenal-control"]
    hostile = replace(group, lesions=("<b>x</b>",), outcomes=(replace(group.outcomes[0], lesion="<b>y</b>"),))
    shown = render(replace(report, panels=(hostile,)), "html")
    assert "<b>" not in shown
    assert "&lt;b&gt;y" in shown
