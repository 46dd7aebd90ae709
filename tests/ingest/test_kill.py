"""Killed at any instant and run again, a load ends in the same graph."""

from datetime import date
from pathlib import Path
from typing import Any

from graph.ledger import Ledger
from graph.snapshot import Snapshot
from tests.ingest.kill_child import KILLED, load
from tests.ingest.world import Inbox, loans

_FIRM = {"entity": "Firm", "key": "销方", "properties": {"name": "名称"}}
_INVOICE = {
    "relation": "INVOICES",
    "src": {"type": "Firm", "key": "销方"},
    "dst": {"type": "Firm", "key": "购方"},
    "identify_by": ["销方", "购方", "号码"],
    "valid_from": "日期",
    "recorded_at": "日期",
    "properties": {"number": "号码", "gross_fen": "金额"},
}


def graph(home: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What is known as of two days, without what differs from run to run by design (batch and its instant)."""
    ledger = Ledger.open(home / "ledger")
    told: dict[str, list[tuple[Any, ...]]] = {}
    for day in (date(2017, 7, 18), date(2099, 1, 1)):
        snapshot = Snapshot(ledger, day)
        for name in ("Firm", "INVOICES"):
            table = snapshot.read(name).drop_columns(["batch", "recorded_at"] if name == "Firm" else ["batch"])
            told[f"{name} {day}"] = sorted(zip(*table.to_pydict().values(), strict=True), key=repr)
    ledger.close()
    return told


def test_a_load_killed_at_many_points_and_run_again_ends_in_the_same_graph(inbox: Inbox, tmp_path: Path) -> None:
    rows = "".join(f"甲{n % 3},青禾{n % 3},乙{n % 5},{n // 2:03d},2017-07-{10 + n % 15},{n}.00\n" for n in range(24))
    inbox.put("rows.csv", "销方,名称,购方,号码,日期,金额\n" + rows + "甲0,青禾0,丙,x,2017-07-18,很多\n")
    manifest = inbox.manifest(loans([_FIRM, _INVOICE], backfill="assumed"))

    code, steps = load(tmp_path / "unharmed", manifest)
    assert code == 0
    expected = graph(tmp_path / "unharmed")
    assert [len(rows) for rows in expected.values()] == [8, 18, 8, 24]

    fatal = sorted({1, steps // 4, steps // 2, *range(steps - 9, steps + 1)})
    survivor = tmp_path / "survivor"
    for step in fatal:
        code, _ = load(survivor, manifest, step)
        ledger = Ledger.open(survivor / "ledger")
        seen = ledger.latest_seq
        ledger.close()
        if seen:
            assert graph(survivor) == expected
        if code == 0:
            break
        assert code == KILLED
    assert load(survivor, manifest)[0] == 0
    assert graph(survivor) == expected
    left = [path.name for path in (survivor / "ledger" / ".staging").iterdir()]
    assert left == []
