"""Radiosurgery of three metastases, and the whole brain with and without its hippocampi."""

from __future__ import annotations

from .anatomy import head, hippocampi
from .fields import Bell, Coolest, Dip, Field, Hottest
from .solids import Capsule, Ellipsoid, Without
from .study import Lesion, Sampling, Shape, Study
from .treatment import Broken, Triple, ball, dose_of, joined, lesion_of, treated

__all__ = ["brain_breaks", "brain_keeps", "ha_wbrt_breaks", "ha_wbrt_keeps", "wbrt_breaks", "wbrt_keeps"]

_OPTICS = ("OpticChiasm", "OpticNrv_L", "OpticNrv_R")
_FINE = Sampling(plane_mm=1.0, pixel_mm=2.25, dose_mm=1.5)
_COARSE = Sampling(plane_mm=2.0, pixel_mm=2.25, dose_mm=2.0)
# The hippocampi are a centimetre across: on planes of 2 mm their rounded ends would blur their near-maximum.
_THIN = Sampling(plane_mm=1.0, pixel_mm=2.25, dose_mm=2.0)


def brain_keeps() -> Study:
    """Return three metastases that keep their distance from every organ at risk."""
    lesions = (
        _metastasis("PTV_1", (35, -30, 25), 6.0),
        _metastasis("PTV_2", (-40, 30, 10), 5.0),
        _metastasis("PTV_3", (20, 45, 30), 7.0),
    )
    return _brain("brain-keeps", "Three brain metastases, 20 Gy in 1", lesions=lesions)


def brain_breaks() -> Study:
    """Return three metastases: one reaches into the brainstem, one is nearly three times as hot as prescribed."""
    lesions = (
        _metastasis("PTV_1", (35, -30, 25), 6.0),
        _metastasis("PTV_2", (-16, 18, -44), 6.0),
        _metastasis("PTV_3", (20, 45, 30), 7.0, peak=2.9),
    )
    broken = (("Brainstem", "D0.035cc"), ("Brainstem", "D0.5cc"), ("PTV_3", "MDPD"))
    title = "One metastasis in the brainstem, another far too hot"
    return _brain("brain-breaks", title, lesions=lesions, broken=broken)


def _metastasis(name: str, centre: Triple, radius: float, *, peak: float = 1.4) -> Lesion:
    return lesion_of(
        name, "brain", centre=centre, semi_axes=ball(radius), rx_gy=20, conformity=1.3, peak=peak, steepness=5
    )


def _brain(name: str, title: str, *, lesions: tuple[Lesion, ...], broken: Broken = ()) -> Study:
    organs = head()
    return Study(
        id=name,
        title=title,
        site="brain",
        fractions=1,
        shapes=treated(organs, lesions),
        lesions=lesions,
        dose=dose_of(lesions),
        verdict="exceeded" if broken else "acceptable",
        exceeded=broken,
        derived=joined(organs, *_OPTICS),
        modality="MR",
        sampling=_FINE,
    )


def ha_wbrt_keeps() -> Study:
    """Return the whole brain with both hippocampi spared."""
    return _ha_wbrt("ha-wbrt-keeps", "Whole brain with both hippocampi spared, 30 Gy in 10", left_floor_gy=7.0)


def ha_wbrt_breaks() -> Study:
    """Return the whole brain with a left hippocampus that gets half of the prescription at the least."""
    broken = (("Hippocampus_L", "D100%"), ("Hippocampus_L", "D0.03cc"))
    title = "Whole brain with the left hippocampus not spared"
    return _ha_wbrt("ha-wbrt-breaks", title, left_floor_gy=16.0, broken=broken)


def _ha_wbrt(name: str, title: str, *, left_floor_gy: float, broken: Broken = ()) -> Study:
    organs = _without_ears(head())
    spared = hippocampi()
    floors = {"Hippocampus_L": left_floor_gy, "Hippocampus_R": 7.0}
    dips = [Dip(spared[side], floors[side], 32.0, 7.0, 3.6) for side in spared]
    target = Without(organs["Brain"].solid, tuple(solid.grown(5) for solid in spared.values()))
    lesion = Lesion("PTV_Brain", "brain", 30.0, target)
    organs |= {side: Shape(side, solid, value=600) for side, solid in spared.items()}
    return Study(
        id=name,
        title=title,
        site="brain",
        fractions=10,
        shapes=treated(organs, (lesion,)),
        lesions=(lesion,),
        dose=Coolest((*dips, *_front_spared(32.0))),
        verdict="exceeded" if broken else "met",
        exceeded=broken,
        derived=joined(organs, *_OPTICS),
        sampling=_THIN,
    )


def _front_spared(around_gy: float) -> tuple[Field, ...]:
    """Spare the optic pathway and both eyes in an even dose."""
    optics = Capsule((0, -80, -82), 110, 1)
    eyes = (Capsule((32, -95, -70), 40, 1), Capsule((-32, -95, -70), 40, 1))
    return (Dip(optics, 4.0, around_gy, 17.0, 5.0), *(Dip(eye, 4.0, around_gy, 24.0, 5.0) for eye in eyes))


def _without_ears(organs: dict[str, Shape]) -> dict[str, Shape]:
    """Leave out the inner ears: an even dose to the whole brain does not spare them."""
    return {name: shape for name, shape in organs.items() if not name.startswith("Cochlea")}


def wbrt_keeps() -> Study:
    """Return the whole brain with an even dose, optic pathway and eyes spared."""
    return _wbrt("wbrt-keeps", "Whole brain, 30 Gy in 10")


def wbrt_breaks() -> Study:
    """Return the whole brain with a hot spot on the optic pathway."""
    hot = Bell(Ellipsoid((0, -34, -67), (24, 22, 9)), 36.0, 42.0, 6.0)
    optics = "|".join(_OPTICS)
    broken = ((optics, "D0.035cc"), (optics, "D0.5cc"))
    return _wbrt("wbrt-breaks", "Whole brain with a hot spot on the optic chiasm", hot=(hot,), broken=broken)


def _wbrt(name: str, title: str, *, hot: tuple[Field, ...] = (), broken: Broken = ()) -> Study:
    organs = _without_ears(head())
    lesion = Lesion("PTV_Brain", "brain", 30.0, organs["Brain"].solid)
    return Study(
        id=name,
        title=title,
        site="brain",
        fractions=10,
        shapes=treated(organs, (lesion,)),
        lesions=(lesion,),
        dose=Hottest((Coolest(_front_spared(30.9)), *hot)),
        verdict="exceeded" if broken else "met",
        exceeded=broken,
        derived=joined(organs, *_OPTICS),
        sampling=_COARSE,
    )
