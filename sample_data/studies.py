"""The sample studies: for each site one that keeps every governing limit and one that breaks known ones.

Doses and places are plain geometry, chosen once; which limits they keep or break was worked out by hand from the
tables and is checked by the tests. Values lie a tenth or more from the limits wherever a treatment allows it.
"""

from __future__ import annotations

from . import studies_belly, studies_brain, studies_chest
from .study import Study

__all__ = ["studies"]

_MAKERS = (
    studies_brain.brain_keeps,
    studies_brain.brain_breaks,
    studies_brain.ha_wbrt_keeps,
    studies_brain.ha_wbrt_breaks,
    studies_brain.wbrt_keeps,
    studies_brain.wbrt_breaks,
    studies_chest.spine_keeps,
    studies_chest.spine_breaks,
    studies_chest.lung_keeps,
    studies_chest.lung_breaks,
    studies_belly.liver_keeps,
    studies_belly.liver_breaks,
    studies_belly.liver_two_keeps,
    studies_belly.liver_two_breaks,
    studies_belly.adrenal_keeps,
    studies_belly.adrenal_breaks,
    studies_belly.bone_keeps,
    studies_belly.bone_breaks,
)


def studies() -> tuple[Study, ...]:
    """Return every sample study, a site's `keeps` before its `breaks`.

    Examples
    --------
    >>> [study.id for study in studies()][:2]
    ['brain-keeps', 'brain-breaks']
    """
    return tuple(make() for make in _MAKERS)
