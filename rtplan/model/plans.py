"""What an RTPLAN or RT Ion Plan says was intended."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Beam", "FractionGroup", "Plan", "Prescription"]


@dataclass(frozen=True, slots=True)
class Prescription:
    """A dose that a plan or a sheet prescribes to a target.

    `target_number` is the ROI it refers to; None where the plan names none (`description` may then hold
    a name). `fractions` is None where no count is known.
    """

    dose_gy: float
    fractions: int | None = None
    target_number: int | None = None
    description: str = ""
    source: str = "plan"

    def __post_init__(self) -> None:
        if not self.dose_gy > 0:
            raise ValueError("a prescribed dose is positive")
        if self.fractions is not None and self.fractions < 1:
            raise ValueError("a course has one fraction or more")


@dataclass(frozen=True, slots=True)
class FractionGroup:
    """One item of FractionGroupSequence: planned fractions and the beams given in each.

    `beam_doses_gy` are the BeamDose of those that state one, a fraction's share at the point of specification.
    """

    number: int
    fractions: int | None
    beam_numbers: tuple[int, ...] = ()
    beam_doses_gy: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Beam:
    """One beam: number, name, radiation type (PHOTON, PROTON, ION, ...), isocentre in mm (LPS)."""

    number: int
    name: str = ""
    radiation: str = ""
    isocentre_mm: tuple[float, float, float] | None = None
    delivery: str = "TREATMENT"


@dataclass(frozen=True, slots=True)
class Plan:
    """One plan. `modality` is RTPLAN or RTIONPLAN; every text is as written."""

    uid: str
    label: str = ""
    modality: str = "RTPLAN"
    approval: str = ""
    intent: str = ""
    structure_set_uids: tuple[str, ...] = ()
    prescriptions: tuple[Prescription, ...] = ()
    fraction_groups: tuple[FractionGroup, ...] = ()
    beams: tuple[Beam, ...] = ()
    patient_position: str = ""

    @property
    def fractions(self) -> int | None:
        """The one fraction count that every group states; None where there is none or they differ."""
        counts = {group.fractions for group in self.fraction_groups}
        return counts.pop() if len(counts) == 1 else None
