"""Run one study whole: read it, measure or audit it, write the contract's files. Every door goes through here."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rtplan.errors import InputError, LimitError, SheetError, UsageError
from rtplan.limited import Limits, within
from rtplan.model import AuditReport, Case, Issue, Severity, Treatment, Verdict

if TYPE_CHECKING:
    from rtplan.dvh import Models
    from rtplan.report.dvh import DvhReport

__all__ = [
    "NOTICE",
    "Audit",
    "Choice",
    "Limits",
    "audit_case",
    "audit_path",
    "dvh_path",
    "exit_code",
    "provenance",
    "refused",
    "write_audit",
]

NOTICE = (
    "Research software, not a medical device. Intervals are numerical only: contours, grids and interpolation; "
    "not delineation, dose calculation or set-up. An independent check by a qualified medical physicist is required."
)
DEFAULT_METRICS = ("Dmean", "Dmin", "Dmax", "D95%", "D0.03cc")
_LIBRARIES = ("pydicom", "numpy", "scipy")
_UNLIMITED = Limits()


class Audit(AuditReport):
    """An audit report that can show itself: as JSON text, and as HTML in a notebook."""

    __slots__ = ()

    def to_json(self) -> str:
        """Return the report as ``rtplan.audit/1``."""
        from rtplan.report import render  # noqa: PLC0415

        return str(render(self, "json"))

    def _repr_html_(self) -> str:
        from rtplan.report.html import notebook_view  # noqa: PLC0415

        return notebook_view(self)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which plan, dose and structure set (label or UID) where several could be meant, and what else a person settles.

    `dose_as` takes a dose that is not a whole plan's for one (see :func:`rtplan.pipeline.selecting.taken_as`);
    `allow_for_mismatch` is that of :func:`dicom_io.read`.
    """

    plan: str | None = None
    dose: str | None = None
    structures: str | None = None
    dose_as: str | None = None
    allow_for_mismatch: bool = False


def audit_case(case: Case, packs: Sequence[Any] = (), **options: Any) -> Audit:
    """Audit a case that is already in memory; parameters as for :func:`rtplan.pipeline.audit`.

    Examples
    --------
    >>> audit_case(Case(treatments=())).verdict
    <Verdict.NOT_JUDGED: 'not_judged'>
    """
    from rtplan.pipeline import audit  # noqa: PLC0415

    report = audit(case, packs, **options)
    options_used = {"packs": [_pack_id(item) for item in packs]}
    return _showable(report, {**provenance(case, options_used), **report.provenance})


def audit_path(
    path: str | Path,
    *,
    packs: Sequence[str] = (),
    sheet: str | os.PathLike[str] | None = None,
    names: str | os.PathLike[str] | None = None,
    models: Models | None = None,
    choice: Choice | None = None,
    show_identity: bool = False,
    limits: Limits = _UNLIMITED,
) -> Audit:
    """Read a study and audit it.

    Parameters
    ----------
    path : path
        A folder, a file or a zip.
    packs : sequence of str
        Ids or files of packs that shall govern.
    sheet : path, optional
        The audit sheet.
    names : path, optional
        A names file; where the sheet maps a name too, the sheet decides.
    models : Models, optional
        Conventions of the DVH.
    choice : Choice, optional
    show_identity : bool
        Put the patient's name and ID into the provenance.
    limits : Limits
        Where one is set, the study is read and audited in a child process under it.

    Returns
    -------
    Audit

    Raises
    ------
    InputError, UsageError
        A study beyond its limits is a `LimitError`, which is an InputError.
    """
    work = partial(
        _audited_path,
        path,
        packs=packs,
        sheet=sheet,
        names=names,
        models=models,
        choice=choice,
        show_identity=show_identity,
    )
    return within(limits, work)


