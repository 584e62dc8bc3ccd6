"""An audit as a document: one module a format, each turning values into text; none touches the disk.

A format is loaded when it is asked for, so that a run that prints JSON never imports a template engine. Other
distributions add formats under the entry point group ``rtplan.reports``: a function of one AuditReport.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import entry_points

from rtplan.errors import UsageError
from rtplan.model import AuditReport

from .dvh import DvhReport

__all__ = ["DVH_FORMATS", "FORMATS", "DvhReport", "documents", "render", "render_dvh"]

FORMATS = ("text", "json", "html", "csv", "junit")
DVH_FORMATS = ("text", "json", "csv")
_GROUP = "rtplan.reports"


def render(report: AuditReport, form: str = "text", *, color: bool = False) -> str | bytes:
    """Return an audit in one format.

    Parameters
    ----------
    report : AuditReport
    form : str
        One of `FORMATS`, or the name of an installed entry point of the group ``rtplan.reports``.
    color : bool
        Whether the text may colour its words for a terminal; other formats do not heed it.

    Returns
    -------
    str or bytes
        Bytes from formats of other distributions only.

    Raises
    ------
    UsageError
        If there is no such format.

    Examples
    --------
    >>> from rtplan.model import Verdict
    >>> render(AuditReport(Verdict.NOT_JUDGED), "json").splitlines()[1]
    '  "schema": "rtplan.audit/1",'
    """
    if form == "text":
        from . import text  # noqa: PLC0415  (a format is loaded when it is asked for)

        return text.render(report, color=color)
    return _renderer(form)(report)


def render_dvh(report: DvhReport, form: str = "text", *, color: bool = False) -> str:
    """Return the answer of ``rtplan dvh`` in one of `DVH_FORMATS`; CSV holds the readings.

    Raises
    ------
    UsageError
        If there is no such format.
    """
    from . import csv, json, text  # noqa: PLC0415  (as above)

    if form == "text":
        return text.render_dvh(report, color=color)
    if form not in DVH_FORMATS:
        raise UsageError(f"{form!r} is not a format for a DVH; there are {', '.join(DVH_FORMATS)}")
    return json.render_dvh(report) if form == "json" else csv.metrics(report)


def documents(report: AuditReport) -> Mapping[str, str]:
    """Return the files of an audit under their fixed names, apart from ``run.json``, which is about the run."""
    from . import csv, html, json  # noqa: PLC0415  (as above)

    return {
        "audit.json": json.render(report),
        "report.html": html.render(report),
        "constraints.csv": csv.constraints(report),
        "metrics.csv": csv.metrics(report),
        "dvh.csv": csv.dvh(report),
    }


def _renderer(form: str) -> Callable[[AuditReport], str | bytes]:
    if form in FORMATS:
        module: Callable[[AuditReport], str | bytes] = import_module(f".{form}", __name__).render
        return module
    for plugin in entry_points(group=_GROUP, name=form):
        added: Callable[[AuditReport], str | bytes] = plugin.load()
        return added
    raise UsageError(f"{form!r} is not a report format; there are {', '.join(FORMATS)}")
