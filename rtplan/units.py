"""Units inside the walls are Gy, cc, mm and per cent (0-100); this module names them.

Everything that enters in another unit (cGy, cm, fractions of one) is converted where it enters.
"""

from __future__ import annotations

__all__ = ["CC", "CGY_PER_GY", "GY", "MM", "MM3_PER_CC", "NONE", "PERCENT", "PERCENT_RX", "UNITS"]

GY = "Gy"
CC = "cc"
PERCENT = "%"
PERCENT_RX = "%Rx"
MM = "mm"
NONE = ""
UNITS = frozenset({GY, CC, PERCENT, PERCENT_RX, MM, NONE})

MM3_PER_CC = 1000.0
CGY_PER_GY = 100.0
