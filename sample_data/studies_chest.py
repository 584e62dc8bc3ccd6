"""A thoracic vertebra and a lung lesion, 3 fractions each."""

from __future__ import annotations

from .anatomy import chest
from .solids import Tube
from .study import Lesion, Shape, Study
from .treatment import Broken, ball, dose_of, joined, lesion_of, moved, treated, without_gtv

__all__ = ["lung_breaks", "lung_keeps", "spine_breaks", "spine_keeps"]


def spine_keeps() -> Study:
    """Return a vertebra with the cord well behind it and a steep fall of dose."""
    return _spine("spine-keeps", "Eighth thoracic vertebra, 27 Gy in 3", cord_y=27.0, steepness=5.0)


def spine_breaks() -> Study:
    """Return the same vertebra with the cord against the target and a shallower fall."""
    broken = tuple(("SpinalCord", metric) for metric in ("D0.035cc", "D0.35cc", "D1.2cc"))
    title = "A vertebra with the cord against the target"
    return _spine("spine-breaks", title, cord_y=21.1, steepness=3.2, broken=broken)


def _spine(name: str, title: str, *, cord_y: float, steepness: float, broken: Broken = ()) -> Study:
    organs = moved(chest(), "SpinalCord", Tube((0, cord_y), (5, 5), -101, 115))
    lesion = lesion_of("PTV_1", "spine", centre=(0, 0, 0), semi_axes=(20, 16, 14), rx_gy=27, steepness=steepness)
    return _in_chest(name, title, organs=organs, lesion=lesion, broken=broken)


def lung_keeps() -> Study:
    """Return a lesion in the middle of the left lung."""
    return _lung("lung-keeps", "Peripheral left lung, 54 Gy in 3", x=105.0, steepness=4.0)


def lung_breaks() -> Study:
    """Return a lesion near the ribs with so shallow a fall that R50 is exceeded too."""
    broken = (("PTV_1", "R50"), ("Rib", "D0.035cc"), ("Rib", "D1cc"))
    title = "Left lung near the chest wall, with a shallow fall of dose"
    return _lung("lung-breaks", title, x=125.0, steepness=2.3, broken=broken)


def _lung(name: str, title: str, *, x: float, steepness: float, broken: Broken = ()) -> Study:
    lesion = lesion_of(
        "PTV_1",
        "lung",
        centre=(x, -50, 10),
        semi_axes=ball(18),
        rx_gy=54,
        conformity=1.07,
        peak=1.45,
        steepness=steepness,
    )
    return _in_chest(name, title, organs=chest(), lesion=lesion, broken=broken)


def _in_chest(name: str, title: str, *, organs: dict[str, Shape], lesion: Lesion, broken: Broken) -> Study:
    # The published bands of the lungs minus GTV are for lung treatments; a band is never plainly met.
    in_lung = lesion.site == "lung"
    kept = "acceptable" if in_lung else "met"
    return Study(
        id=name,
        title=title,
        site=lesion.site,
        fractions=3,
        shapes=treated(organs, (lesion,)),
        lesions=(lesion,),
        dose=dose_of((lesion,)),
        verdict="exceeded" if broken else kept,
        exceeded=broken,
        derived=joined(organs, "Trachea", "Bronchus_Main")
        | (without_gtv(organs, "Lungs", (lesion,)) if in_lung else {}),
    )
