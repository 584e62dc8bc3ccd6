"""The files behind a path: of a folder, of a zip archive, or the one file itself.

Nothing here trusts a name. Members of an archive are never written anywhere; folders behind symbolic links,
hidden folders, pipes and devices are not followed.
"""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from rtplan.errors import InputError

__all__ = ["Blob", "Content", "contents", "gather", "read_again"]

MAX_FILE_BYTES = 4 << 30
MAX_MEMBERS = 100_000
MAX_ARCHIVE_BYTES = 8 << 30
MAX_RATIO = 300
FREE_RATIO_BYTES = 16 << 20

_UNREADABLE = (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError)


@dataclass(frozen=True, slots=True)
class Blob:
    """One file, or one member (by its index) of a zip archive."""

    path: Path
    size: int
    member: int | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """What a blob holds; `skipped` says why where `data` was not read."""

    blob: Blob
    data: bytes
    skipped: str = ""


def gather(path: Path) -> tuple[tuple[Blob, ...], Counter[str]]:
    """List the files behind a path, in the order of their names.

    Parameters
    ----------
    path : Path
        A folder (with its sub-folders), a zip archive, or a file.

    Returns
    -------
    tuple of Blob, Counter
        And how many entries were passed over, by reason.

    Raises
    ------
    InputError
        The path does not exist or cannot be listed, or the archive is broken or beyond all measure.
    """
    try:
        if path.is_dir():
            return _of_folder(path)
        if not path.is_file():
            raise InputError("the path does not exist, or is neither a folder nor a file")
        if zipfile.is_zipfile(path) and not _is_dicom(path):
            return _of_archive(path)
        return (Blob(path, path.stat().st_size),), Counter()
    except (OSError, ValueError) as error:
        raise InputError(f"the path cannot be read ({type(error).__name__})") from error


def contents(blobs: Iterable[Blob], *, wanted: Callable[[bytes], bool], head_size: int) -> Iterator[Content]:
    """Read blobs one after the other, whole where `wanted` says so of their first `head_size` bytes."""
    for path, group in groupby(blobs, key=lambda blob: (blob.path, blob.member is None)):
        if path[1]:
            yield from (_of_file(blob, wanted, head_size) for blob in group)
            continue
        with zipfile.ZipFile(path[0]) as archive:
            members = archive.infolist()
            for blob in group:
                yield _of_member(archive, members[blob.member or 0], blob, wanted)


def read_again(blob: Blob) -> bytes:
    """Read one blob whole.

    Raises
    ------
    InputError
        The file is no longer there or cannot be read.
    """
    for content in contents((blob,), wanted=lambda _: True, head_size=0):
        if not content.skipped:
            return content.data
    raise InputError("a file that was read before can no longer be read")


def _of_folder(root: Path) -> tuple[tuple[Blob, ...], Counter[str]]:
    found: list[Blob] = []
    skipped: Counter[str] = Counter()
    for folder, folders, names in os.walk(root):
        skipped["hidden-folder"] += sum(name.startswith(".") for name in folders)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            reason, size = _regular(path)
            if reason:
                skipped[reason] += 1
            else:
                found.append(Blob(path, size))
    return tuple(found), +skipped


def _regular(path: Path) -> tuple[str, int]:
    with suppress(OSError):
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return "not-a-file", 0
        if status.st_size == 0:
            return "empty", 0
        return ("too-large" if status.st_size > MAX_FILE_BYTES else ""), status.st_size
    return "unreadable", 0


def _is_dicom(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(132)[128:] == b"DICM"


def _of_archive(path: Path) -> tuple[tuple[Blob, ...], Counter[str]]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except _UNREADABLE as error:
        raise InputError("the zip archive is broken") from error
    if len(members) > MAX_MEMBERS:
        raise InputError(f"the zip archive holds {len(members)} members, more than {MAX_MEMBERS}")
    if sum(member.file_size for member in members) > MAX_ARCHIVE_BYTES:
        raise InputError(f"the zip archive unpacks to more than {MAX_ARCHIVE_BYTES >> 30} GiB")
    found: list[Blob] = []
    skipped: Counter[str] = Counter()
    for index, member in sorted(enumerate(members), key=lambda pair: pair[1].filename):
        if member.is_dir():
            continue
        if reason := _refused_member(member):
            skipped[reason] += 1
        else:
            found.append(Blob(path, member.file_size, index))
    return tuple(found), skipped


def _refused_member(member: zipfile.ZipInfo) -> str:
    if stat.S_ISLNK(member.external_attr >> 16):
        return "symbolic-link"
    if member.flag_bits & 1:
        return "encrypted"
    if member.file_size == 0:
        return "empty"
    if member.file_size > FREE_RATIO_BYTES and member.file_size > MAX_RATIO * member.compress_size:
        raise InputError("a member of the zip archive unpacks beyond all measure")
    return "too-large" if member.file_size > MAX_FILE_BYTES else ""


def _of_file(blob: Blob, wanted: Callable[[bytes], bool], head_size: int) -> Content:
    try:
        # Without a buffer the whole file is read into place, not copied there.
        with blob.path.open("rb", buffering=0) as stream:
            if not wanted(stream.read(head_size)):
                return Content(blob, b"", "not-dicom")
            stream.seek(0)
            return Content(blob, stream.readall())
    except OSError:
        return Content(blob, b"", "unreadable")
    except MemoryError:
        return Content(blob, b"", "no-memory")


def _of_member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, blob: Blob, wanted: Callable[[bytes], bool]
) -> Content:
    try:
        # zipfile never returns more than the member's declared size, which was capped above.
        data = archive.read(member)
    except _UNREADABLE:
        return Content(blob, b"", "unreadable")
    except MemoryError:
        return Content(blob, b"", "no-memory")
    return Content(blob, data) if wanted(data) else Content(blob, b"", "not-dicom")
