"""Every shipped limit equals the table it was taken from, and every row of the tables is there."""

from __future__ import annotations

import csv
import os
from collections import Counter
from pathlib import Path

import pytest

from constraints.pack import flat_rows, load_pack

REPOSITORY = Path(__file__).resolve().parents[2]
TABLES = Path(os.environ.get("RTPLAN_CLINICAL", REPOSITORY.parent / "shared" / "clinical"))
LEVELS = {"suggested": "require", "trial max": "require", "per protocol": "prefer", "acceptable variation": "require"}
PACKS = {
    "TG101": "tg101-2010",
    "TIMM2021": "timmerman-2021",
    "HYTEC": "hytec-2021",
    "NCCN_RTOG_MAX": "nccn-rtog-max",
    "RTOG0933": "ha-wbrt-rtog0933",
    "NRG-CC001": "ha-wbrt-cc001",
    "NRG-CC003": "ha-wbrt-cc003",
}
FILES = ("tg101.csv", "timmerman2021.csv", "hytec.csv", "nccn_rtog_max.csv", "ha_wbrt.csv")

needs_tables = pytest.mark.skipif(not TABLES.is_dir(), reason="the clinical tables are not beside this repository")


def table_rows():
    for name in FILES:
        with (TABLES / name).open(newline="", encoding="utf-8") as file:
            yield from csv.DictReader(file)


def identity(row):
    """What a table's row and a pack's row share, as text and number."""
    return (
        PACKS[row["pack"]],
        row["organ"],
        row["tg263"],
        row["combine"] or None,
        int(row["fx"]),
        row["metric"],
        row["op"],
        float(row["limit"]),
        row["unit"],
        LEVELS.get(row["level"], "band"),
        row["source"],
        row["tag"],
    )


def shipped_identity(pack_id, entry):
    (fractions,) = entry["fractions"]
    keys = ("metric", "op", "limit", "unit", "level", "cite", "trust")
    return (pack_id, entry["organ"], entry["structure"], entry["combine"], fractions, *(entry[key] for key in keys))


@needs_tables
@pytest.mark.parametrize("pack_id", PACKS.values())
def test_rows_equal_the_table(pack_id):
    printed = Counter(identity(row) for row in table_rows() if PACKS[row["pack"]] == pack_id)
    entries = [entry for entry in flat_rows(load_pack(pack_id)) if not entry["superseded"]]
    shipped = Counter(shipped_identity(pack_id, entry) for entry in entries)
    assert printed - shipped == Counter()
    assert shipped - printed == Counter()


@needs_tables
def test_numbers_are_spelled_as_in_the_table():
    """A limit keeps the digits it was printed with: 17.70 or 1.77e1 would hide a slip of the pen."""
    folder = REPOSITORY / "constraints" / "packs"
    texts = {pack_id: (folder / f"{pack_id}.toml").read_text(encoding="utf-8") for pack_id in PACKS.values()}
    for row in table_rows():
        assert f"{row['op']} {row['limit']} {row['unit']}" in texts[PACKS[row["pack"]]]


@needs_tables
def test_conformity_table_equals_the_table():
    with (TABLES / "rtog0813_0915_conformity.csv").open(newline="", encoding="utf-8") as file:
        printed = [[float(value) for value in row.values()] for row in csv.DictReader(file)]
    shipped = [
        [row.ptv_cc, *(limit.bound for item in row.constraints for limit in (item.prefer, item.require))]
        for row in load_pack("rtog0813-0915-conformity").conformity
    ]
    assert shipped == printed


def test_counts():
    assert len(load_pack("timmerman-2021").constraints) == 573
    rows = load_pack("tg101-2010").constraints
    assert len([row for row in rows if not row.superseded]) == 154


def test_superseded_critical_volumes_are_kept():
    rows = [row for row in load_pack("tg101-2010").constraints if row.superseded]
    found = {(row.structure, str(row.metric)): row.require.bound for row in rows}
    assert found == {
        ("Lungs", "CV1500cc"): 11.6,
        ("Lungs", "CV1000cc"): 12.4,
        ("Liver", "CV700cc"): 19.2,
        ("Kidney_Cortex", "CV200cc"): 16.0,
    }
    assert all(row.fractions == {3} for row in rows)


def test_sexes_share_out_the_lung_volumes():
    rows = [row for row in load_pack("timmerman-2021").constraints if row.structure.startswith("Lungs")]
    sexes = {str(row.metric): row.when.get("sex") for row in rows if row.metric.unit == "Gy"}
    assert sexes == {"CV1500cc": ("male",), "CV950cc": ("female",)}


def test_every_critical_volume_of_timmerman_is_at_least_a_third_of_the_organ():
    for row in load_pack("timmerman-2021").constraints:
        critical = row.metric is not None and str(row.metric).startswith("CV")
        assert (row.or_share_pct is not None) == critical
        assert row.or_share_pct is None or row.or_share_pct == pytest.approx(100 / 3, abs=1e-9)


def test_nothing_from_memory_ships():
    for path in sorted((REPOSITORY / "constraints" / "packs").glob("*.toml")):
        assert "[M]" not in path.read_text(encoding="utf-8"), path.name
