"""The project beside other tools in one run: time, memory and accuracy, as tables of medians and ratios.

``python benchmarks/run.py`` prints them; ``--write`` puts them into ``docs/benchmarks.md`` with the machine named.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import contenders
from accuracy import METRICS, Pairs, measured_by_all, scores, within
from contenders import BARE, DICOMPYLER, PLASTIMATCH, RTPLAN
from timing import Usage, medians

PAGE = contenders.HERE.parent / "docs" / "benchmarks.md"
ORDER = (RTPLAN, BARE, DICOMPYLER, PLASTIMATCH)

HEAD = """# Benchmarks

Written by `make bench`; every number is from one run on one machine. What counts are the ratios.
"""
OF_TIME = """
## A study of clinical size

203 CT slices of 512 x 512, 28 structures with 470,000 contour points, a dose grid of 200 x 200 x 201; all
structures with D95%, D0.03cc and V20Gy. Each contender is a whole process, from its start to its end: processor
time (user and system) and peak memory as the kernel counts them. Medians of {repeats} runs, taken in turn.

- *rtplan* is `rtplan dvh CASE --metric D95% --metric D0.03cc --metric V20Gy --format json`, with intervals.
- *bare reading* opens the same files with pydicom, parses the contour points and scales the dose: nothing else.
- *dicompyler-core* calls `dvhcalc.get_dvh` for each structure, as its README shows.
- *plastimatch* is one `plastimatch dvh` from DICOM to a table, in bins of 0.01 Gy as dicompyler-core has them.

Only rtplan gives intervals: it computes several readings of the contours and of the dose where the others have one.
"""
OF_ACCURACY = """
## Spheres with closed forms

Balls of radius 3, 5, 8 and 12 mm at three places each, on planes 1, 2 and 3 mm apart and dose grids of 2 and
2.5 mm: {count} balls, written as DICOM and measured by each tool's own command. The dose falls with the distance
from the centre (a sigmoid), so volumes and doses are known exactly. Errors are in per cent: median, and worst.
"""


def main() -> None:
    asked = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        case = asked.case or _written_case(scratch / "case")
        commands = {name: contenders.command(name, case, scratch) for name in ORDER}
        used = medians(commands, repeats=asked.repeats, say=_say)
        pairs = measured_by_all(scratch / "spheres")
    page = _page(used, pairs, asked.repeats)
    print(page)
    if asked.write:
        PAGE.write_text(page, encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", type=Path, help="the clinical-size case, where it is already written")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    return parser.parse_args()


def _written_case(folder: Path) -> Path:
    subprocess.run([sys.executable, str(contenders.HERE / "clinical_case.py"), str(folder)], check=True)
    return folder


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _page(used: dict[str, Usage], pairs: dict[str, Pairs], repeats: int) -> str:
    parts = [
        HEAD,
        _table(("machine", ""), _machine()),
        OF_TIME.format(repeats=repeats),
        _table(("", "CPU", "wall", "peak memory", "CPU, rtplan = 1", "wall, rtplan = 1"), _time_rows(used)),
        "\nWhat was asked, and what was found:\n",
        _table(("", "asked", "found", "met"), _goal_rows(used)),
        OF_ACCURACY.format(count=len(next(iter(pairs.values())))),
        _table(("", "volume", *METRICS, "without a value"), _accuracy_rows(pairs)),
        "\nThe intervals that rtplan gives hold the exact value in {} of {} cases.\n".format(*within(pairs[RTPLAN])),
    ]
    return "\n".join(parts)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _machine() -> list[tuple[str, str]]:
    """Say what the numbers were taken on: never which machine it was."""
    cores = len(os.sched_getaffinity(0))
    return [
        ("processor", f"{_processor()}, {cores} cores given"),
        ("system", f"{platform.system()} {platform.machine()}"),
        ("Python", platform.python_version()),
        ("of rtplan", ", ".join(f"{name} {version(name)}" for name in ("rtplan", "pydicom", "numpy", "scipy"))),
        ("of the others", ", ".join(_peers())),
    ]


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.split(": ")[1] for line in lines if line.startswith("model name")), platform.processor())


def _peers() -> list[str]:
    """Return what is installed beside the project, by name and version."""
    listed = subprocess.run(
        [str(contenders.PEERS / "python"), "-m", "pip", "list", "--format", "json"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    wanted = (DICOMPYLER, "pydicom", "numpy", "matplotlib", PLASTIMATCH)
    return [f"{item['name']} {item['version']}" for item in json.loads(listed) if item["name"] in wanted]


def _time_rows(used: dict[str, Usage]) -> list[list[str]]:
    own = used[RTPLAN]
    return [
        [
            name,
            f"{item.cpu_s:.2f} s",
            f"{item.wall_s:.2f} s",
            f"{item.peak_mib:.0f} MiB",
            f"{item.cpu_s / own.cpu_s:.2f}",
            f"{item.wall_s / own.wall_s:.2f}",
        ]
        for name, item in used.items()
    ]


def _goal_rows(used: dict[str, Usage]) -> list[list[str]]:
    own = used[RTPLAN]
    wall = own.wall_s / used[BARE].wall_s
    dicompyler, plastimatch = (used[name].cpu_s / own.cpu_s for name in (DICOMPYLER, PLASTIMATCH))
    goals = [
        ("wall time, in those of the bare reading", "2.5 at the most", f"{wall:.2f}", wall <= 2.5),
        ("CPU time of dicompyler-core, in ours", "20 at the least", f"{dicompyler:.1f}", dicompyler >= 20),
        ("CPU time of plastimatch, in ours", "5 at the least", f"{plastimatch:.1f}", plastimatch >= 5),
        ("peak memory", "below 700 MiB", f"{own.peak_mib:.0f} MiB", own.peak_mib < 700),
    ]
    return [[what, asked, found, "yes" if met else "no"] for what, asked, found, met in goals]


def _accuracy_rows(pairs: dict[str, Pairs]) -> list[list[str]]:
    rows = []
    for tool, own in pairs.items():
        found = scores(own)
        cells = [f"{item.median_pct:.2f}, {item.worst_pct:.1f}" for item in found.values()]
        rows.append([tool, *cells, str(sum(item.failed for item in found.values()))])
    return rows


if __name__ == "__main__":
    main()
