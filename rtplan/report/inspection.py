"""What `rtplan inspect` says: objects, what is passed over, plans, doses, structures, links, issues."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from dicom_io import Inventory
from rtplan.model import Case, Dose, Image, Link, Plan, StructureSet, Treatment

from .names import display_name, display_text

__all__ = ["inspection_document", "inspection_json", "inspection_text"]

SCHEMA = "rtplan.inspect/1"


def inspection_document(inventory: Inventory, *, identity: tuple[str, str] | None = None) -> dict[str, Any]:
    """Return the content of ``rtplan.inspect/1``; `identity` (name, ID) only where the user asked for it."""
    case = inventory.case
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "objects": dict(inventory.objects),
        "skipped": dict(inventory.skipped),
        "images": [_image(item) for item in case.images],
        "structure_sets": [_structures(item) for item in case.structure_sets],
        "plans": [_plan(item) for item in case.plans],
        "doses": [_dose(item) for item in case.doses],
        "treatments": [_treatment(item) for item in case.treatments],
        "registrations": len(case.registrations),
        "links": [_link(item) for item in case.links],
        "readiness": _readiness(case),
        "issues": [
            {
                "code": item.code,
                "severity": item.severity.value,
                "message": item.message,
                "where": item.where,
                "remedy": item.remedy,
            }
            for item in inventory.issues
        ],
    }
    if identity is not None:
        document["identity"] = {"patient_name": identity[0], "patient_id": identity[1]}
    return document


def inspection_json(inventory: Inventory, *, identity: tuple[str, str] | None = None) -> str:
    """Return the document as JSON text."""
    return json.dumps(inspection_document(inventory, identity=identity), indent=1, allow_nan=False)


def inspection_text(inventory: Inventory, *, identity: tuple[str, str] | None = None) -> str:
    """Return the same for a terminal; every name from the data is made inert."""
    document = inspection_document(inventory, identity=identity)
    lines: list[str] = []
    if identity is not None:
        lines.append(f"patient: {display_name(identity[0])} ({display_name(identity[1])})")
    lines.append("objects: " + (", ".join(f"{count} {kind}" for kind, count in document["objects"].items()) or "none"))
    if document["skipped"]:
        lines.append("passed over: " + ", ".join(f"{count} ({why})" for why, count in document["skipped"].items()))
    for key, title, write in _SECTIONS:
        if document[key]:
            lines += ["", title, *(f"  {write(item)}" for item in document[key])]
    lines += ["", "issues" if document["issues"] else "no issues"]
    for item in document["issues"]:
        where = f" [{display_text(item['where'])}]" if item["where"] else ""
        lines.append(f"  {item['severity']:<6} {item['code']}: {display_text(item['message'])}{where}")
    return "\n".join(lines)


def _image(item: Image) -> dict[str, Any]:
    return {
        "modality": item.modality,
        "series_uid": item.series_uid,
        "planes": item.grid.shape[0],
        "rows": item.grid.shape[1],
        "columns": item.grid.shape[2],
        "spacing_mm": [round(value, 6) for value in item.grid.spacing_mm],
        "evenly_spaced": item.grid.plane_offsets_mm is None,
        "patient_position": item.patient_position,
    }


def _structures(item: StructureSet) -> dict[str, Any]:
    return {
        "label": item.label,
        "uid": item.uid,
        "structures": [
            {
                "number": roi.number,
                "name": roi.name,
                "role": roi.role,
                "contours": len(roi.contours),
                "problem": roi.broken,
            }
            for roi in item.structures
        ],
    }


def _plan(item: Plan) -> dict[str, Any]:
    return {
        "label": item.label,
        "uid": item.uid,
        "modality": item.modality,
        "approval": item.approval,
        "intent": item.intent,
        "fractions": item.fractions,
        "beams": len(item.beams),
        "prescriptions": [
            {
                "dose_gy": found.dose_gy,
                "fractions": found.fractions,
                "roi_number": found.target_number,
                "description": found.description,
            }
            for found in item.prescriptions
        ],
    }


def _dose(item: Dose) -> dict[str, Any]:
    return {
        "label": item.label,
        "uid": item.uid,
        "summation": item.summation,
        "type": item.dose_type,
        "unit": item.unit,
        "grid": list(item.grid.shape),
        "spacing_mm": [round(value, 6) for value in item.grid.spacing_mm],
        "maximum": float(np.max(item.values)),
        "stored_dvhs": len(item.stored_dvhs),
    }


def _treatment(item: Treatment) -> dict[str, Any]:
    return {
        "dose": item.dose.uid if item.dose else None,
        "plan": item.plan.uid if item.plan else None,
        "structures": item.structures.uid if item.structures else None,
        "image": item.image.series_uid if item.image else None,
        "evidence": list(item.evidence),
        "ready": not _lacks(item),
        "lacks": _lacks(item),
    }


def _link(item: Link) -> dict[str, Any]:
    return {
        "relation": item.relation,
        "source": item.source,
        "target": item.target,
        "confidence": item.confidence,
        "evidence": item.evidence,
    }


def _lacks(item: Treatment) -> list[str]:
    """Return what keeps a treatment from being audited, as far as reading tells."""
    found = []
    if item.dose is None:
        found.append("no dose")
    elif item.dose.unit != "Gy":
        found.append("its dose is not in Gy")
    elif item.dose.summation not in {"PLAN", "MULTI_PLAN"}:
        found.append("its dose is not that of a whole plan (see --dose-as)")
    if item.structures is None:
        found.append("no structure set (see --structures)")
    found += [f"{link.relation} is a guess" for link in item.guesses]
    return found


def _readiness(case: Case) -> list[dict[str, Any]]:
    """Return one entry a plan, and one for treatments without a plan."""
    found = []
    for plan in case.plans:
        own = [item for item in case.treatments if item.plan is not None and item.plan.uid == plan.uid]
        lacks = [text for item in own for text in _lacks(item)] if own else ["no dose"]
        if not plan.prescriptions:
            lacks.append("no prescription (give it in the sheet)")
        if plan.fractions is None:
            lacks.append("no number of fractions (give it in the sheet)")
        found.append({"plan": plan.label, "uid": plan.uid, "ready": not lacks, "lacks": list(dict.fromkeys(lacks))})
    for item in case.treatments:
        if item.plan is None:
            lacks = [*_lacks(item), "no plan: prescription and fractions come from the sheet"]
            found.append({"plan": None, "uid": None, "ready": False, "lacks": lacks})
    return found


def _image_line(item: dict[str, Any]) -> str:
    spacing = " x ".join(f"{value:g}" for value in item["spacing_mm"])
    uneven = "" if item["evenly_spaced"] else ", planes unevenly spaced"
    position = f", {display_text(item['patient_position'])}" if item["patient_position"] else ""
    return f"{item['modality']}: {item['planes']} planes, {spacing} mm{position}{uneven}"


def _structures_line(item: dict[str, Any]) -> str:
    rois = item["structures"]
    empty = sum(roi["contours"] == 0 for roi in rois)
    names = ", ".join(display_name(roi["name"]) for roi in rois)
    return f"{display_name(item['label']) or 'unnamed'}: {len(rois)} ROIs, {empty} without contours\n    {names}"


def _plan_line(item: dict[str, Any]) -> str:
    doses = ", ".join(
        f"{found['dose_gy']:g} Gy" + (f" to ROI {found['roi_number']}" if found["roi_number"] is not None else "")
        for found in item["prescriptions"]
    )
    count = f"{item['fractions']} fractions" if item["fractions"] else "no single fraction count"
    approval = display_text(item["approval"] or "no approval status")
    return f"{display_name(item['label'])}: {item['modality']}, {count}, {doses or 'no prescription'}, {approval}"


def _dose_line(item: dict[str, Any]) -> str:
    spacing = " x ".join(f"{value:g}" for value in item["spacing_mm"])
    unit = "Gy" if item["unit"] == "Gy" else "relative"
    kind = f"{display_text(item['summation'] or 'no summation type')}, {display_text(item['type'])}"
    return f"{display_name(item['label']) or 'dose'}: {kind}, grid {spacing} mm, maximum {item['maximum']:.2f} {unit}"


def _treatment_line(item: dict[str, Any]) -> str:
    parts = [name for name in ("dose", "plan", "structures", "image") if item[name]]
    missing = [name for name in ("dose", "plan", "structures", "image") if not item[name]]
    state = "ready to audit" if item["ready"] else "cannot be audited"
    lack = f", without {', '.join(missing)}" if missing else ""
    evidence = f" ({'; '.join(display_text(text) for text in item['evidence'])})" if item["evidence"] else ""
    return f"{state}: {' + '.join(parts)}{lack}{evidence}"


def _readiness_line(item: dict[str, Any]) -> str:
    name = "without a plan" if item["plan"] is None else display_name(item["plan"]) or "unnamed"
    return f"{name}: {'ready' if item['ready'] else 'not ready: ' + '; '.join(item['lacks'])}"


_SECTIONS = (
    ("images", "images", _image_line),
    ("structure_sets", "structure sets", _structures_line),
    ("plans", "plans", _plan_line),
    ("doses", "doses", _dose_line),
    ("treatments", "what belongs together", _treatment_line),
    ("readiness", "ready to audit", _readiness_line),
)
