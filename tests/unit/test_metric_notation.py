"""Metric notation: every form reads, reads back, or is refused with the sentence that helps."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtplan.errors import MetricError, UsageError
from rtplan.metrics.notation import INDICES, Kind, Metric, Twin, parse


@pytest.mark.parametrize(
    ("text", "metric"),
    [
        ("Dmin", Metric(Kind.MINIMUM)),
        ("Dmax", Metric(Kind.MAXIMUM)),
        ("Dmean", Metric(Kind.MEAN)),
        ("Dmean[%]", Metric(Kind.MEAN, unit="%Rx")),
        ("D95%", Metric(Kind.DOSE_AT_VOLUME, 95.0, "%")),
        ("D95%[Gy]", Metric(Kind.DOSE_AT_VOLUME, 95.0, "%")),
        ("D95%[%]", Metric(Kind.DOSE_AT_VOLUME, 95.0, "%", "%Rx")),
        ("D0.03cc", Metric(Kind.DOSE_AT_VOLUME, 0.03, "cc")),
        ("D.03cc", Metric(Kind.DOSE_AT_VOLUME, 0.03, "cc")),
        ("V20Gy", Metric(Kind.VOLUME_AT_DOSE, 20.0, "Gy", "%")),
        ("V20Gy[%]", Metric(Kind.VOLUME_AT_DOSE, 20.0, "Gy", "%")),
        ("V20Gy[cc]", Metric(Kind.VOLUME_AT_DOSE, 20.0, "Gy", "cc")),
        ("V95%[%]", Metric(Kind.VOLUME_AT_DOSE, 95.0, "%Rx", "%")),
        ("V95%[cc]", Metric(Kind.VOLUME_AT_DOSE, 95.0, "%Rx", "cc")),
        ("V105%", Metric(Kind.VOLUME_AT_DOSE, 105.0, "%Rx", "%")),
        ("CV700cc", Metric(Kind.COLD_DOSE, 700.0, "cc")),
        ("CV50%", Metric(Kind.COLD_DOSE, 50.0, "%")),
        ("CV17.1Gy[cc]", Metric(Kind.COLD_VOLUME, 17.1, "Gy", "cc")),
        ("CV17.1Gy", Metric(Kind.COLD_VOLUME, 17.1, "Gy", "%")),
        ("gEUD(a=8)", Metric(Kind.GEUD, 8.0)),
        ("gEUD(a=-10)", Metric(Kind.GEUD, -10.0)),
        ("Volume", Metric(Kind.VOLUME, unit="cc")),
        ("PaddickCI", Metric(Kind.INDEX, unit="", index="PaddickCI")),
        ("D2cm", Metric(Kind.INDEX, unit="Gy", index="D2cm")),
        ("D2cm[%]", Metric(Kind.INDEX, unit="%Rx", index="D2cm")),
        ("EQD2(3){D0.1cc}", Metric(Kind.DOSE_AT_VOLUME, 0.1, "cc", twin=Twin("EQD2", 3.0))),
        ("BED(10){D95%}", Metric(Kind.DOSE_AT_VOLUME, 95.0, "%", twin=Twin("BED", 10.0))),
        ("EQD2(2){V50Gy[cc]}", Metric(Kind.VOLUME_AT_DOSE, 50.0, "Gy", "cc", twin=Twin("EQD2", 2.0))),
        ("  D95% ", Metric(Kind.DOSE_AT_VOLUME, 95.0, "%")),
    ],
)
def test_reads(text, metric):
    assert parse(text) == metric
    assert parse(str(metric)) == metric


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the text is empty"),
        ("   ", "the text is empty"),
        ("V20", "V20: 20 what? Write V20Gy or V20%"),
        ("D95", "D95: per cent or cc? Write D95% or D95cc"),
        ("CV700", "CV700: per cent or cc? Write CV700% or CV700cc"),
        ("D0.03", "D0.03: per cent or cc?"),
        ("D95%[cc]", "a dose is in Gy or in % of the prescription, not in cc"),
        ("Dmean[cc]", "a dose is in Gy or in % of the prescription, not in cc"),
        ("CV700cc[cc]", "a dose is in Gy or in % of the prescription, not in cc"),
        ("V20Gy[Gy]", "a volume is in % or cc, not in Gy"),
        ("D101%", "no more than 100 % of its volume"),
        ("CV101%", "no more than 100 % of its volume"),
        ("gEUD(a=0)", "the exponent of a gEUD is not zero"),
        ("EQD2(0){D95%}", "alpha/beta is positive"),
        ("EQD2(3){GI}", "a biological twin exists for dose and volume metrics in Gy, not GI"),
        ("EQD2(3){D2cm}", "not D2cm"),
        ("EQD2(3){Volume}", "not Volume"),
        ("EQD2(3){D95%[%]}", "not D95%[%]"),
        ("EQD2(3){V95%}", "not V95%"),
        ("EQD2(3){EQD2(3){D95%}}", "a biological twin exists"),
        ("EQD2(3){V20}", "V20: 20 what?"),
        ("Dmen", "did you mean Dmean?"),
        ("dmax", "did you mean Dmax?"),
        ("PadickCI", "did you mean PaddickCI?"),
        ("Dmax < 65 Gy for bladder cancer", "is not a metric"),
        ("D 95%", "is not a metric"),
        ("D-1cc", "is not a metric"),
        ("V20gy", "is not a metric"),
        ("D2cm[cc]", "not in cc"),
        ("gEUD", "is not a metric"),
    ],
)
def test_refuses_with_one_sentence(text, sentence):
    with pytest.raises(MetricError) as caught:
        parse(text)
    message = str(caught.value)
    assert sentence in message
    assert "\n" not in message
    assert isinstance(caught.value, UsageError)
    assert caught.value.exit_code == 2


_SIZES = st.floats(1e-6, 1e7).map(lambda number: round(number, 8)).filter(lambda number: number > 0)
_SHARES = st.floats(0, 100).map(lambda number: round(number, 6))
_DOSE_UNITS = st.sampled_from(["Gy", "%Rx"])
_VOLUME_UNITS = st.sampled_from(["%", "cc"])
_BODIES = st.one_of(
    st.builds(Metric, st.sampled_from([Kind.MINIMUM, Kind.MAXIMUM, Kind.MEAN]), unit=_DOSE_UNITS),
    st.builds(Metric, st.just(Kind.DOSE_AT_VOLUME), _SIZES, st.just("cc"), _DOSE_UNITS),
    st.builds(Metric, st.just(Kind.DOSE_AT_VOLUME), _SHARES, st.just("%"), _DOSE_UNITS),
    st.builds(Metric, st.sampled_from([Kind.VOLUME_AT_DOSE, Kind.COLD_VOLUME]), _SIZES, _DOSE_UNITS, _VOLUME_UNITS),
    st.builds(Metric, st.just(Kind.COLD_DOSE), _SIZES, st.just("cc"), _DOSE_UNITS),
    st.builds(Metric, st.just(Kind.COLD_DOSE), _SHARES, st.just("%"), st.just("Gy")),
    st.builds(Metric, st.just(Kind.GEUD), _SIZES | _SIZES.map(lambda number: -number), st.just(""), st.just("Gy")),
    st.sampled_from([Metric(Kind.INDEX, unit="Gy" if name == "D2cm" else "", index=name) for name in INDICES]),
    st.sampled_from([Metric(Kind.VOLUME, unit="cc"), Metric(Kind.INDEX, unit="%Rx", index="D2cm")]),
)
_TWINS = st.builds(Twin, st.sampled_from(["EQD2", "BED"]), _SIZES)


def _may_have_a_twin(metric):
    return metric.kind not in {Kind.INDEX, Kind.VOLUME} and "%Rx" not in (metric.unit, metric.at_unit)


@settings(max_examples=400, derandomize=True, deadline=None)
@given(_BODIES, _TWINS | st.none())
def test_what_is_written_reads_back_as_the_same_metric(body, twin):
    metric = Metric(body.kind, body.at, body.at_unit, body.unit, body.index, twin if _may_have_a_twin(body) else None)
    assert parse(str(metric)) == metric


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.text(alphabet="DVCEQB0123456789.%[]{}()Gycmaxind ", max_size=14))
def test_any_text_is_a_metric_or_a_sentence(text):
    try:
        metric = parse(text)
    except MetricError:
        return
    assert parse(str(metric)) == metric


def test_what_needs_a_prescription():
    assert all(
        parse(text).needs_prescription for text in ("D95%[%]", "V95%", "V95%[cc]", "CI", "GI", "R50", "MDPD", "D2cm[%]")
    )
    assert not any(parse(text).needs_prescription for text in ("D95%", "V20Gy", "HI", "D2cm", "Dmean", "Volume"))
