"""Who runs, and by which command: the project, a script that only reads, and two other tools.

The other tools live in an environment of their own (``.venv-peers``, pinned by ``peers.lock``), because
dicompyler-core needs a pydicom before 3.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["BARE", "DICOMPYLER", "PLASTIMATCH", "RTPLAN", "command", "dicompyler", "plastimatch", "rtplan"]

HERE = Path(__file__).resolve().parent
PEERS = HERE.parent / ".venv-peers" / "bin"
METRICS = ("D95%", "D0.03cc", "V20Gy")
# Bins of 1 cGy, as dicompyler-core has them: with the default of 0.5 Gy no D0.03cc can be read off.
BIN_GY = 0.01

RTPLAN, BARE, DICOMPYLER, PLASTIMATCH = "rtplan", "bare reading", "dicompyler-core", "plastimatch"


def command(name: str, case: Path, scratch: Path) -> list[str]:
    """Return the command line by which a contender treats the clinical-size case."""
    if name == RTPLAN:
        return rtplan(case, METRICS)
    if name == BARE:
        return [sys.executable, str(HERE / "bare_reading.py"), str(case)]
    if name == DICOMPYLER:
        return dicompyler(case, METRICS)
    return plastimatch(case, scratch / "dvh.csv", highest_gy=60.0)


def rtplan(case: Path, metrics: Sequence[str], structures: Sequence[str] = ()) -> list[str]:
    """Return the project's own command; all structures where none is named."""
    asked = [word for metric in metrics for word in ("--metric", metric)]
    asked += [word for name in structures for word in ("--structure", name)]
    return [str(Path(sys.executable).parent / "rtplan"), "dvh", str(case), *asked, "--format", "json"]


def dicompyler(case: Path, metrics: Sequence[str], *, only: str = "") -> list[str]:
    """Return the command for dicompyler-core; `only` is a part of the names that are wanted."""
    options = ["--only", only] if only else []
    return [str(PEERS / "python"), str(HERE / "peer_dicompyler.py"), str(case), *metrics, *options]


def plastimatch(case: Path, csv: Path, *, highest_gy: float) -> list[str]:
    """Return the one command of plastimatch that goes from DICOM to a table of DVHs, in voxels."""
    bins = ["--bin-width", str(BIN_GY), "--num-bins", str(round(highest_gy / BIN_GY)), "--normalization", "vox"]
    return [str(PEERS / "plastimatch"), "dvh", "--input", str(case), *bins, "--output-csv", str(csv)]
