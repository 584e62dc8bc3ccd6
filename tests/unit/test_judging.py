from __future__ import annotations

from dataclasses import replace

import pytest

from constraints.judge import Measurement, Standing, judge, judge_constraint
from constraints.language import parse_limit
from constraints.pack import Applies, Band, Constraint, Pack, load_pack
from rtplan.metrics.notation import Kind
from rtplan.model import Measured, NotMeasured, Verdict

PLAIN = Constraint(
    id="a", structure="Esophagus", cite="somebody2020", trust="V", require=parse_limit("D5cc <= 17.7 Gy"),
    prefer=parse_limit("D5cc <= 16 Gy"), fractions=frozenset({3}), endpoint="stenosis", note="as printed",
)  # fmt: skip
PREFERRED = replace(PLAIN, require=None)
BRAIN = load_pack("hytec-2021").constraint("brain-v12gy-1fx")


def pack_of(*rows, **head):
    return Pack("demo", "Demo", "lung", "draft", "2026-01-15", rows, **head)


def span(low, high=None, unit="Gy"):
    return Measured(low, low, low if high is None else high, unit)


def always(*measurements):
    return lambda _constraint, _metric: measurements


def one(row, value, *, fractions=3, facts=None, **measurement):
    found = judge_constraint(
        pack_of(row), row, always(Measurement("ROI", value, **measurement)), fractions=fractions, facts=facts or {}
    )
    (finding,) = found
    return finding


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (15.0, 15.5, Verdict.MET),
        (16.0, 16.0, Verdict.MET),
        (15.5, 16.5, Verdict.ACCEPTABLE),
        (16.5, 17.0, Verdict.ACCEPTABLE),
        (17.7, 17.7, Verdict.ACCEPTABLE),
        (17.0, 18.0, Verdict.INDETERMINATE),
        (15.0, 18.0, Verdict.INDETERMINATE),
        (17.7, 17.8, Verdict.INDETERMINATE),
        (17.71, 19.0, Verdict.EXCEEDED),
    ],
)
def test_an_interval_against_both_limits(low, high, verdict):
    assert one(PLAIN, span(low, high)).verdict is verdict


@pytest.mark.parametrize("value", [16.1, 99.0])
def test_beyond_a_preference_alone_is_never_exceeded(value):
    assert one(PREFERRED, span(value)).verdict is Verdict.ACCEPTABLE


def test_a_requirement_alone_is_met():
    assert one(replace(PLAIN, prefer=None), span(17.0)).verdict is Verdict.MET


def test_strict_limits_exceed_at_the_bound():
    row = replace(PLAIN, require=parse_limit("D5cc < 17.7 Gy"), prefer=None)
    assert one(row, span(17.7)).verdict is Verdict.EXCEEDED
    assert one(row, span(17.6, 17.7)).verdict is Verdict.INDETERMINATE


def test_a_finding_shows_the_row_and_the_value():
    measured = Measured(17.0, 16.9, 17.1, "Gy", ("slice spacing",), (1.0, 2.0, 3.0))
    finding = one(PLAIN, measured, overlap_cc=1.5, note="with a remark")
    assert (finding.pack, finding.constraint, finding.structure, finding.roi) == ("demo", "a", "Esophagus", "ROI")
    assert (finding.metric, finding.limit) == ("D5cc", "<= 17.7 Gy (prefer <= 16 Gy)")
    assert (finding.bound, finding.margin_pct) == (17.7, pytest.approx(100 * 0.7 / 17.7))
    assert (finding.cite, finding.trust, finding.endpoint) == ("somebody2020", "V", "stenosis")
    assert (finding.note, finding.overlap_cc) == ("as printed; with a remark", 1.5)
    assert finding.measured is measured
    assert finding.where_mm == (1.0, 2.0, 3.0)


def test_an_indeterminate_finding_names_limit_interval_and_cause():
    finding = one(PLAIN, Measured(17.7, 17.0, 18.0, "Gy", ("slice spacing",)))
    assert finding.reason == "the limit <= 17.7 Gy lies within the interval 17 to 18 Gy: slice spacing"


