"""The report a physicist files: one page that needs nothing else, no script, no network.

Its content security policy forbids everything but its own style sheet, which it names by hash; every string
passes through the template's escaping inside quoted attributes or text.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from html import escape
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from markupsafe import Markup

from rtplan.model import AuditReport

from .outcomes import NOTE
from .plot import BAR_WIDTH, plot
from .view import page
from .words import DISCLAIMER, SHORT_DISCLAIMER

__all__ = ["filled", "notebook_view", "render"]


def render(report: AuditReport) -> str:
    """Return an audit as one self-contained HTML document; the same report gives the same bytes.

    Parameters
    ----------
    report : AuditReport
        Without curves there is no DVH section; without lesions, no lesion table.
    """
    content = {"page": page(report), "plot": plot(report.curves), "bar_width": BAR_WIDTH, "outcome_note": NOTE}
    return filled("report.html.j2", **content)


def filled(template: str, **content: object) -> str:
    """Return a template of this room filled in, with the style sheet, the policy that names it, and the disclaimers."""
    style = _resource("report.css")
    return _template(template).render(
        content,
        style=Markup(style),  # noqa: S704  (our own file, not data)
        policy=_policy(style),
        short_disclaimer=SHORT_DISCLAIMER,
        disclaimer=DISCLAIMER,
    )


def notebook_view(report: AuditReport) -> str:
    """Return the report in a sandboxed frame, for a notebook, whose own styles and scripts it never meets."""
    document = escape(render(report), quote=True)
    return f'<iframe sandbox="" title="Plan audit" width="100%" height="720" srcdoc="{document}"></iframe>'


def _policy(style: str) -> str:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


@cache
def _template(name: str) -> Template:
    environment = Environment(
        autoescape=True,
        loader=FunctionLoader(_resource),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def _resource(name: str) -> str:
    return (files("rtplan.report") / "templates" / name).read_text(encoding="utf-8")
