"""`yujing features`: every firm's features as of a day, with a profile that says which of them to trust."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from yujing.commands.ledger import EngineName, with_engine

if TYPE_CHECKING:
    from models.features.profile import Profile

Day = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="the day, YYYY-MM-DD (default: newest)")]
_EARLIER_DAYS = 182
_SHOWN = 15


def register(app: typer.Typer) -> None:
    """Adds `features`."""
    app.command("features", help="Write every firm's features as of a day, and their profile. 特征")(features)


def features(
    as_of: Day = None,
    against: Annotated[
        datetime | None,
        typer.Option("--against", formats=["%Y-%m-%d"], help="the earlier day to compare with (default: half a year before)"),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="a .parquet file (default: features/ under the home)")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
    engine: EngineName = None,
) -> None:
    """A row a firm, a column a feature, empty where nothing is known; beside it PROFILE: count, spread, PSI, what says nothing."""
    import pyarrow.parquet as pq

    from graph.errors import InputError
    from graph.snapshot import Snapshot
    from models.features import build_features
    from models.features.profile import profile_of
    from models.training import history_of
    from yujing.wiring import open_engine, open_ledger

    settings = with_engine(engine)
    ledger = open_ledger(settings)
    try:
        first, newest = history_of(ledger, None)
    except InputError:  # a ledger without loan notes has features too
        first, newest = date.min, settings.day
    day = as_of.date() if as_of else newest
    if day < first:
        raise InputError(f"{day} is before the first states of loan notes ({first}).", f"Take {first} or later.", "as_of")
    if out is not None and out.suffix != ".parquet":
        raise InputError(f"{out} is no .parquet file.", "Name one that ends in .parquet.", "out")
    before = against.date() if against else day - timedelta(days=_EARLIER_DAYS)
    if against and not first <= before < day:
        raise InputError(f"{before} is no day between {first} and {day}.", "Name an earlier day of the history.", "against")
    computed = open_engine(settings, ledger)
    with Console(stderr=True).status(f"computing features of {day}") as status:
        found = build_features(Snapshot(ledger, day, engine=computed))
        earlier = None
        if before >= first and (against or first > date.min):
            status.update(f"computing features of {before}, to compare with")
            earlier = build_features(Snapshot(ledger, before, found.ledger_seq, computed))
        profiles = profile_of(found, earlier)
    path = out or settings.home / "features" / f"{day}-{found.ledger_seq}-{found.version}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(found.arrow(), path)
    told = {
        "as_of": day.isoformat(),
        "against": before.isoformat() if earlier else None,
        "ledger_seq": found.ledger_seq,
        "feature_version": found.version,
        "file": str(path),
        "features": [profile.plain() for profile in profiles],
    }
    beside = path.with_suffix(".profile.json")
    beside.write_text(json.dumps(told, ensure_ascii=False, indent=1), "utf-8")
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
        return
    _show(profiles, Console(), before if earlier else None)
    Console().print(
        f"{len(found.firms)} firms, {len(profiles)} features: {path}\nProfile of every feature: {beside}", soft_wrap=True
    )


def _show(profiles: "list[Profile]", console: Console, before: date | None) -> None:
    """How many say nothing, by family, and those that moved most."""
    from models.features.profile import MOVED, SHIFTED

    table = Table("族 family", "特征 features", "无值 none told", "恒定 constant", f"PSI > {MOVED}", f"PSI > {SHIFTED}")
    for family in dict.fromkeys(p.family for p in profiles):
        own = [p for p in profiles if p.family == family]
        moved = (sum((p.psi or 0) > limit for p in own) for limit in (MOVED, SHIFTED))
        counts = (len(own), sum(p.untold for p in own), sum(p.constant for p in own), *moved)
        table.add_row(family, *(str(count) for count in counts))
    console.print(table)
    if before is None:
        console.print("无更早的一天可比 no earlier day to compare with")
        return
    table = Table(
        Column("特征 feature", no_wrap=True),
        "",
        "缺失 missing",
        "均值 mean",
        "中位数 median",
        "PSI",
        title=f"与 {before} 相比变动最大 moved most",
    )
    for p in sorted(profiles, key=lambda p: -(p.psi or 0))[:_SHOWN]:
        middle = p.quantiles[len(p.quantiles) // 2]
        numbers = ("–" if x is None else f"{x:.3g}" for x in (p.mean, middle, p.psi))
        table.add_row(p.name, p.zh, f"{p.missing:.0%}", *numbers)
    console.print(table)
