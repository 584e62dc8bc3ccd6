"""Files cut off anywhere: 300 cuts of a structure set and 300 of a dose, and not one that reads as whole."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from campaign import base

import dicom_io
from rtplan.errors import InputError
from rtplan.model import Severity

CUTS = 300


@pytest.fixture(scope="module")
def files():
    return base.exceeding()


def told(path):
    """What reading says of a file alone: whether it is refused, or used with a grave issue, or passes as whole."""
    try:
        case = dicom_io.read(path)
    except InputError:
        return "refused"
    severities = {issue.severity for issue in case.issues}
    if Severity.REFUSE in severities:
        return "refused"
    return "warned" if Severity.WARN in severities else "whole"


@pytest.mark.parametrize("name", ["RTSTRUCT.dcm", "RTDOSE.dcm", "RTPLAN.dcm"])
def test_every_cut_is_found(files, tmp_path, name):
    chance = random.Random(name)
    data = files[name]
    path = tmp_path / name
    path.write_bytes(data)
    assert told(path) == "whole"
    counted = Counter()
    for length in chance.sample(range(len(data)), CUTS):
        path.write_bytes(data[:length])
        counted[told(path)] += 1
    assert counted["whole"] == 0
    assert counted.total() == CUTS
    assert counted["refused"] > 0.95 * CUTS
