"""Dose limits as cited data: rule packs, the limit language, structure names, and the verdict on a value.

>>> from constraints import load_pack
>>> load_pack("tg101-2010").constraint("spinalcord-d0.35cc-3fx").require.comparison
'< 18 Gy'
"""

from .conformity import limits_at
from .judge import Measure, Measurement, Standing, judge, judge_constraint
from .language import Limit, judge_limit, parse_limit
from .naming import Resolution, StandIn, compose, resolve, stand_ins, target_class
from .pack import Band, Constraint, Pack, PackInfo, available_packs, flat_rows, load_pack

__all__ = [
    "Band",
    "Constraint",
    "Limit",
    "Measure",
    "Measurement",
    "Pack",
    "PackInfo",
    "Resolution",
    "StandIn",
    "Standing",
    "available_packs",
    "compose",
    "flat_rows",
    "judge",
    "judge_constraint",
    "judge_limit",
    "limits_at",
    "load_pack",
    "parse_limit",
    "resolve",
    "stand_ins",
    "target_class",
]