@pytest.mark.parametrize(
    ("standing", "value", "verdict"),
    [
        (Standing.CONSERVATIVE, 15.0, Verdict.MET),
        (Standing.CONSERVATIVE, 17.0, Verdict.NOT_JUDGED),
        (Standing.CONSERVATIVE, 19.0, Verdict.NOT_JUDGED),
        (Standing.LENIENT, 15.0, Verdict.NOT_JUDGED),
        (Standing.LENIENT, 17.0, Verdict.NOT_JUDGED),
        (Standing.LENIENT, 19.0, Verdict.EXCEEDED),
    ],
)
def test_a_stand_in_proves_one_thing_only(standing, value, verdict):
    finding = one(PLAIN, span(value), standing=standing, note="SpinalCanal for SpinalCord")
    assert finding.verdict is verdict
    assert (finding.reason is None) == (verdict is not Verdict.NOT_JUDGED)
    assert finding.reason is None or "SpinalCanal for SpinalCord" in finding.reason


@pytest.mark.parametrize("standing", [Standing.CONSERVATIVE, Standing.LENIENT])
def test_an_indeterminate_stand_in_proves_nothing(standing):
    assert one(PLAIN, span(17.0, 18.0), standing=standing).verdict is Verdict.NOT_JUDGED


def test_what_was_not_measured_is_not_judged():
    finding = one(PLAIN, NotMeasured("the structure is smaller than 5 cc", "Gy"))
    assert (finding.verdict, finding.reason) == (Verdict.NOT_JUDGED, "the structure is smaller than 5 cc")


def test_no_structure_is_one_finding():
    (finding,) = judge_constraint(pack_of(PLAIN), PLAIN, always(), fractions=3)
    assert (finding.verdict, finding.reason) == (Verdict.NOT_JUDGED, "there is no structure Esophagus")


def test_each_structure_has_its_own_finding():
    left, right = Measurement("Lung left", span(15)), Measurement("Lung right", span(19))
    found = judge_constraint(pack_of(PLAIN), PLAIN, always(left, right), fractions=3)
    assert [(finding.roi, finding.verdict) for finding in found] == [
        ("Lung left", Verdict.MET), ("Lung right", Verdict.EXCEEDED),
    ]  # fmt: skip


# --- what applies ---


def test_another_fraction_count_gives_no_finding():
    assert judge(pack_of(PLAIN), always(Measurement("ROI", span(99))), fractions=5) == ()


def test_a_pack_for_another_fraction_count_gives_no_finding():
    row = replace(PLAIN, fractions=None)
    pack = pack_of(row, applies=Applies(fractions=frozenset({1})))
    assert judge(pack, always(Measurement("ROI", span(99))), fractions=3) == ()


def test_without_a_fraction_count_values_are_shown_and_not_judged():
    finding = one(PLAIN, span(99.0), fractions=None)
    assert (finding.verdict, finding.reason) == (Verdict.NOT_JUDGED, "no fraction count is known")
    assert finding.measured == span(99.0)


@pytest.mark.parametrize("text", ["Dmax < 30 Gy", "V20Gy < 30 %", "BED(10){Rx} >= 100 Gy"])
def test_a_dose_limit_needs_a_fraction_count_even_if_the_row_names_none(text):
    limit = parse_limit(text)
    row = replace(PREFERRED, prefer=limit, fractions=None)
    assert one(row, span(1.0, unit=limit.metric.unit), fractions=None).verdict is Verdict.NOT_JUDGED


def test_shares_of_the_prescription_need_no_fraction_count():
    row = replace(PLAIN, require=None, prefer=parse_limit("D95% >= 100 %Rx"), fractions=None)
    assert one(row, span(50.0), fractions=None, prescription_gy=50.0).verdict is Verdict.MET


def test_a_share_of_an_unknown_prescription_is_not_judged():
    row = replace(PLAIN, require=None, prefer=parse_limit("D95% >= 100 %Rx"))
    finding = one(row, span(50.0))
    assert finding.verdict is Verdict.NOT_JUDGED
    assert "prescription" in finding.reason
    assert finding.bound is None


