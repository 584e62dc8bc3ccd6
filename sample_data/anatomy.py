"""Plain organs in a plausible layout: a head, a chest, a belly and a pelvis of ellipsoids, tubes and boxes.

Sizes are those of a grown person, shapes are the simplest that have a closed form. x points to the patient's
left, y to the back, z to the head. No two organs touch unless one is part of the other.
"""

from __future__ import annotations

from .solids import Box, Capsule, Ellipsoid, Solid, Tube, Union, Without, sphere
from .study import Shape

__all__ = ["belly", "chest", "head", "hippocampi", "pelvis"]

_AIR_FILLED = -750
_BONE = 500
_BLOOD = 50

Layout = dict[str, Solid]


def head() -> dict[str, Shape]:
    """Return a head with brain, brainstem, optic pathway, eyes, lenses and inner ears (MR signals)."""
    paired: Layout = {
        "Cochlea": sphere((38, 20, -60), 3.5),
        "Eye": sphere((32, -84, -58), 12),
        "Lens": sphere((32, -92, -58), 3.5),
        "OpticNrv": Capsule((14, -52, -66), 28, 2.5),
    }
    single: Layout = {
        "Brain": Ellipsoid((0, 0, 0), (66, 82, 62)),
        "Brainstem": Ellipsoid((0, 18, -48), (14, 13, 24)),
        "OpticChiasm": Ellipsoid((0, -26, -67), (8, 4, 3.5)),
    }
    both = {f"{name}_L": solid for name, solid in paired.items()}
    both |= {f"{name}_R": _mirrored(solid) for name, solid in paired.items()}
    skull = Shape("Body", Ellipsoid((0, 0, -12), (88, 118, 106)), "EXTERNAL", 200)
    values = {"Brain": 600, "Eye_L": 900, "Eye_R": 900}
    return {"Body": skull} | _shapes(single | both, values, 500)


def hippocampi() -> dict[str, Capsule]:
    """Return the left and right hippocampus: capsules, so that a margin around them stays exact."""
    return {
        "Hippocampus_L": Capsule((28, 12, -20), 30, 5),
        "Hippocampus_R": Capsule((-28, 12, -20), 30, 5),
    }


def chest() -> dict[str, Shape]:
    """Return a chest around the eighth thoracic vertebra, which is centred on the origin."""
    lungs = (Ellipsoid((96, -50, 10), (50, 85, 105)), Ellipsoid((-96, -50, 10), (50, 85, 105)))
    solids: Layout = {
        "Lung_L": lungs[0],
        "Lung_R": lungs[1],
        "Lungs": Union(lungs),
        "Heart": Ellipsoid((0, -92, -25), (44, 44, 48)),
        "SpinalCord": Tube((0, 27), (5, 5), -101, 115),
        "Esophagus": Tube((-6, -34), (8, 8), -101, 115),
        "GreatVes": Tube((19, -30), (12, 12), -101, 61),
        "Trachea": Tube((0, -62), (9, 9), 47, 113),
        "Bronchus_Main": Union((Tube((13, -62), (6, 6), 25, 45), Tube((-13, -62), (6, 6), 25, 45))),
        "BrachialPlex_L": Tube((50, -55), (4, 4), 91, 119),
        "BrachialPlex_R": Tube((-50, -55), (4, 4), 91, 119),
        "Rib": Box((148, -90, -31), (158, -10, 51)),
        "VB_T08": Ellipsoid((0, 0, 0), (19, 15, 13)),
    }
    body = Shape("Body", Tube((0, -50), (172, 132), -109, 125), "EXTERNAL", 20)
    values = dict.fromkeys(("Lung_L", "Lung_R", "Lungs", "Trachea", "Bronchus_Main"), _AIR_FILLED)
    return {"Body": body} | _shapes(solids, values | {"Rib": _BONE, "VB_T08": _BONE, "GreatVes": _BLOOD}, 40)


def belly() -> dict[str, Shape]:
    """Return a belly with liver, kidneys, stomach and bowel; the cord lies at its back."""
    kidneys = {"Kidney_L": (60, 50, -66), "Kidney_R": (-60, 50, -66)}
    whole = {name: Ellipsoid(centre, (28, 24, 50)) for name, centre in kidneys.items()}
    sinuses = tuple(Ellipsoid(centre, (12, 10, 25)) for centre in kidneys.values())
    small, colon = Ellipsoid((0, -95, -96), (70, 38, 35)), Tube((112, -20), (18, 18), -121, -11)
    solids: Layout = {
        "Liver": Ellipsoid((-76, -32, 20), (75, 70, 75)),
        "Stomach": Ellipsoid((55, -50, 35), (38, 35, 45)),
        "Duodenum": Tube((20, -30), (13, 13), -95, -15),
        "Bowel_Small": small,
        "Colon": colon,
        "Bowel": Union((small, colon)),
        **whole,
        "Kidney_Cortex": Without(Union(tuple(whole.values())), sinuses),
        "SpinalCord": Tube((0, 50), (5, 5), -121, 105),
        "GreatVes": Tube((12, 10), (10, 10), -121, 105),
    }
    body = Shape("Body", Tube((0, -30), (170, 118), -133, 113), "EXTERNAL", 20)
    return {"Body": body} | _shapes(solids, {"Liver": 60, "GreatVes": _BLOOD}, 35)


def pelvis() -> dict[str, Shape]:
    """Return a pelvis with the left ilium, the organs before it and the nerves behind."""
    heads = (sphere((88, -10, -70), 22), sphere((-88, -10, -70), 22))
    solids: Layout = {
        "Bone_Ilium_L": Ellipsoid((95, 25, 28), (16, 38, 45)),
        "Rectum": Tube((0, 45), (17, 17), -91, -1),
        "Bladder_Wall": Without(sphere((0, -30, -55), 36), (sphere((0, -30, -55), 32),)),
        "Bowel_Small": Ellipsoid((0, -60, 40), (65, 35, 45)),
        "Colon": Tube((78, -62), (16, 16), 1, 91),
        "SacralPlex": Tube((26, 45), (6, 6), -21, 41),
        "CaudaEquina": Tube((0, 62), (8, 8), 31, 91),
        "Femur_Head_L": heads[0],
        "Femur_Head_R": heads[1],
    }
    body = Shape("Body", Tube((0, -10), (175, 112), -109, 101), "EXTERNAL", 20)
    bones = dict.fromkeys(("Bone_Ilium_L", "Femur_Head_L", "Femur_Head_R"), _BONE)
    return {"Body": body} | _shapes(solids, bones, 35)


def _shapes(solids: Layout, values: dict[str, int], otherwise: int) -> dict[str, Shape]:
    return {name: Shape(name, solid, value=values.get(name, otherwise)) for name, solid in solids.items()}


def _mirrored(solid: Solid) -> Solid:
    """Return an ellipsoid or capsule on the other side of the patient."""
    if isinstance(solid, Ellipsoid):
        x, y, z = solid.centre_mm
        return Ellipsoid((-x, y, z), solid.semi_axes_mm)
    if isinstance(solid, Capsule):
        x, y, z = solid.centre_mm
        return Capsule((-x, y, z), solid.length_mm, solid.radius_mm)
    raise TypeError(f"no mirror image is known for a {type(solid).__name__}")
