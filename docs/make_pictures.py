"""Make the two pictures of the README from a sample study: ``python docs/make_pictures.py``.

Needs ``chromium`` on the PATH. The report is the HTML that an audit writes; the terminal is the text that it
prints, set on a dark page.
"""  # noqa: INP001 - a script, not a package

from __future__ import annotations

import html
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from skimage import color, io

import sample_data
from rtplan.report import render
from rtplan.study import audit_path, write_audit

STUDY = "spine-breaks"
PICTURES = Path(__file__).resolve().parent / "pictures"
MOST_BYTES = 250_000
LINES = 52
PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; background: #14181d; }}
pre {{ margin: 0; padding: 22px 26px; color: #dde3ea; font: 15px/1.42 "DejaVu Sans Mono", monospace; }}
.bad {{ color: #ff8a80; }} .good {{ color: #8fd694; }} .mid {{ color: #f2d06b; }} .dim {{ color: #9aa7b4; }}
</style><pre>{text}</pre>"""


def main() -> None:
    """Write both pictures."""
    browser = shutil.which("chromium")
    if browser is None:
        sys.exit("chromium is not on the PATH")
    PICTURES.mkdir(exist_ok=True)
    study = next(item for item in sample_data.studies() if item.id == STUDY)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        written = sample_data.write(study, work / STUDY)
        report = audit_path(written.folder)
        write_audit(report, work / "report")
        _shoot(browser, work / "report" / "report.html", "report.png", (1100, 1500))
        page = work / "terminal.html"
        page.write_text(_terminal(str(render(report, "text"))), encoding="utf-8")
        _shoot(browser, page, "terminal.png", (820, 22 * LINES))


def _terminal(text: str) -> str:
    lines = ["$ rtplan audit spine-breaks", *text.splitlines()[: LINES - 2], "..."]
    return PAGE.format(text="\n".join(map(_coloured, lines)))


def _coloured(line: str) -> str:
    kinds = {"✗": "bad", "✓": "good", "~": "mid", "$": "dim", "...": "dim"}
    kind = next((kind for sign, kind in kinds.items() if line.lstrip().startswith(sign)), "")
    kind = "bad" if line.startswith("Plan audit  ✗") else kind
    shown = html.escape(line)
    return f'<span class="{kind}">{shown}</span>' if kind else shown


def _shoot(browser: str, page: Path, name: str, size: tuple[int, int]) -> None:
    with tempfile.TemporaryDirectory() as profile:
        words = [
            *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
            *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"),
            f"--user-data-dir={profile}",
            f"--window-size={size[0]},{size[1]}",
            f"--screenshot={PICTURES / name}",
            page.as_uri(),
        ]
        subprocess.run(words, check=True, capture_output=True)  # noqa: S603 - our own words
    _shrink(PICTURES / name)


def _shrink(picture: Path) -> None:
    """Keep 6 bits a channel, which no eye misses on a page of text; turn to grey if it still is too large."""
    pixels = io.imread(picture)[..., :3]
    io.imsave(picture, (pixels >> 2 << 2) | (pixels >> 6), check_contrast=False)
    if picture.stat().st_size > MOST_BYTES:
        io.imsave(picture, (color.rgb2gray(pixels) * 255).astype("uint8"), check_contrast=False)
    sys.stdout.write(f"{picture.name}: {picture.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
