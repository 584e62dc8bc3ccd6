"""Make a study's parts: a lesion with the dose around it, the shapes in order, the combinations limits name."""

from __future__ import annotations

from .fields import Bell, Field, Hottest
from .solids import Ellipsoid, Solid, Union, Without
from .study import Lesion, Shape

__all__ = ["Broken", "Triple", "ball", "dose_of", "joined", "lesion_of", "moved", "treated", "without_gtv"]

Triple = tuple[float, float, float]
Broken = tuple[tuple[str, str], ...]


def lesion_of(
    name: str,
    site: str,
    *,
    centre: Triple,
    semi_axes: Triple,
    rx_gy: float,
    conformity: float = 1.12,
    peak: float = 1.4,
    steepness: float = 4.0,
) -> Lesion:
    """Make a PTV with its GTV and bell; `conformity` is V(Rx)/V(PTV), `peak` the maximum in prescriptions."""
    target, gtv = Ellipsoid(centre, semi_axes), Ellipsoid(centre, _scaled(semi_axes, 0.75))
    edge = Ellipsoid(centre, _scaled(semi_axes, conformity ** (1 / 3)))
    return Lesion(name, site, rx_gy, target, gtv, Bell(edge, rx_gy, peak * rx_gy, steepness))


def _scaled(semi_axes: Triple, factor: float) -> Triple:
    a, b, c = semi_axes
    return (a * factor, b * factor, c * factor)


def ball(radius: float) -> Triple:
    """Return the semi-axes of a ball."""
    return (radius, radius, radius)


def treated(organs: dict[str, Shape], lesions: tuple[Lesion, ...]) -> tuple[Shape, ...]:
    """Put the targets before the organs, the outline first."""
    body, *rest = organs.values()
    targets: list[Shape] = []
    for lesion in lesions:
        targets.append(Shape(lesion.name, lesion.target, "PTV", body.value))
        if lesion.gtv:
            targets.append(Shape(lesion.name.replace("PTV", "GTV"), lesion.gtv, "GTV", body.value))
    return (body, *targets, *rest)


def dose_of(lesions: tuple[Lesion, ...], *more: Field) -> Hottest:
    """Return the hottest of the lesions' bells and of any other field."""
    return Hottest((*(lesion.bell for lesion in lesions if lesion.bell), *more))


def moved(organs: dict[str, Shape], name: str, solid: Solid) -> dict[str, Shape]:
    """Return the organs with one of them replaced by another solid."""
    shape = organs[name]
    return organs | {name: Shape(name, solid, shape.role, shape.value)}


def joined(organs: dict[str, Shape], *names: str) -> dict[str, Solid]:
    """Return the union of several organs under their names joined by ``|``."""
    return {"|".join(names): Union(tuple(organs[name].solid for name in names))}


def without_gtv(organs: dict[str, Shape], name: str, lesions: tuple[Lesion, ...]) -> dict[str, Solid]:
    """Return an organ less the GTVs of the lesions, which lie in it."""
    gtvs = tuple(lesion.gtv for lesion in lesions if lesion.gtv)
    return {f"{name}-GTV": Without(organs[name].solid, gtvs)}
