"""The law of the campaign: a plan that exceeds its limits never passes in silence, whatever was done to its files.

What an audit of a mutated study comes to is one word. `BROKEN` ones are against the law.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from campaign.base import Files
from campaign.edits import Edit
from campaign.unknowable import UNKNOWABLE

import dicom_io
from rtplan.errors import InputError
from rtplan.model import AuditReport, Issue, Severity, Verdict
from rtplan.study import audit_path, exit_code

__all__ = ["BROKEN", "OUTCOMES", "Base", "Outcome", "audited", "fingerprint", "judged", "write_all"]

OUTCOMES = {
    "exceeded": "still exceeded, in every finding that was",
    "not judged": "nothing passes: what was exceeded is indeterminate or not judged",
    "refused": "the input is refused as a whole (exit 4)",
    "explained": "a finding turned, and an issue of severity warn or refuse says why",
    "unknowable": "a finding turned, by an edit on the list of what no reader could know",
    "silent": "a finding turned and nothing says why",
    "crash": "something other than an InputError came out, or the process died",
    "hang": "no end within the time limit",
}
BROKEN = frozenset({"silent", "crash", "hang"})
GRAVE = frozenset({Severity.WARN, Severity.REFUSE})
PASSED = frozenset({Verdict.MET, Verdict.ACCEPTABLE, Verdict.BAND})
Key = tuple[str, str, str]


@dataclass(frozen=True)
class Outcome:
    """What came of one mutated study; `detail` helps to find out why."""

    word: str
    detail: str = ""


@dataclass(frozen=True)
class Base:
    """What the study says unmutated: which governing findings are exceeded, and its issues."""

    exceeded: frozenset[Key]
    issues: frozenset[Issue]

    @classmethod
    def of(cls, report: AuditReport) -> Base:
        """Take what counts from the audit of the whole study."""
        exceeded = frozenset(key for key, verdict in _governing(report) if verdict is Verdict.EXCEEDED)
        return cls(exceeded, frozenset(report.issues))


def write_all(files: Files, folder: Path) -> None:
    """Write a study into a folder."""
    for name, data in files.items():
        (folder / name).write_bytes(data)


def audited(files: Files, folder: Path) -> AuditReport | str:
    """Write a study into an empty folder and audit it; return the report, or why the input was refused."""
    write_all(files, folder)
    try:
        return audit_path(folder)
    except InputError as error:
        return str(error)


def fingerprint(folder: Path) -> bytes | None:
    """Return all that an audit knows of a study but its files' hashes; None where it cannot be read or told."""
    try:
        return pickle.dumps(replace(dicom_io.read(folder), files=()))
    except Exception:  # noqa: BLE001  (the audit itself then finds out)
        return None


def judged(found: AuditReport | str, base: Base, edits: Iterable[Edit]) -> Outcome:
    """Say what an audit of a mutated study comes to."""
    if isinstance(found, str):
        return Outcome("refused", found)
    now = dict(_governing(found))
    states = {key: now.get(key) for key in base.exceeded}
    turned = {key for key, verdict in states.items() if verdict in PASSED or verdict is None}
    passes = exit_code(found) == 0 or found.verdict in PASSED
    if not turned and not passes:
        still = all(verdict is Verdict.EXCEEDED for verdict in states.values())
        return Outcome("exceeded" if still else "not judged")
    if found.verdict is Verdict.NOT_JUDGED and all(states[key] is None for key in turned):
        # The finding is gone, and the audit as a whole says that something could not be judged.
        return Outcome("not judged")
    new = [issue for issue in found.issues if issue.severity in GRAVE and issue not in base.issues]
    detail = f"{found.verdict}, exit {exit_code(found)}: {sorted(turned)}; {sorted({one.code for one in new})}"
    if new:
        return Outcome("explained", detail)
    if any((edit.tag, edit.kind) in UNKNOWABLE for edit in edits):
        return Outcome("unknowable", detail)
    return Outcome("silent", detail)


def _governing(report: AuditReport) -> Iterable[tuple[Key, Verdict]]:
    """Yield each governing finding by structure and metric; its pack may change with the fractions."""
    for finding in report.findings:
        if finding.governs:
            yield (finding.lesion, finding.structure, finding.metric), finding.counts_as
