"""One structure taken apart into bodies: what hangs together from plane to plane.

A structure that is drawn on planes 3 to 9 and again on 20 to 24 is two bodies, and so are two spheres side by
side; each body has ends of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .stack import Plane, Stack

__all__ = ["bodies", "largest_gap_mm"]

Array = NDArray[np.float64]

# Beyond this many spacings between two planes nothing is bridged: the planes in between were left out on purpose.
BRIDGED_SPACINGS = 1.5


def bodies(stack: Stack) -> tuple[Stack, ...]:
    """Split a stack into its bodies.

    Parameters
    ----------
    stack : Stack

    Returns
    -------
    tuple of Stack
        At least one; rings of neighbouring planes belong together where their boxes overlap, and a ring
        inside another one's box (a hole, an island) stays with it.

    Examples
    --------
    >>> ring = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]])
    >>> planes = tuple(Plane(z, (ring, ring + 10.0)) for z in (0.0, 2.0))
    >>> len(bodies(Stack(np.eye(3), planes, 2.0)))
    2
    """
    labels = _labels(stack)
    if max(map(max, labels)) == 0:
        return (stack,)
    count = max(map(max, labels)) + 1
    parts = []
    for wanted in range(count):
        planes = tuple(
            Plane(plane.offset_mm, tuple(ring for ring, label in zip(plane.rings, own, strict=True) if label == wanted))
            for plane, own in zip(stack.planes, labels, strict=True)
            if wanted in own
        )
        parts.append(replace(stack, planes=planes))
    return tuple(parts)


def largest_gap_mm(stack: Stack) -> float:
    """Return the largest distance between neighbouring planes, 0 for a single plane."""
    return float(np.diff(stack.offsets_mm).max(initial=0.0))


def _labels(stack: Stack) -> list[list[int]]:
    """Body number of every ring, plane by plane, numbered from 0 in order of appearance."""
    starts = np.cumsum([0, *(len(plane.rings) for plane in stack.planes)])
    every = _boxes(stack.rings)
    offsets = stack.offsets_mm
    reach = BRIDGED_SPACINGS * (stack.spacing_mm or 0.0)
    if len(every) == len(offsets) and _one_body(every, offsets, reach):
        return [[0]] * len(offsets)
    boxes = np.split(every, starts[1:-1])
    parent = list(range(int(starts[-1])))

    def root(ring: int) -> int:
        while parent[ring] != ring:
            parent[ring] = parent[parent[ring]]
            ring = parent[ring]
        return ring

    for at, own in enumerate(boxes):
        pairs = [(at, at)] if len(own) > 1 else []
        if at + 1 < len(boxes) and offsets[at + 1] - offsets[at] <= reach:
            pairs.append((at, at + 1))
        for first, second in pairs:
            for one, other in np.argwhere(_touch(boxes[first], boxes[second])):
                parent[root(int(starts[first] + one))] = root(int(starts[second] + other))
    names: dict[int, int] = {}
    return [
        [names.setdefault(root(int(starts[at]) + ring), len(names)) for ring in range(len(own))]
        for at, own in enumerate(boxes)
    ]


def _one_body(boxes: Array, offsets_mm: Array, reach_mm: float) -> bool:
    """Whether planes of one ring each hang together from the first to the last."""
    low, high = np.maximum(boxes[1:, :2], boxes[:-1, :2]), np.minimum(boxes[1:, 2:], boxes[:-1, 2:])
    return bool((low <= high).all() and (np.diff(offsets_mm) <= reach_mm).all())


def _boxes(rings: Sequence[Array]) -> Array:
    points = np.concatenate(rings)
    starts = np.cumsum([0, *map(len, rings)])[:-1]
    return np.hstack([np.minimum.reduceat(points, starts), np.maximum.reduceat(points, starts)])


def _touch(one: Array, other: Array) -> NDArray[np.bool_]:
    """Which boxes of `one` overlap which of `other`."""
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    return np.asarray((low <= high).all(axis=2))
