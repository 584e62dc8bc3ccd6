"""Measure every structure of a folder with dicompyler-core, as its README shows; runs in the peers' environment.

Usage: ``peer_dicompyler.py FOLDER METRIC... [--only TEXT]``. Prints JSON: structure name -> metric -> value.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from dicompylercore import dicomparser, dvhcalc


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("metrics", nargs="+")
    parser.add_argument("--only", default="", metavar="TEXT", help="Structures whose names hold this.")
    asked = parser.parse_args()
    structures, dose = found(asked.folder, "RTSTRUCT"), found(asked.folder, "RTDOSE")
    listed = dicomparser.DicomParser(structures).GetStructures()
    wanted = {number: item["name"] for number, item in listed.items() if asked.only in item["name"]}
    measured = {}
    for number, name in wanted.items():
        curve = dvhcalc.get_dvh(structures, dose, number)
        values = {metric: float(curve.statistic(metric.replace("%", "")).value) for metric in asked.metrics}
        measured[name] = {"Volume": float(curve.volume), **values}
    print(json.dumps(measured))


def found(folder: Path, modality: str) -> str:
    """The file of a modality: RT objects are few and their names say what they are."""
    names = {"RTSTRUCT": ("structures.dcm", "RTSTRUCT.dcm"), "RTDOSE": ("dose.dcm", "RTDOSE.dcm")}[modality]
    return next(str(folder / name) for name in names if (folder / name).is_file())


if __name__ == "__main__":
    main()
