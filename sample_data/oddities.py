"""Every oddity by name, and how one is written: a good study, its truth, and the mutation of its files."""

from __future__ import annotations

import json
from pathlib import Path

from .oddities_doses import DOSES
from .oddities_files import FILES
from .oddities_images import IMAGES
from .oddities_links import LINKS
from .oddities_structures import STRUCTURES
from .oddity import Bench, Oddity, good_study
from .writer import write_dicom

__all__ = ["oddities", "write_oddity"]


def oddities() -> tuple[Oddity, ...]:
    """Return every oddity, in the order of its row.

    Examples
    --------
    >>> {item.row for item in oddities()} == set(range(1, 49))
    True
    """
    return tuple(sorted((*FILES, *LINKS, *IMAGES, *STRUCTURES, *DOSES), key=lambda item: item.row))


def write_oddity(name: str, folder: Path) -> Path:
    """Write the good study with one oddity.

    Parameters
    ----------
    name : str
        Of an oddity; ``"none"`` leaves the study as it is.
    folder : Path
        Receives ``dicom/`` and ``expected.json``.

    Returns
    -------
    Path
        The folder with the DICOM files.

    Raises
    ------
    ValueError
        If no oddity has that name.
    """
    known = {item.name: item for item in oddities()}
    if name not in known and name != "none":
        raise ValueError(f"there is no oddity {name!r}")
    dicom = write_dicom(good_study(), folder)
    if name in known:
        odd = known[name]
        odd.mutate(Bench(dicom))
        facts = {"oddity": name, "row": odd.row, "what": odd.what, "effect": odd.effect, "codes": list(odd.codes)}
        (Path(folder) / "expected.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    return dicom
