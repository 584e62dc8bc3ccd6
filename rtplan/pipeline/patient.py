"""What a sheet says of the patient: the facts that rules depend on, each in the words that the rules use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["patient_facts"]

_WORDS = {
    "sex": {"female": "female", "f": "female", "male": "male", "m": "male"},
    "disease": {"metastasis": "metastasis", "primary": "primary"},
}
_YES_OR_NO = frozenset({"prior_irradiation", "central", "ultracentral"})
_AMOUNTS = frozenset({"prior_eqd2_gy", "months_since_prior"})
_VOLUMES = "native_cc"


def patient_facts(said: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
    """Check the ``[patient]`` table of a sheet.

    Parameters
    ----------
    said : mapping
    problems : list of str
        Every fault is added. A word that no rule uses would leave rows out in silence, so it is one.

    Returns
    -------
    dict
        The facts, in the rules' words; facts that no shipped rule knows stay as they are, for packs of one's own.

    Examples
    --------
    >>> patient_facts({"sex": "F"}, [])
    {'sex': 'female'}
    >>> faults = []
    >>> patient_facts({"sex": "unknown"}, faults), faults
    ({}, ["patient sex: one of female, f, male, m is expected, not 'unknown'"])
    """
    facts = {}
    for key, value in said.items():
        if key in _WORDS:
            word = _WORDS[key].get(value.casefold()) if isinstance(value, str) else None
            if word is None:
                problems.append(f"patient {key}: one of {', '.join(_WORDS[key])} is expected, not {value!r}")
                continue
            facts[key] = word
            continue
        fault = _fault(key, value)
        if fault:
            problems.append(f"patient {key}: {fault}")
        else:
            facts[key] = value
    return facts


def _fault(key: str, value: object) -> str:
    if key in _YES_OR_NO and not isinstance(value, bool):
        return f"true or false is expected, not {value!r}"
    if key in _AMOUNTS and not _is_amount(value):
        return f"a number from 0 is expected, not {value!r}"
    if key == _VOLUMES and not (isinstance(value, Mapping) and all(map(_is_amount, value.values()))):
        return "a table of volumes in cc by standard name is expected, such as { Liver = 1500 }"
    return ""


def _is_amount(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and 0 <= value < float("inf")
