"""Run one piece of work in a child of its own, under a memory and a time limit.

A study is input that nobody vouches for: whatever it does to the process that reads it, the caller goes on.
"""

from __future__ import annotations

import multiprocessing
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol, TypeVar

from rtplan.errors import LimitError, UsageError
from rtplan.model import Issue

__all__ = ["Limits", "limited", "within"]

T = TypeVar("T")
R = TypeVar("R", bound="_Report")

MIB = 1 << 20


class _Report(Protocol):
    @property
    def issues(self) -> tuple[Issue, ...]: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """What one study may take: memory beyond that of the loaded program (MiB), and time (s); None is no limit.

    Examples
    --------
    >>> bool(Limits()), bool(Limits(time_s=60.0))
    (False, True)
    >>> Limits(memory_mib=0)
    Traceback (most recent call last):
    rtplan.errors.UsageError: a limit must be positive
    """

    memory_mib: int | None = None
    time_s: float | None = None

    def __post_init__(self) -> None:
        if any(limit is not None and not limit > 0 for limit in (self.memory_mib, self.time_s)):
            raise UsageError("a limit must be positive")
        if self.memory_mib is not None and not sys.platform.startswith("linux"):
            raise UsageError("a memory limit needs Linux; a time limit does not")

    def __bool__(self) -> bool:
        return self.memory_mib is not None or self.time_s is not None


def limited(work: Callable[[], T], limits: Limits, *, prepare: Callable[[], object] | None = None) -> T:
    """Return what `work` returns, computed in a child process under `limits`.

    Parameters
    ----------
    work : callable
        Its result must pickle. Where this process has several threads, `work` and `prepare` must pickle too:
        a fork would copy the locks that other threads hold.
    limits : Limits
        Of address space that the child may map once `prepare` is done, and of wall time from the start.
    prepare : callable, optional
        Run in the child before the memory limit: loads the program, so that it does not count.

    Raises
    ------
    LimitError
        Where a limit was reached, or the child died of something else.
    Exception
        Whatever `work` raises.

    Examples
    --------
    >>> limited(lambda: 6 * 7, Limits(time_s=60))
    42
    """
    method = "fork" if sys.platform != "win32" and threading.active_count() == 1 else "spawn"
    context: Any = multiprocessing.get_context(method)
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_serve, args=(sender, work, limits.memory_mib, prepare), daemon=True)
    child.start()
    sender.close()
    try:
        answer: T = _answer(receiver, child, limits)
        return answer
    finally:
        child.kill()
        child.join()
        receiver.close()


def within(limits: Limits, work: Callable[[], R]) -> R:
    """Do the work on one study here, or in a child where there are limits.

    A file that reading passed over for want of memory ends the study as well: what a report says must not depend
    on how much memory it was given.

    Raises
    ------
    LimitError
        As :func:`limited` does.
    """
    if not limits:
        return work()
    report = limited(work, limits, prepare=_load_program)
    if limits.memory_mib and any(MemoryError.__name__ in issue.message for issue in report.issues):
        raise _out_of_memory(limits)
    return report


def _load_program() -> None:
    """Import what a study needs, so that a memory limit counts the study alone."""
    for name in ("dicom_io.reading", "rtplan.pipeline.audit"):
        import_module(name)
    import numpy as np  # noqa: PLC0415

    # OpenBLAS maps its buffers at the first product, and waits for ever where it then gets none.
    _ = np.ones((256, 256)) @ np.ones((256, 256))


def _answer(receiver: Connection, child: Any, limits: Limits) -> Any:
    if not receiver.poll(limits.time_s):
        raise LimitError("limit-time", f"the study was not done within {limits.time_s:g} s")
    try:
        succeeded, answer = receiver.recv()
    except EOFError:
        child.join()
        raise _death(child.exitcode, limits) from None
    if succeeded:
        return answer
    if isinstance(answer, MemoryError) and limits.memory_mib:
        raise _out_of_memory(limits)
    raise answer


def _death(status: int | None, limits: Limits) -> LimitError:
    if limits.memory_mib and status is not None and status > 0:
        return _out_of_memory(limits)
    how = f"signal {-status}" if status is not None and status < 0 else f"status {status}"
    return LimitError("limit-crash", f"the study ended the process that read it ({how})")


def _out_of_memory(limits: Limits) -> LimitError:
    return LimitError("limit-memory", f"the study needs more than {limits.memory_mib} MiB of memory")


def _serve(sender: Connection, work: Callable[[], Any], memory_mib: int | None, prepare: Any) -> None:
    """Do the work in the child and send (whether it succeeded, what came of it)."""
    answer: tuple[bool, Any]
    try:
        if prepare is not None:
            prepare()
        if memory_mib is not None:
            _cap(memory_mib)
        answer = True, work()
    except Exception as error:  # noqa: BLE001  (raised again by the parent)
        answer = False, error
    # Nobody may be left to listen, or no memory to say it with.
    with suppress(BrokenPipeError):
        sender.send(answer)


def _cap(memory_mib: int) -> None:
    """Limit the address space to what is mapped now and so much more."""
    import resource  # noqa: PLC0415  (not on every system)

    mapped = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + memory_mib * MIB,) * 2)