def _audited_path(
    path: str | Path,
    *,
    packs: Sequence[str],
    sheet: str | os.PathLike[str] | None,
    names: str | os.PathLike[str] | None,
    models: Models | None,
    choice: Choice | None,
    show_identity: bool,
) -> Audit:
    import dicom_io  # noqa: PLC0415 - readers load when something is read
    from rtplan.pipeline import audit  # noqa: PLC0415

    read_sheet = _read_sheet(sheet, names)
    pack_ids = [_pack_id(item) for item in packs]
    choice = choice or Choice()
    case = dicom_io.read(path, hashes="all", allow_for_mismatch=choice.allow_for_mismatch)
    report = audit(
        case,
        packs,
        sheet=read_sheet,
        models=models,
        plan=choice.plan,
        dose=choice.dose,
        structures=choice.structures,
        dose_as=choice.dose_as,
    )
    used = {"sheet": sheet is not None, **({"names": True} if names is not None else {})}
    options = {"packs": pack_ids, **used, **_as_options(models), **_as_choice(choice)}
    facts = {**provenance(case, options), **report.provenance}
    if show_identity:
        facts["identity"] = _identity(path)
    return _showable(report, facts)


def dvh_path(
    path: str | Path,
    *,
    structures: Sequence[str] = (),
    metrics: Sequence[str] = (),
    models: Models | None = None,
    choice: Choice | None = None,
    limits: Limits = _UNLIMITED,
) -> DvhReport:
    """Read a study and measure its structures.

    Parameters
    ----------
    path : path
    structures : sequence of str
        Names as written, standard names, ROI numbers or expressions; all structures without any.
    metrics : sequence of str
        In metric notation; a short list without any.
    models : Models, optional
    choice : Choice, optional
    limits : Limits
        As for :func:`audit_path`.

    Returns
    -------
    DvhReport

    Raises
    ------
    InputError
        Where there is no dose with structures, or several could be meant and none was chosen.
    UsageError
        Where a metric is not in the notation or a structure is not in the study.
    """
    work = partial(_measured_path, path, structures=structures, metrics=metrics, models=models, choice=choice)
    return within(limits, work)


def _measured_path(
    path: str | Path,
    *,
    structures: Sequence[str],
    metrics: Sequence[str],
    models: Models | None,
    choice: Choice | None,
) -> DvhReport:
    import dicom_io  # noqa: PLC0415
    from rtplan.metrics.notation import parse  # noqa: PLC0415
    from rtplan.pipeline.audit import plan_facts  # noqa: PLC0415
    from rtplan.pipeline.curves import measured_curves  # noqa: PLC0415
    from rtplan.pipeline.selecting import select, taken_as  # noqa: PLC0415
    from rtplan.report.dvh import DvhReport  # noqa: PLC0415

    asked = tuple(metrics) or DEFAULT_METRICS
    parsed = {text: parse(text) for text in asked}
    choice = choice or Choice()
    case = dicom_io.read(path, hashes="rt", allow_for_mismatch=choice.allow_for_mismatch)
    chosen = select(case, plan=choice.plan, dose=choice.dose, structures=choice.structures)
    said: tuple[Issue, ...] = ()
    if choice.dose_as is not None:
        chosen, said = taken_as(chosen, choice.dose_as)
    treatment = _one(case, chosen)
    curves = measured_curves(treatment, structures, parsed, models=models)
    issues = (*case.issues, *said, *(treatment.structures.issues if treatment.structures else ()))
    options = {"metrics": list(asked), **_as_options(models), **_as_choice(choice)}
    facts = plan_facts(treatment) if treatment.plan else None
    return DvhReport(facts, curves, tuple(dict.fromkeys(issues)), provenance(case, options))


def write_audit(report: AuditReport, folder: str | os.PathLike[str]) -> tuple[Path, ...]:
    """Write the files of the contract (``audit.json report.html constraints.csv ...``) into a folder.

    Each is written under another name first and then renamed, so that none is ever seen half-written.

    Returns
    -------
    tuple of Path
        The files, in a fixed order.

    Raises
    ------
    UsageError
        Where the folder cannot be made or written to.
    """
    from rtplan.report import documents  # noqa: PLC0415
    from rtplan.report.json import run_document  # noqa: PLC0415

    texts = {**documents(report), "run.json": run_document(report)}
    try:
        return tuple(_write(Path(folder), name, text) for name, text in texts.items())
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise UsageError(f"the folder for the report cannot be written: {reason}") from error