def test_the_bound_is_shown_in_the_unit_of_the_value():
    row = replace(PLAIN, require=parse_limit("D5cc < 105 %Rx"), prefer=None)
    assert one(row, span(50.0), prescription_gy=50.0).bound == 52.5


def test_facts_that_differ_leave_the_row_out():
    row = replace(PLAIN, when={"sex": ("female",)})
    assert judge(pack_of(row), always(Measurement("ROI", span(1))), fractions=3, facts={"sex": "male"}) == ()


@pytest.mark.parametrize("facts", [{}, {"sex": None}])
def test_a_missing_fact_is_named(facts):
    finding = one(replace(PLAIN, when={"sex": ("female",)}), span(1.0), facts=facts)
    assert finding.verdict is Verdict.NOT_JUDGED
    assert "depends on sex" in finding.reason


@pytest.mark.parametrize("sex", ["female", "Female"])
def test_a_fact_that_fits(sex):
    row = replace(PLAIN, when={"sex": ("female",)})
    assert one(row, span(1.0), facts={"sex": sex}).verdict is Verdict.MET


def test_one_fact_that_differs_is_enough_to_leave_the_row_out():
    row = replace(PLAIN, when={"sex": ("female",), "central": (True,)})
    assert judge(pack_of(row), always(Measurement("ROI", span(1))), fractions=3, facts={"central": False}) == ()


def test_superseded_rows_give_nothing():
    row = replace(PLAIN, superseded=True)
    assert judge(pack_of(row), always(Measurement("ROI", span(99))), fractions=3) == ()


def test_information_never_governs():
    (finding,) = judge(pack_of(replace(PLAIN, information=True)), always(Measurement("ROI", span(99))), fractions=3)
    assert not finding.governs


def test_only_the_chosen_rows():
    rows = pack_of(PLAIN, replace(PLAIN, id="b"))
    found = judge(rows, always(Measurement("ROI", span(1))), fractions=3, only={"b"}, governs=False, lesion="PTV1")
    assert [(finding.constraint, finding.governs, finding.lesion) for finding in found] == [("b", False, "PTV1")]


def test_a_row_that_cannot_be_computed_is_listed_without_measuring():
    row = load_pack("timmerman-2021").constraint("peripheral-named-nerve-d2cm-length-5fx")
    (finding,) = judge_constraint(pack_of(row), row, always(Measurement("ROI", span(1))), fractions=5)
    assert finding.verdict is Verdict.NOT_JUDGED
    assert finding.reason.startswith("a length, not a volume")
    assert (finding.metric, finding.limit) == ("D[2cm length]", "< 31.5 Gy")


def test_a_row_without_a_name_says_so():
    row = load_pack("timmerman-2021").constraint("lens-d0.035cc-10fx")
    (finding,) = judge_constraint(pack_of(row), row, always(Measurement("ROI", span(1))), fractions=10)
    assert (finding.structure, finding.reason) == ("Lens", "the table names 'Lens' without a TG-263 name")


# --- risk bands ---


@pytest.mark.parametrize(
    ("low", "high", "reason", "rank"),
    [
        (3, 4, "V12Gy <= 5 cc: risk up to 10 %", Verdict.ACCEPTABLE),
        (5, 5, "V12Gy <= 5 cc: risk up to 10 %", Verdict.ACCEPTABLE),
        (6, 7, "V12Gy between 5 and 10 cc: risk 10-15 %", Verdict.ACCEPTABLE),
        (
            4, 6, "V12Gy <= 5 cc: risk up to 10 %; or V12Gy between 5 and 10 cc: risk 10-15 %", Verdict.ACCEPTABLE
        ),
        (
            14, 16, "V12Gy between 10 and 15 cc: risk 15-20 %; or V12Gy beyond 15 cc: risk 20 % or more",
            Verdict.INDETERMINATE,
        ),
        (15.1, 20, "V12Gy beyond 15 cc: risk 20 % or more", Verdict.INDETERMINATE),
    ],
)  # fmt: skip
def test_a_risk_band_is_reported_and_ranked(low, high, reason, rank):
    finding = one(BRAIN, span(low, high, "cc"), fractions=1)
    assert (finding.verdict, finding.reason, finding.rank_as) == (Verdict.BAND, reason, rank)
    assert finding.limit == "bands <= 5 cc, <= 10 cc, <= 15 cc"
    assert finding.counts_as is rank


