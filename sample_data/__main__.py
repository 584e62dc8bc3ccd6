"""``python -m sample_data OUT``: write every sample study into a folder; with ``--oddity`` odd ones."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .oddities import oddities, write_oddity
from .studies import studies
from .writer import write


def main(arguments: list[str]) -> int:
    """Write the studies, name each on standard output, and return the exit code."""
    parser = argparse.ArgumentParser("python -m sample_data", description="Write sample studies of a known truth.")
    parser.add_argument("out", metavar="OUT", nargs="?", type=Path, help="folder; each study gets one of its own")
    parser.add_argument("--oddity", metavar="NAME", action="append", help="an odd study instead; 'all' for every one")
    parser.add_argument("--list-oddities", action="store_true", help="name every oddity and say what it is")
    known = [item.name for item in oddities()]
    try:
        asked = parser.parse_args(arguments)
        names = known if asked.oddity == ["all"] else asked.oddity or []
        if asked.out is None and not asked.list_oddities:
            parser.error("OUT is missing")
        if unknown := [name for name in names if name not in {*known, "none"}]:
            parser.error(f"there is no oddity {unknown[0]!r}; see --list-oddities")
    except SystemExit as stop:
        return int(stop.code or 0)
    if asked.list_oddities:
        for item in oddities():
            sys.stdout.write(f"{item.row:2}  {item.name:<30} {item.effect:<11} {item.what}\n")
        return 0
    for name in names:
        sys.stdout.write(f"{write_oddity(name, asked.out / name).parent}\n")
    for study in studies() if asked.oddity is None else ():
        sys.stdout.write(f"{write(study, asked.out / study.id).folder}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