def exit_code(report: AuditReport, *, fail_on: str | None = None) -> int:
    """Return the exit code that the contract gives a report.

    `fail_on` names the mildest verdict that shall fail: ``exceeded`` lets indeterminate and not judged pass,
    ``indeterminate`` lets not judged pass. It never hides that nothing could be audited at all (4), nor that
    the input was refused (3).
    """
    if not report.plans:
        return 4
    if report.verdict is Verdict.EXCEEDED:
        return 1
    if any(issue.severity is Severity.REFUSE for issue in report.issues):
        return 3
    tolerated = {
        "exceeded": {Verdict.INDETERMINATE, Verdict.NOT_JUDGED},
        "indeterminate": {Verdict.NOT_JUDGED},
    }.get(fail_on or "", set())
    if report.verdict in {Verdict.INDETERMINATE, Verdict.NOT_JUDGED} - tolerated:
        return 3
    return 0


def provenance(case: Case, options: Mapping[str, Any]) -> dict[str, Any]:
    """Say what made a result: versions, options, and the SHA-256 of every file that was read.

    No clock is read, so that the same input gives the same bytes; SOURCE_DATE_EPOCH adds a time where it is set.
    """
    facts: dict[str, Any] = {
        "tool": "rtplan",
        "version": version("rtplan"),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in _LIBRARIES},
        "options": dict(options),
        "files": [
            {"sha256": item.sha256, "modality": item.modality, "sop_instance_uid": item.uid}
            for item in sorted(case.files, key=lambda item: (item.modality, item.uid))
        ],
        "notice": NOTICE,
    }
    if epoch := os.environ.get("SOURCE_DATE_EPOCH"):
        facts["source_date_epoch"] = epoch
    return facts


def refused(error: InputError) -> AuditReport:
    """Return the report of an input that could not be read at all: nothing but the reason."""
    if isinstance(error, LimitError):
        issue = Issue(error.code, Severity.REFUSE, str(error), remedy="look at the files, or raise the limit")
    else:
        issue = Issue("input-unusable", Severity.REFUSE, str(error), remedy="see rtplan inspect")
    return AuditReport(Verdict.NOT_JUDGED, issues=(issue,), provenance={"tool": "rtplan", "version": version("rtplan")})


def _showable(report: AuditReport, facts: Mapping[str, Any]) -> Audit:
    values = {item.name: getattr(report, item.name) for item in fields(report)}
    return Audit(**{**values, "provenance": facts})


def _one(case: Case, chosen: Sequence[Treatment]) -> Treatment:
    usable = [item for item in chosen if item.dose is not None and item.structures is not None]
    if not usable:
        if not case.doses:
            raise InputError("there is no dose to measure")
        raise InputError("no structure set belongs to the dose; choose with --dose and --structures")
    if len(usable) > 1:
        labels = ", ".join(sorted({item.plan.label or item.plan.uid for item in usable if item.plan}))
        raise InputError(f"{len(usable)} doses could be meant; choose with --plan or --dose ({labels})")
    return usable[0]


def _write(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".{name}.partial"
    partial.write_text(text, encoding="utf-8", newline="")
    return partial.replace(folder / name)


def _pack_id(item: Any) -> str:
    """Return the id of a pack, a shipped id or a file; a wrong one is refused before anything is read."""
    from constraints.pack import load_pack  # noqa: PLC0415

    return str(load_pack(item).id if isinstance(item, str) else item.id)


def _read_sheet(path: str | os.PathLike[str] | None, names: str | os.PathLike[str] | None) -> Any:
    from rtplan.pipeline import Sheet, parse_names, parse_sheet, with_names  # noqa: PLC0415

    sheet = None if path is None else parse_sheet(_text(path, "the sheet"))
    if names is None:
        return sheet
    return with_names(sheet or Sheet(), parse_names(_text(names, "the names file")))


def _text(path: str | os.PathLike[str], what: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SheetError(f"{what} cannot be read: no such text file") from error


def _identity(path: str | Path) -> dict[str, str]:
    import dicom_io  # noqa: PLC0415

    found = dicom_io.read_identity(path)
    return {"patient_name": found.name, "patient_id": found.patient_id}


def _as_options(models: Models | None) -> dict[str, str]:
    if models is None:
        return {}
    return {"between_slices": models.between, "end_caps": models.caps, "dose_interpolation": models.kernel}


def _as_choice(choice: Choice) -> dict[str, str]:
    given = {"plan": choice.plan, "dose": choice.dose, "structures": choice.structures, "dose_as": choice.dose_as}
    given |= {"allow_for_mismatch": "yes"} if choice.allow_for_mismatch else {}
    return {key: value for key, value in given.items() if value is not None}
