"""Work in a child: its result comes back, its end is told, and what goes beyond a limit is refused."""

from __future__ import annotations

import os
import signal
import time
from functools import partial

import numpy as np
import pytest

from rtplan.errors import InputError, LimitError, PackError, UsageError
from rtplan.limited import MIB, Limits, limited

ENOUGH = Limits(memory_mib=400, time_s=120)


def code_of(work, limits):
    with pytest.raises(LimitError) as refused:
        limited(work, limits)
    return refused.value.code


def test_a_result_comes_back_whole():
    values = limited(partial(np.arange, 5_000_000), ENOUGH)
    assert values.sum() == 5_000_000 * 4_999_999 // 2


def test_it_runs_in_another_process():
    assert limited(os.getpid, Limits(time_s=60)) != os.getpid()


def test_what_is_raised_is_raised_again():
    def failing():
        raise PackError("the pack is wrong", ("row 1", "row 2"))

    with pytest.raises(PackError, match="the pack is wrong") as raised:
        limited(failing, ENOUGH)
    assert raised.value.problems == ("row 1", "row 2")


def test_too_long_is_refused():
    assert code_of(partial(time.sleep, 600), Limits(time_s=0.2)) == "limit-time"


def test_too_much_is_refused():
    assert code_of(partial(bytearray, 200 * MIB), Limits(memory_mib=100)) == "limit-memory"


def test_memory_within_the_limit_is_given():
    assert limited(lambda: len(bytearray(50 * MIB)), Limits(memory_mib=200)) == 50 * MIB


def test_what_is_loaded_before_does_not_count():
    held = []
    limited(lambda: len(bytearray(50 * MIB)), Limits(memory_mib=100), prepare=lambda: held.append(bytearray(150 * MIB)))
    assert held == []


@pytest.mark.parametrize("sent", [signal.SIGSEGV, signal.SIGKILL])
def test_a_death_is_told(sent):
    assert code_of(lambda: os.kill(os.getpid(), sent), ENOUGH) == "limit-crash"


def test_nothing_is_left_behind():
    def child():
        with pytest.raises(LimitError):
            limited(partial(time.sleep, 600), Limits(time_s=0.1))
        try:
            return os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return None

    assert child() is None


def test_a_limit_is_positive():
    for wrong in ({"memory_mib": 0}, {"time_s": -1.0}, {"time_s": 0.0}, {"time_s": float("nan")}):
        with pytest.raises(UsageError):
            Limits(**wrong)


def test_a_limit_is_a_matter_of_the_input():
    assert issubclass(LimitError, InputError)
    assert LimitError("limit-time", "too long").exit_code == 4
