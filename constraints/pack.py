"""Rule packs: find one by its id or path, load it whole or say everything that is wrong with it.

Packs come from this package, and from the folders that other distributions name under the entry point group
``rtplan.packs`` (data only: nothing of theirs is run).
"""

from __future__ import annotations

import difflib
import hashlib
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata, resources, util
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from rtplan.errors import PackError

from .language import Limit, LimitParts, split_limit, table_name
from .reading import build_pack
from .rules import Applies, Band, ConformityRow, Constraint, Fact, Pack

__all__ = [
    "Applies",
    "Band",
    "ConformityRow",
    "Constraint",
    "Fact",
    "Pack",
    "PackInfo",
    "available_packs",
    "flat_rows",
    "load_pack",
    "plugin_problems",
]

ENTRY_POINTS = "rtplan.packs"


@dataclass(frozen=True, slots=True)
class PackInfo:
    """The head of a pack that can be loaded by its id; `problem` says why it would not load."""

    id: str
    title: str
    site: str
    status: str
    edition: str
    origin: str
    problem: str = ""


def load_pack(id_or_path: str | Path) -> Pack:
    """Load one pack.

    Parameters
    ----------
    id_or_path : str or Path
        The id of a pack (see `available_packs`), or a ``.toml`` file of the user's own.

    Returns
    -------
    Pack

    Raises
    ------
    PackError
        Where there is no such pack, with the nearest id; or with every fault of the file in `problems`.

    Examples
    --------
    >>> load_pack("tg101-2010").constraint("esophagus-d5cc-3fx").require.comparison
    '< 17.7 Gy'
    >>> load_pack("tg101")
    Traceback (most recent call last):
    rtplan.errors.PackError: there is no pack 'tg101'; did you mean tg101-2010?
    """
    path = Path(id_or_path)
    if isinstance(id_or_path, Path) or path.suffix == ".toml":
        if not path.is_file():
            raise PackError(f"there is no pack file {path.name}")
        return _load(path)
    found = [(origin, file) for origin, file in _files() if _stem(file) == id_or_path]
    if not found:
        raise PackError(_unknown(str(id_or_path)))
    if len(found) > 1:
        origins = " and ".join(origin for origin, _ in found)
        raise PackError(f"the pack {id_or_path!r} is provided more than once: by {origins}")
    return _load(found[0][1])


def available_packs() -> tuple[PackInfo, ...]:
    """List every pack that has an id here, shipped ones first; one that does not load says so."""
    return tuple(_info(origin, file) for origin, file in _files())


def flat_rows(pack: Pack) -> list[dict[str, Any]]:
    """Write a pack as the public JSON shows it: one entry per limit, as the table prints it.

    Returns
    -------
    list of dict
        ``id, structure, organ, combine, fractions, when, metric, op, limit, upper, unit, level, superseded,
        information, computable, endpoint, cite, trust, note``; `upper` is null but for a range.

    Examples
    --------
    >>> row = flat_rows(load_pack("tg101-2010"))[0]
    >>> row["metric"], row["op"], row["limit"], row["unit"], row["level"]
    ('D0.2cc', '<', 8.0, 'Gy', 'require')
    """
    rows = [entry for row in pack.constraints if not row.to_transcribe for entry in _entries(row)]
    return rows + [entry for line in pack.conformity for entry in _entries_at(line)]


def _entries_at(line: ConformityRow) -> Iterator[dict[str, Any]]:
    """Write one line of a table by target volume; the volume is its condition."""
    for row in line.constraints:
        for entry in _entries(row):
            yield {**entry, "id": f"{row.id}-{line.ptv_cc:g}cc", "when": {"ptv_cc": line.ptv_cc}}


def _entries(row: Constraint) -> Iterator[dict[str, Any]]:
    if row.unmeasurable:
        parts = split_limit(row.unmeasurable)
        yield _entry(row, parts.metric, parts, "require")
    for level, limit in (("require", row.require), ("prefer", row.prefer)):
        if limit:
            yield _entry(row, table_name(limit.metric), limit, level)
    for band in row.bands:
        entry = _entry(row, table_name(band.limit.metric), band.limit, "band")
        own = {"endpoint": band.endpoint, "cite": band.cite, "trust": band.trust, "note": band.note}
        yield {**entry, **own, "risk": band.risk}


