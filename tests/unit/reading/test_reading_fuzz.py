"""Whatever the bytes are, reading ends with a case, its issues, or an InputError."""

from __future__ import annotations

import random

import pytest

import dicom_io
from rtplan.errors import InputError


@pytest.mark.parametrize("seed", range(40))
def test_spoiled_bytes_never_escape(whole_study, seed):
    chance = random.Random(seed)
    for path in sorted(whole_study.path.iterdir()):
        data = bytearray(path.read_bytes())
        for _ in range(chance.choice([1, 1, 5, 40])):
            data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(data)
    try:
        case = dicom_io.read(whole_study.path)
        for image in case.images:
            image.pixels()
    except InputError:
        return
    for treatment in case.treatments:
        assert treatment.dose is not None or treatment.structures is not None


def test_deeply_nested_sequence_is_refused(whole_study):
    make = whole_study.make
    inner = make.item(Modality="CT")
    for _ in range(80):
        inner = make.item(ReferencedImageSequence=[inner])
    whole_study.plan(uid="1.1.8", ReferencedPatientSequence=[inner])
    case = dicom_io.read(whole_study.path)
    assert [issue.code for issue in case.issues] == ["file-nested"]
    assert len(case.plans) == 1