def test_rising_bands_read_from_the_best_down():
    row = load_pack("bed-targets").constraint("adrenal-bed10")
    finding = one(row, span(85.5), fractions=5, facts={"site": "adrenal"})
    assert finding.reason.startswith("BED(10){Rx} between 80 and 100 Gy: local control at 80 Gy")
    assert not finding.governs


def test_a_band_of_a_stand_in_is_not_judged():
    assert one(BRAIN, span(3, unit="cc"), fractions=1, standing=Standing.LENIENT).verdict is Verdict.NOT_JUDGED


def test_a_band_that_needs_a_prescription_is_not_judged_without():
    band = Band(parse_limit("Dmax <= 50 %Rx"), "some", "x", "V")
    row = replace(PLAIN, require=None, prefer=None, bands=(band,))
    assert one(row, span(1.0)).verdict is Verdict.NOT_JUDGED


# --- critical volumes and tables by volume ---


def test_a_third_of_a_large_organ_replaces_the_printed_volume():
    row = load_pack("timmerman-2021").constraint("liver-cv700cc-5fx")
    values = {"cc": 20.0, "%": 22.0}

    def measure(_constraint, metric):
        assert metric.kind is Kind.COLD_DOSE
        return [Measurement("Liver", span(values[metric.at_unit]))]

    (finding,) = judge_constraint(pack_of(row), row, measure, fractions=5)
    assert (finding.verdict, finding.measured) == (Verdict.EXCEEDED, span(22.0))
    values["%"] = 3.0
    (finding,) = judge_constraint(pack_of(row), row, measure, fractions=5)
    assert (finding.verdict, finding.measured) == (Verdict.MET, span(20.0))


def test_a_third_that_was_not_measured_proves_nothing():
    row = load_pack("timmerman-2021").constraint("liver-cv700cc-5fx")

    def measure(_constraint, metric):
        value = span(1.0) if metric.at_unit == "cc" else NotMeasured("cut off by the scan")
        return [Measurement("Liver", value)]

    (finding,) = judge_constraint(pack_of(row), row, measure, fractions=5)
    assert (finding.verdict, finding.reason) == (Verdict.NOT_JUDGED, "cut off by the scan")


CONFORMITY = load_pack("rtog0813-0915-conformity")


def conformity(ptv_cc):
    units = {"R100": (1.1, ""), "R50": (4.9, ""), "D2cm[%]": (70.0, "%Rx"), "V20Gy[%]": (9.0, "%")}
    facts = {} if ptv_cc is None else {"ptv_cc": ptv_cc}

    def measure(_constraint, metric):
        value, unit = units[str(metric)]
        return [Measurement("PTV1", span(value, unit=unit))]

    return judge(CONFORMITY, measure, fractions=5, facts=facts)


def test_conformity_is_judged_at_the_volume_of_the_target():
    found = {finding.constraint: finding for finding in conformity(28.0)}
    assert {key: finding.verdict for key, finding in found.items()} == {
        "r100": Verdict.MET, "r50": Verdict.ACCEPTABLE, "d2cm": Verdict.EXCEEDED, "lungs-v20gy": Verdict.MET,
    }  # fmt: skip
    assert found["r50"].limit == "< 5.4 (prefer < 4.4)"


@pytest.mark.parametrize(
    ("ptv_cc", "says"), [(1.0, "outside the table"), (200.0, "outside the table"), (None, "volume of the target")]
)
def test_conformity_outside_the_table_is_not_judged(ptv_cc, says):
    found = conformity(ptv_cc)
    assert len(found) == 4
    assert all(finding.verdict is Verdict.NOT_JUDGED for finding in found)
    assert all(says in finding.reason for finding in found)
    assert all(finding.limit == "" for finding in found)
