"""Holdings drawn by hand: short names in, tables out. P… are persons, all others firms."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from graph.knowledge.control.assess import Assessment
from graph.knowledge.control.holdings import Told

_END = [("id", pa.string()), ("src", pa.string()), ("dst", pa.string())]
_HOLDINGS = pa.schema([*_END, ("equity_share", pa.float64()), ("voting_share", pa.float64())])
_FIRM = pa.schema(
    [
        ("id", pa.string()),
        ("name", pa.string()),
        ("uscc", pa.string()),
        ("state_owned", pa.bool_()),
        ("registered_capital_fen", pa.int64()),
        ("currency", pa.string()),
    ]
)

Holding = tuple[Any, ...]
"""(holder, firm, equity) or (holder, firm, equity, votes)."""


def name(key: str) -> str:
    """`Person-P` for `P`, `Firm-A` for `A`."""
    return f"Person-{key}" if key.startswith("P") else f"Firm-{key}"


def drawn(
    holdings: Sequence[Holding] = (),
    concert: Iterable[tuple[str, str]] = (),
    filed: Iterable[tuple[str, str]] = (),
    posts: Iterable[tuple[str, str, str]] = (),
    firms: Mapping[str, dict[str, Any]] = MappingProxyType({}),
) -> Assessment:
    """The verdict over what is drawn; `firms` tells more of some of them."""
    rows = []
    for number, (src, dst, equity, *votes) in enumerate(holdings):
        end = {"id": f"h{number}", "src": name(src), "dst": name(dst)}
        rows.append({**end, "equity_share": equity, "voting_share": votes[0] if votes else None})
    keys = {key for src, dst, *_ in (*holdings, *concert, *filed) for key in (src, dst)} | set(firms)
    told = [{"id": name(key), "name": key, **firms.get(key, {})} for key in sorted(keys) if not key.startswith("P")]
    return Assessment(
        Told(
            pa.Table.from_pylist(rows, _HOLDINGS),
            _ends([(a, b) for a, b in concert]),
            _ends([(a, b) for a, b in filed]),
            _ends([(a, b) for a, b, _ in posts], role=[role for *_, role in posts]),
            pa.Table.from_pylist(told, _FIRM),
        )
    )


def controls(found: Assessment, **wanted: bool) -> set[tuple[str, str]]:
    """Who controls whom, by short names; only rows whose flags are as wanted."""
    rows = found.controllers().to_pylist()
    return {(_key(row["src"]), _key(row["dst"])) for row in rows if all(row[flag] == value for flag, value in wanted.items())}


def status(found: Assessment, firm: str) -> dict[str, Any]:
    (row,) = [row for row in found.status().to_pylist() if row["firm"] == name(firm)]
    return dict(row)


def owners(found: Assessment, firm: str) -> dict[str, str]:
    """Each beneficial owner's tests."""
    return {_key(row["person"]): row["tests"] for row in found.owners().to_pylist() if row["firm"] == name(firm)}


def interest(found: Assessment, owner: str, firm: str) -> float:
    """Integrated ownership of one in the other."""
    row, column = found.holdings.number(pa.chunked_array([[name(owner), name(firm)]]))
    return float(found.interests.of(found.holdings.number(pa.chunked_array([[name(owner)]])))[0, column]) if row >= 0 else 0.0


def findings(found: Assessment) -> set[tuple[str, str, str | None]]:
    """(finding, firm, the other entity)."""
    rows = found.findings().to_pylist()
    return {(row["finding"], _key(row["firm"]), row["entity"] and _key(row["entity"])) for row in rows}


def _ends(pairs: list[tuple[str, str]], **more: list[str]) -> pa.Table:
    rows = [{"id": f"r{number}", "src": name(a), "dst": name(b)} for number, (a, b) in enumerate(pairs)]
    table = pa.Table.from_pylist(rows, pa.schema(_END))
    for column, values in more.items():
        table = table.append_column(column, pa.array(values, pa.string()))
    return table


def _key(entity: str) -> str:
    return entity.partition("-")[2]
