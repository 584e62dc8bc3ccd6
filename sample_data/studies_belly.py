"""Liver, adrenal gland and ilium."""

from __future__ import annotations

from .anatomy import belly, pelvis
from .solids import Ellipsoid, Tube
from .study import Lesion, Shape, Study
from .treatment import Broken, ball, dose_of, joined, lesion_of, moved, treated, without_gtv

__all__ = [
    "adrenal_breaks",
    "adrenal_keeps",
    "bone_breaks",
    "bone_keeps",
    "liver_breaks",
    "liver_keeps",
    "liver_two_breaks",
    "liver_two_keeps",
]


def liver_keeps() -> Study:
    """Return a lesion deep in the right liver."""
    lesion = lesion_of("PTV_1", "liver", centre=(-90, -35, 30), semi_axes=ball(20), rx_gy=50)
    return _in_belly("liver-keeps", "Right liver, 50 Gy in 5", fractions=5, organs=belly(), lesions=(lesion,))


def liver_breaks() -> Study:
    """Return a lesion at the edge of the liver with the duodenum against it."""
    organs = moved(belly(), "Duodenum", Tube((5, -30), (13, 13), -95, -15))
    lesion = lesion_of("PTV_1", "liver", centre=(-31, -32, -11), semi_axes=ball(19), rx_gy=50, steepness=2.4)
    broken = tuple(("Duodenum", metric) for metric in ("D0.035cc", "D5cc", "D10cc"))
    title = "Liver with the duodenum close by"
    return _in_belly("liver-breaks", title, fractions=5, organs=organs, lesions=(lesion,), broken=broken)


def liver_two_keeps() -> Study:
    """Return two lesions in the right liver, treated in one plan."""
    lesions = (
        lesion_of("PTV_1", "liver", centre=(-105, -35, 45), semi_axes=ball(16), rx_gy=45),
        lesion_of("PTV_2", "liver", centre=(-75, -40, -20), semi_axes=ball(14), rx_gy=45),
    )
    title = "Two lesions of the liver, 45 Gy in 3"
    return _in_belly("liver-two-keeps", title, fractions=3, organs=belly(), lesions=lesions)


def liver_two_breaks() -> Study:
    """Return two lesions, the second in the left liver beside the stomach."""
    organs = moved(belly(), "Stomach", Ellipsoid((38, -45, 30), (38, 35, 45)))
    lesions = (
        lesion_of("PTV_1", "liver", centre=(-105, -35, 45), semi_axes=ball(16), rx_gy=45),
        lesion_of("PTV_2", "liver", centre=(-25, -38, 26), semi_axes=ball(20), rx_gy=45, steepness=2.7),
    )
    broken = (("Stomach", "D0.035cc"), ("Stomach", "D10cc"))
    title = "Two lesions of the liver, one beside the stomach"
    return _in_belly("liver-two-breaks", title, fractions=3, organs=organs, lesions=lesions, broken=broken)


def adrenal_keeps() -> Study:
    """Return a left adrenal gland apart from the stomach."""
    return _adrenal("adrenal-keeps", "Left adrenal gland, 45 Gy in 5", organs=belly(), steepness=4.0)


def adrenal_breaks() -> Study:
    """Return a left adrenal gland with the stomach against it."""
    organs = moved(belly(), "Stomach", Ellipsoid((46, -36.5, 8), (38, 35, 45)))
    broken = (("Stomach", "D0.035cc"), ("Stomach", "D10cc"))
    title = "Left adrenal gland with the stomach against it"
    return _adrenal("adrenal-breaks", title, organs=organs, steepness=2.6, broken=broken)


def _adrenal(name: str, title: str, *, organs: dict[str, Shape], steepness: float, broken: Broken = ()) -> Study:
    centre = (42.0, 15.0, 4.0)
    gland = Shape("Glnd_Adrenal_L", Ellipsoid(centre, (14.5, 14.5, 14.5)))
    lesion = lesion_of("PTV_1", "adrenal", centre=centre, semi_axes=ball(16), rx_gy=45, steepness=steepness)
    organs = organs | {gland.name: gland}
    return _in_belly(name, title, fractions=5, organs=organs, lesions=(lesion,), broken=broken)


def _in_belly(
    name: str,
    title: str,
    *,
    fractions: int,
    organs: dict[str, Shape],
    lesions: tuple[Lesion, ...],
    broken: Broken = (),
) -> Study:
    # The published bands of the mean dose to liver minus GTV are for 3 fractions; a band is never plainly met.
    kept = "acceptable" if fractions == 3 else "met"
    site = lesions[0].site
    return Study(
        id=name,
        title=title,
        site=site,
        fractions=fractions,
        shapes=treated(organs, lesions),
        lesions=lesions,
        dose=dose_of(lesions),
        verdict="exceeded" if broken else kept,
        exceeded=broken,
        derived=without_gtv(organs, "Liver", lesions) if site == "liver" else {},
    )


def bone_keeps() -> Study:
    """Return a lesion of the left ilium with the sacral plexus at a distance."""
    return _bone("bone-keeps", "Left ilium, 30 Gy in 3", organs=pelvis(), steepness=5.0)


def bone_breaks() -> Study:
    """Return a lesion of the left ilium with the sacral plexus against it."""
    organs = moved(pelvis(), "SacralPlex", Tube((72.9, 25), (6, 6), -21, 41))
    broken = (("SacralPlex", "D0.035cc"),)
    title = "Left ilium with the sacral plexus against it"
    return _bone("bone-breaks", title, organs=organs, steepness=3.0, broken=broken)


def _bone(name: str, title: str, *, organs: dict[str, Shape], steepness: float, broken: Broken = ()) -> Study:
    lesion = lesion_of("PTV_1", "bone", centre=(95, 25, 30), semi_axes=(15, 18, 18), rx_gy=30, steepness=steepness)
    return Study(
        id=name,
        title=title,
        site="bone",
        fractions=3,
        shapes=treated(organs, (lesion,)),
        lesions=(lesion,),
        dose=dose_of((lesion,)),
        verdict="exceeded" if broken else "met",
        exceeded=broken,
        derived=joined(organs, "Femur_Head_L", "Femur_Head_R"),
    )
