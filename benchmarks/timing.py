"""Time whole processes: CPU, wall and peak memory as the kernel counts them for a child and its children."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["Usage", "medians", "timed"]


@dataclass(frozen=True, slots=True)
class Usage:
    """What one run of a process cost."""

    wall_s: float
    cpu_s: float
    peak_mib: float


def timed(command: Sequence[str]) -> Usage:
    """Run a command once, its output thrown away.

    Raises
    ------
    RuntimeError
        Where it does not end with zero: a contender that fails has no time.
    """
    started = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    wall = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"{command[0]} ended with {child.returncode}")
    return Usage(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def medians(
    commands: dict[str, list[str]], *, repeats: int, say: Callable[[str], None] = lambda _: None
) -> dict[str, Usage]:
    """Run every command several times in turn, so that a slow minute of the machine strikes all of them."""
    runs: dict[str, list[Usage]] = {name: [] for name in commands}
    for number in range(repeats):
        for name, command in commands.items():
            runs[name].append(timed(command))
            say(f"{number + 1}/{repeats} {name}: {runs[name][-1].cpu_s:.2f} s CPU, {runs[name][-1].wall_s:.2f} s wall")
    return {name: _median(found) for name, found in runs.items()}


def _median(runs: Sequence[Usage]) -> Usage:
    return Usage(
        statistics.median(run.wall_s for run in runs),
        statistics.median(run.cpu_s for run in runs),
        statistics.median(run.peak_mib for run in runs),
    )
