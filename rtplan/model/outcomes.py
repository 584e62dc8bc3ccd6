"""What models of complication and control say of a plan: information beside the verdict, never part of it."""

from __future__ import annotations

from dataclasses import dataclass

from .measured import Measured, NotMeasured

__all__ = ["UNKNOWN_FACTS", "Outcome", "OutcomePanel", "StructureReading"]

UNKNOWN_FACTS = "facts of the patient that were not given"
"""How the cause of an interval begins that a fact of the patient would narrow."""


@dataclass(frozen=True, slots=True)
class StructureReading:
    """A metric of a structure: what was asked, what was measured for it (`roi`), its value, and what to say of it."""

    structure: str
    roi: str
    metric: str
    value: Measured | NotMeasured
    note: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one model says.

    Attributes
    ----------
    model, title : str
    lesion : str
        The lesion it is about; empty for an organ.
    value : Measured or NotMeasured
        A probability in per cent (of the dose to immune cells: Gy). The interval is what the inputs' intervals
        and unknown facts of the patient leave open, never the uncertainty of the model.
    inputs : tuple of StructureReading
    trust, cite, fitted : str
        Of the parameters.
    caveats : tuple of str
    """

    model: str
    title: str
    lesion: str
    value: Measured | NotMeasured
    inputs: tuple[StructureReading, ...]
    trust: str
    cite: str
    fitted: str
    caveats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OutcomePanel:
    """Readings and outcomes that belong together, the lesions they are shown for, and why the readings are."""

    id: str
    title: str
    lesions: tuple[str, ...]
    reason: str = ""
    readings: tuple[StructureReading, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
