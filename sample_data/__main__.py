"""``python -m sample_data OUT``: write every sample study into a folder."""

from __future__ import annotations

import sys
from pathlib import Path

from .studies import studies
from .writer import write

_USAGE = "usage: python -m sample_data OUT"


def main(arguments: list[str]) -> int:
    """Write the studies, name each on standard output, and return the exit code."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        sys.stderr.write(_USAGE + "\n")
        return 2
    for study in studies():
        written = write(study, Path(arguments[0]) / study.id)
        sys.stdout.write(f"{written.folder}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