def _entry(row: Constraint, metric: str, limit: Limit | LimitParts, level: str) -> dict[str, Any]:
    """Write one limit; `limit` is a Limit or, where no metric can be read, its parts."""
    return {
        "id": row.id,
        "structure": row.structure,
        "organ": row.organ,
        "combine": row.combine,
        "fractions": sorted(row.fractions or ()),
        "when": {key: _plain(values) for key, values in row.when.items()} or None,
        "metric": metric,
        "op": limit.op,
        "limit": limit.bound,
        "upper": limit.upper,
        "unit": limit.unit,
        "level": level,
        "superseded": row.superseded,
        "information": row.information,
        "computable": row.computable,
        "endpoint": row.endpoint,
        "cite": row.cite,
        "trust": row.trust,
        "note": row.note,
    }


def _plain(values: tuple[Fact, ...]) -> Fact | list[Fact]:
    return values[0] if len(values) == 1 else list(values)


def _files() -> Iterator[tuple[str, Traversable]]:
    """Yield every pack file with the distribution it comes from."""
    for origin, folder in _folders():
        for file in sorted(folder.iterdir(), key=lambda item: item.name):
            if file.name.endswith(".toml") and not file.name.endswith(".cases.toml"):
                yield origin, file


def _folders() -> Iterator[tuple[str, Traversable]]:
    yield "rtplan", resources.files("constraints") / "packs"
    for entry in metadata.entry_points(group=ENTRY_POINTS):
        for location in _locations(entry.value):
            yield entry.name, location


def plugin_problems() -> tuple[str, ...]:
    """Say in one sentence each what is wrong with the packs that other distributions provide.

    Returns
    -------
    tuple of str
        An entry point that leads to no folder, a pack that does not load, an id that is provided more than once.
    """
    entries = metadata.entry_points(group=ENTRY_POINTS)
    lost = [
        f"{entry.name}: {entry.value} leads to no folder of packs" for entry in entries if not _locations(entry.value)
    ]
    if not entries:
        return ()
    faulty = [f"{item.origin}: {item.problem}" for item in available_packs() if item.problem]
    counts = Counter(_stem(file) for _, file in _files())
    twice = [f"the pack {name!r} is provided more than once" for name, count in counts.items() if count > 1]
    return (*lost, *faulty, *twice)


def _locations(package: str) -> tuple[Path, ...]:
    """Return the folders of a package without importing it; none where it is not installed.

    Of a package within another, the outer one is imported: whatever goes wrong there, there is no folder.
    """
    try:
        spec = util.find_spec(package)
    except Exception:  # noqa: BLE001 - another's code
        return ()
    found = (spec and spec.submodule_search_locations) or ()
    # The same folder may be reached by several entries of the path.
    folders = dict.fromkeys(Path(location).resolve() for location in found)
    return tuple(folder for folder in folders if folder.is_dir())


def _stem(file: Traversable) -> str:
    return file.name.removesuffix(".toml")


def _load(file: Traversable) -> Pack:
    try:
        content = file.read_bytes()
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise PackError(f"{file.name} cannot be read: {reason}", (reason,)) from error
    return _built(content, file.name)


@lru_cache(maxsize=64)
def _built(content: bytes, name: str) -> Pack:
    """Build a pack from the bytes of its file; an audit asks for the same ones again and again."""
    try:
        data = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PackError(f"{name} is not TOML: {error}", (str(error),)) from error
    except RecursionError as error:
        raise PackError(f"{name} is nested too deeply to be a pack", ("nested too deeply",)) from error
    stem = name.removesuffix(".toml")
    pack, faults = build_pack(data, file_stem=stem, sha256=hashlib.sha256(content).hexdigest())
    if pack is None:
        count = "one fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise PackError(f"{name} has {count}; the first: {faults[0]}", faults)
    return pack


def _info(origin: str, file: Traversable) -> PackInfo:
    try:
        pack = _load(file)
    except PackError as error:
        return PackInfo(_stem(file), "", "", "", "", origin, str(error))
    return PackInfo(pack.id, pack.title, pack.site, pack.status, pack.edition, origin)


def _unknown(pack_id: str) -> str:
    known = [_stem(file) for _, file in _files()]
    near = difflib.get_close_matches(pack_id, known, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
    return f"there is no pack {pack_id!r}; {hint}"
