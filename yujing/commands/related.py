"""`yujing related-parties`: the register of the bank's own related parties, which has nothing to do with connected clients."""

import json
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from yujing.settings import Settings

Day = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="the day, YYYY-MM-DD (default: today)")]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON value")]

_CATEGORY = {"natural_person": "关联自然人", "legal_person": "关联法人", "by_substance": "实质重于形式"}


def register(app: typer.Typer) -> None:
    """Adds `related-parties`."""
    app.command("related-parties", help="The bank's own related parties. 本行关联方")(related_parties)


def related_parties(as_of: Day = None, as_json: AsJson = False) -> None:
    """银行保险机构关联交易管理办法 (2022 no. 1): as filed, as known by the end of the day."""
    from api.naming import display_names
    from api.rows import RowReader
    from graph.snapshot import Snapshot
    from yujing.wiring import open_ledger, open_vault

    settings = Settings()
    snapshot = Snapshot(open_ledger(settings), as_of.date() if as_of else settings.day)
    found = snapshot.read("RelatedParty").sort_by([("subject", "ascending"), ("id", "ascending")]).to_pylist()
    names = display_names(RowReader(snapshot), open_vault(settings), {row["subject"] for row in found})
    told = [
        {
            "party": row["subject"],
            "name": names[row["subject"]],
            "category": row["category"],
            "basis": row["basis"],
            "since": row["valid_from"].isoformat(),
            "row": f"{row['file']}:{row['line']}",
        }
        for row in found
    ]
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
        return
    table = Table(title=f"{len(told)} 个关联方 related parties on {snapshot.as_of}")
    for column in ("名称 name", "类别 category", "依据 basis", "自 since", "来源 row"):
        table.add_column(column, overflow="fold")
    for each in told:
        category = each["category"] or ""
        table.add_row(each["name"], _CATEGORY.get(category, category), each["basis"] or "", each["since"], each["row"])
    Console().print(table)
