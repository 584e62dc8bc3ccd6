"""The second entry: values typed from the printed tables get the verdict that the tables say."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from constraints.conformity import limits_at
from constraints.judge import Measurement, judge_constraint
from constraints.pack import available_packs, load_pack
from rtplan.metrics.notation import Kind
from rtplan.model import Measured, Verdict

FOLDER = Path(__file__).resolve().parents[2] / "constraints" / "packs"
FILES = sorted(FOLDER.glob("*.cases.toml"))
WORDS = {"met": Verdict.MET, "acceptable": Verdict.ACCEPTABLE, "exceeded": Verdict.EXCEEDED}


def read(path):
    return tomllib.loads(path.read_text(encoding="utf-8"))


def metric_name(row):
    if row.unmeasurable:
        return row.unmeasurable.split(" <")[0]
    if row.to_transcribe:
        return row.to_transcribe
    bracketed = row.metric.kind in {Kind.VOLUME_AT_DOSE, Kind.COLD_VOLUME}
    return str(row.metric).split("[")[0] if bracketed else str(row.metric)


def rows_for(pack, case):
    if "ptv_cc" in case:
        rows = limits_at(case["ptv_cc"], pack.conformity)
    else:
        rows = [row for row in pack.constraints if not row.superseded]
    when = {key: (value,) for key, value in case.get("when", {}).items()}
    count = case.get("fractions")
    return [
        row
        for row in rows
        if ("ptv_cc" in case or row.structure == case["structure"])
        and row.organ == case.get("organ", row.organ)
        and metric_name(row) == case["metric"]
        and (row.fractions is None or count in row.fractions)
        and all(set(values) <= set(row.when.get(key, ())) for key, values in when.items())
        and row.when.keys() == when.keys()
    ]


def facts_of(case):
    """Return facts for which a row holds; of a range its lower end."""
    given = case.get("when", {})
    facts = {key: float(value.split("..")[0]) if ".." in str(value) else value for key, value in given.items()}
    return {**facts, "prior_eqd2_gy": case.get("prior")}


def the_row(pack, case):
    (row,) = rows_for(pack, case)
    return row


def judged(pack, row, case, value):
    """Judge one value; with 100 Gy prescribed, per cent of the prescription and Gy are the same number."""
    bare = row.metric.index in {"+ prior", "/ total"}
    measured = Measured(value, value, value, "Gy" if bare else row.metric.unit)
    (finding,) = judge_constraint(
        pack,
        row,
        lambda _row, _metric: [Measurement("x", measured, prescription_gy=100.0)],
        fractions=case.get("fractions", 5),
        facts=facts_of(case) | ({"months_since_prior": value} if row.metric.index == "MonthsSincePrior" else {}),
    )
    return finding


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_values_get_their_verdict(path):
    cases = read(path)
    pack = load_pack(cases["pack"])
    for case in cases["cases"]:
        row = the_row(pack, case)
        for word, verdict in WORDS.items():
            for value in case.get(word, case.get(f"{word}_months", [])):
                found = judged(pack, row, case, value).verdict if row.computable else Verdict.NOT_JUDGED
                assert found is (verdict if row.computable else Verdict.NOT_JUDGED), (case, word, value)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_risk_bands_rank(path):
    cases = read(path)
    pack = load_pack(cases["pack"])
    for case in cases["cases"]:
        for word, rank in (("inside", Verdict.ACCEPTABLE), ("beyond", Verdict.INDETERMINATE)):
            for value in case.get(word, []):
                finding = judged(pack, the_row(pack, case), case, value)
                assert (finding.verdict, finding.rank_as) == (Verdict.BAND, rank), (case, value)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_bounds_are_the_printed_ones(path):
    cases = read(path)
    pack = load_pack(cases["pack"])
    for case in cases["cases"]:
        row = the_row(pack, case)
        if row.unmeasurable:
            assert row.unmeasurable == case.get("unmeasurable", f"{case['metric']} < {case.get('require', 0):g} Gy")
            continue
        edges = [band.limit.bound for band in row.bands]
        assert edges == case.get("edges", []), case
        for level in ("require", "prefer"):
            limit = getattr(row, level)
            assert (limit and limit.bound) == (pytest.approx(case[level]) if level in case else None), case
        assert all(limit.unit == "%Rx" for limit in row.limits if case.get("of_rx")), case


@pytest.mark.parametrize("info", available_packs(), ids=lambda info: info.id)
def test_every_row_of_a_pack_has_a_case(info):
    pack = load_pack(info.id)
    cases = read(FOLDER / f"{info.id}.cases.toml")["cases"]
    seen = {row.id for case in cases if "ptv_cc" not in case for row in rows_for(pack, case)}
    assert seen == {row.id for row in pack.constraints if not row.superseded and not row.to_transcribe}
    assert {row.ptv_cc for row in pack.conformity} <= {case.get("ptv_cc") for case in cases}


def test_printed_columns_are_not_copied_from_the_machine_table():
    cases = read(FOLDER / "timmerman-2021.cases.toml")["cases"]
    copied = {case["fractions"] for case in cases if case.get("csv_only")}
    assert copied == {20, 30}
