"""What an oddity is: a named mutation of one small good study, and what a careful tool makes of it.

The study is met as it stands. A mutation works on the files of a written copy, through a `Bench`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset, FileDataset
from pydicom.filewriter import dcmwrite

from .solids import Tube, sphere
from .study import Sampling, Shape, Study
from .treatment import ball, dose_of, lesion_of

__all__ = ["Bench", "Mutation", "Oddity", "good_study"]


class Bench:
    """The files of one written study, to be changed.

    Attributes
    ----------
    folder : Path
        Holds ``RTDOSE.dcm``, ``RTPLAN.dcm``, ``RTSTRUCT.dcm`` and ``CT_001.dcm`` onwards, in rising z.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def images(self) -> tuple[Path, ...]:
        """The image files in rising z."""
        return tuple(sorted(self.folder.glob("CT_*.dcm")))

    def path(self, name: str) -> Path:
        """Return the path of a file: ``RTDOSE``, ``RTPLAN``, ``RTSTRUCT``, or a name of its own."""
        return self.folder / (name if "." in name else f"{name}.dcm")

    def read(self, name: str) -> FileDataset:
        """Read one file whole."""
        return pydicom.dcmread(self.path(name))

    def save(self, dataset: Dataset, name: str) -> None:
        """Write a data set, however crooked, under its own transfer syntax."""
        with pydicom.config.disable_value_validation():
            dcmwrite(self.path(name), dataset, enforce_file_format=True)

    @contextmanager
    def edit(self, name: str) -> Iterator[FileDataset]:
        """Read a file, hand it out to be changed, and write it back."""
        with pydicom.config.disable_value_validation():
            dataset = self.read(name)
            yield dataset
        self.save(dataset, name)

    def edit_images(self, change: Callable[[int, Dataset], None]) -> None:
        """Change every image; `change` receives its index and the data set."""
        for index, path in enumerate(self.images):
            with self.edit(path.name) as dataset:
                change(index, dataset)


Mutation = Callable[[Bench], None]


@dataclass(frozen=True, slots=True)
class Oddity:
    """One odd input.

    Attributes
    ----------
    name : str
        How it is asked for.
    row : int
        Which kind of oddity it is an instance of, 1 to 48.
    effect : str
        What a careful tool does with the study: ``used`` without a word, ``note`` (used, and it is said),
        ``not_judged`` (what depends on it has no verdict), ``refused``.
    codes : tuple of str
        Issue codes that must be among those reported.
    what : str
        What is odd, in one sentence.
    mutate : callable
    """

    name: str
    row: int
    effect: str
    codes: tuple[str, ...]
    what: str
    mutate: Mutation


def good_study() -> Study:
    """Return the study that every oddity starts from: one small bone lesion, everything in order."""
    lesion = lesion_of("PTV_1", "bone", centre=(16, 0, 0), semi_axes=ball(12), rx_gy=30, steepness=5.0)
    shapes = (
        Shape("Body", Tube((0, 0), (62, 48), -34, 34), "EXTERNAL", 0),
        Shape("PTV_1", lesion.target, "PTV"),
        Shape("GTV_1", lesion.gtv or lesion.target, "GTV"),
        Shape("Bone_Ilium_L", sphere((16, 0, 0), 16), value=500),
        Shape("SpinalCord", Tube((-14, 32), (5, 5), -34, 34)),
        Shape("Femur_Head_L", sphere((46, 0, -14), 8), value=500),
        Shape("Femur_Head_R", sphere((-46, 0, -14), 8), value=500),
    )
    return Study(
        id="oddity",
        title="A small lesion, 30 Gy in 3",
        site="bone",
        fractions=3,
        shapes=shapes,
        lesions=(lesion,),
        dose=dose_of((lesion,)),
        verdict="met",
        sampling=Sampling(2.0, 3.0, 2.0),
    )
