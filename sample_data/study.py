"""What a sample study is: shapes, a dose function, lesions, and what an audit of it must say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .fields import Bell, Field
from .orientation import IDENTITY, Matrix
from .solids import Ellipsoid, Solid

__all__ = ["Lesion", "Sampling", "Shape", "Study"]


@dataclass(frozen=True, slots=True)
class Shape:
    """A solid with a name: `role` is its RTROIInterpretedType, `value` its CT number or MR signal."""

    name: str
    solid: Solid
    role: str = "ORGAN"
    value: int = 40


@dataclass(frozen=True, slots=True)
class Lesion:
    """A target and its prescription; `bell` is the dose around it where it has one of its own."""

    name: str
    site: str
    rx_gy: float
    target: Solid
    gtv: Ellipsoid | None = None
    bell: Bell | None = None


@dataclass(frozen=True, slots=True)
class Sampling:
    """How finely a study is written: distance of planes, size of pixels and of dose voxels, in mm."""

    plane_mm: float = 2.0
    pixel_mm: float = 3.0
    dose_mm: float = 2.5


@dataclass(frozen=True, slots=True)
class Study:
    """One sample study.

    Attributes
    ----------
    id : str
        Name of its folder, for example ``"liver-keeps"``.
    site, modality : str
        Where the lesions are; CT or MR.
    shapes : tuple of Shape
        In the order of their ROI numbers, counted from one.
    derived : mapping of str to Solid
        Combinations of shapes that limits name (``"Lungs-GTV"``); not drawn, but in the truth.
    verdict : str
        What an audit must end with.
    exceeded : tuple of (str, str)
        Exactly the governing limits that are exceeded: structure as the limit names it, metric.
    rotation : Matrix
        The rigid turn of everything about the origin under which the study is written.
    """

    id: str
    title: str
    site: str
    fractions: int
    shapes: tuple[Shape, ...]
    lesions: tuple[Lesion, ...]
    dose: Field
    verdict: str
    exceeded: tuple[tuple[str, str], ...] = ()
    derived: Mapping[str, Solid] = field(default_factory=dict)
    modality: str = "CT"
    sampling: Sampling = Sampling()
    rotation: Matrix = IDENTITY

    @property
    def exit_code(self) -> int:
        """The exit code of an audit: 1 where a limit is exceeded."""
        return int(self.verdict == "exceeded")

    def number_of(self, name: str) -> int:
        """Return the ROI number of a shape.

        Raises
        ------
        ValueError
            If no shape has that name.
        """
        return [shape.name for shape in self.shapes].index(name) + 1
