"""Run the campaign: ``PYTHONPATH=tests python -m campaign --count 10000 --seed 1``.

Exit code 0 where no mutated study broke the law. ``--only N`` audits one of them alone and says what was done to
it; ``--keep FOLDER`` leaves its files there.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from campaign import base
from campaign.edits import Edit, mutated
from campaign.law import BROKEN, OUTCOMES, Base, Outcome, audited, fingerprint, judged, write_all

from rtplan.errors import LimitError
from rtplan.limited import Limits, limited
from rtplan.metrics import indices

audit_module = import_module("rtplan.pipeline.audit")

# One small study takes a fraction of a second and some 30 MiB beyond the program; a mutated one must not need much more.
LIMITS = Limits(memory_mib=1024, time_s=60.0)
SHARED_MEMORY = Path("/dev/shm")
# Readings beside the findings decide no verdict: one study in so many has all of them, the others few.
FULL_EVERY = 10
FEW_METRICS = ("D95%", "Dmean")
# The lattice of isodose indices does not shrink with the study; a coarser one decides no limit of this study.
FEW_CELLS = 4000


@dataclass(frozen=True)
class Result:
    """One mutated study: its number, what was done to it, what came of it."""

    number: int
    edits: tuple[Edit, ...]
    outcome: Outcome


class Campaign:
    """The study, its twin, and what the study says unmutated; the same for every worker."""

    def __init__(self, seed: str) -> None:
        self.seed = seed
        self.files, self.twin = base.exceeding(), base.keeping()
        with _folder() as folder:
            report = audited(self.files, Path(folder))
        if isinstance(report, str):
            raise SystemExit(f"the unmutated study is refused: {report}")
        self.base = Base.of(report)
        with _folder() as folder:
            self.known = limited(partial(_known, self.files, folder), LIMITS)
        if not self.base.exceeded:
            raise SystemExit("the unmutated study exceeds nothing")

    def mutant(self, number: int) -> tuple[base.Files, tuple[Edit, ...]]:
        """Make one mutated study: the same for a seed and a number on every machine."""
        return mutated(self.files, self.twin, random.Random(f"{self.seed}/{number}"))

    def run(self, number: int) -> Result:
        """Audit one mutated study in a child process."""
        files, edits = self.mutant(number)
        with _folder() as folder:
            try:
                if number % FULL_EVERY:
                    work = partial(_audit_quickly, files, folder, self.base, edits, known=self.known)
                else:
                    work = partial(_audit, files, folder, self.base, edits)
                outcome = limited(work, LIMITS)
            except LimitError as error:
                outcome = Outcome("hang" if error.code == "limit-time" else "crash", str(error))
        return Result(number, edits, outcome)


def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(dir=SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else None)


def _known(files: base.Files, folder: str) -> bytes | None:
    # From within, so that no name of a folder is part of what is compared.
    os.chdir(folder)
    write_all(files, Path())
    return fingerprint(Path())


def _audit_quickly(files: base.Files, folder: str, of: Base, edits: Iterable[Edit], *, known: bytes | None) -> Outcome:
    """Audit a study, unless it reads as the very case that was audited unmutated: an audit is a function of it."""
    if known is not None and _known(files, folder) == known:
        return Outcome("exceeded", "reads as unmutated")
    audit_module.LESION_METRICS = audit_module.ORGAN_METRICS = FEW_METRICS
    return _audit(files, folder, of, edits)


def _audit(files: base.Files, folder: str, of: Base, edits: Iterable[Edit]) -> Outcome:
    indices.MOST_CELLS = FEW_CELLS
    try:
        return judged(audited(files, Path(folder)), of, edits)
    except Exception as error:  # noqa: BLE001  (whatever came out is what is looked for)
        place = traceback.extract_tb(error.__traceback__)[-1]
        return Outcome("crash", f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}: {error}")


def _work(campaign: Campaign, numbers: Iterable[int], results: Any) -> None:
    for number in numbers:
        try:
            results.put(campaign.run(number))
        except Exception as error:
            results.put(error)
            raise


def results_of(campaign: Campaign, numbers: range, jobs: int) -> Iterator[Result]:
    """Yield the results as they come, from `jobs` processes that each take every n-th study."""
    context = multiprocessing.get_context("fork")
    results: Any = context.SimpleQueue()
    workers = [context.Process(target=_work, args=(campaign, numbers[job::jobs], results)) for job in range(jobs)]
    for worker in workers:
        worker.start()
    for _ in numbers:
        result = results.get()
        if isinstance(result, Exception):
            raise result
        yield result
    for worker in workers:
        worker.join()


def summary(found: Iterable[Result]) -> dict[str, Any]:
    """Count outcomes, and the kinds of edit of single-edit studies that turned."""
    found = list(found)
    words = Counter(result.outcome.word for result in found)
    turned: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for result in found:
        if result.outcome.word in {"unknowable", "silent"}:
            turned[result.outcome.word].update({f"{edit.kind} {edit.tag}" for edit in result.edits})
    return {"outcomes": {word: words[word] for word in OUTCOMES}, "turned": {key: dict(turned[key]) for key in turned}}


def _told(result: Result) -> str:
    edits = "; ".join(
        f"{edit.kind} {edit.file} {' '.join(f'{tag >> 16:04X},{tag & 0xFFFF:04X}' for tag in edit.path)}"
        for edit in result.edits
    )
    return f"{result.number}: {result.outcome.word} ({result.outcome.detail}) after {edits}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first study")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--only", type=int, help="audit this study alone")
    parser.add_argument("--keep", type=Path, help="a folder for the files of --only")
    parser.add_argument("--json", type=Path, help="a file for the counts and everything that broke the law")
    return parser.parse_args()


def main() -> int:
    asked = _arguments()
    campaign = Campaign(asked.seed)
    numbers = range(asked.first, asked.first + asked.count)
    if asked.only is not None:
        numbers = range(asked.only, asked.only + 1)
        if asked.keep:
            asked.keep.mkdir(parents=True, exist_ok=True)
            for name, data in campaign.mutant(asked.only)[0].items():
                (asked.keep / name).write_bytes(data)
    started = time.monotonic()
    found = []
    for result in results_of(campaign, numbers, min(asked.jobs, len(numbers))):
        found.append(result)
        if result.outcome.word in BROKEN or asked.only is not None:
            print(_told(result), flush=True)
        if len(found) % 500 == 0:
            print(f"{len(found)} of {len(numbers)}, {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    told = {"seed": asked.seed, "first": numbers.start, "count": len(found), **summary(found)}
    if asked.json:
        broken = [
            _told(result) for result in sorted(found, key=lambda one: one.number) if result.outcome.word in BROKEN
        ]
        asked.json.write_text(json.dumps({**told, "broken": broken}, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(told, indent=1))
    return int(any(result.outcome.word in BROKEN for result in found))


if __name__ == "__main__":
    sys.exit(main())
