"""Exposures and the use of every limit, from Arrow tables to Arrow tables: for a whole book or a few clients."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb
import pyarrow as pa

from graph.currencies import DECIMALS
from graph.knowledge.exposure import schemas, statements
from graph.knowledge.exposure.capital import Capital, capital_of
from graph.knowledge.exposure.rules import LimitSettings
from graph.knowledge.exposure.statements import BASES


@dataclass(frozen=True)
class Told:
    """What is read, by ontology type (`schemas.INPUTS`), and who stands together (`schemas.GROUPS`).

    `clients`: where named, only these are answered, each with a row though it owes nothing; else whoever owes or guarantees.
    """

    rows: Mapping[str, pa.Table]
    groups: pa.Table
    day: date
    clients: Sequence[str] | None = None


@dataclass(frozen=True)
class Exposures:
    """What comes of it; schemas ITEMS, EXPOSURES, GROUP_EXPOSURES, LIMIT_USE."""

    items: pa.Table
    clients: pa.Table
    groups: pa.Table
    limit_use: pa.Table
    capital: Capital


def exposures_of(told: Told, settings: LimitSettings) -> Exposures:
    """Everything at once."""
    capital = capital_of(told.rows["CapitalFigure"], told.day)
    with duckdb.connect(config={"threads": 2, "memory_limit": "4GB"}) as engine:
        _register(engine, told, settings, capital)
        engine.execute(statements.RATE, {"as_of": told.day, "rate_days": settings.rate_days})
        engine.execute(statements.NOTE)
        engine.execute(statements.LINE, {"as_of": told.day})
        engine.execute(statements.item_sql(settings))
        engine.execute(statements.collateral_sql(settings))
        engine.execute(statements.CLIENT)
        _move(engine, settings)
        engine.execute(statements.GROUP)
        return Exposures(
            items=_read(engine, _items(told), schemas.ITEMS),
            clients=_read(engine, _clients(told), schemas.EXPOSURES),
            groups=_read(engine, _groups(), schemas.GROUP_EXPOSURES),
            limit_use=_read(engine, _limit_use(told, settings), schemas.LIMIT_USE),
            capital=capital,
        )


def _register(engine: duckdb.DuckDBPyConnection, told: Told, settings: LimitSettings, capital: Capital) -> None:
    for name, schema in schemas.INPUTS.items():
        engine.register(name, told.rows[name].select(schema.names).cast(schema))
    engine.register("member", told.groups.cast(schemas.GROUPS))
    engine.register("wanted", pa.table({"client": pa.array(told.clients or [], pa.string())}))
    engine.register("decimals", pa.table({"code": list(DECIMALS), "decimals": pa.array(DECIMALS.values(), pa.int32())}))
    engine.register("interbank_prefix", pa.table({"prefix": pa.array(settings.interbank, pa.string())}))
    engine.register("rule_row", _rules(told.day, settings, capital))


def _rules(day: date, settings: LimitSettings, capital: Capital) -> pa.Table:
    """The rules in force, each with its capital; the threshold of a large exposure is of net tier 1, whatever the rule."""
    tier1 = capital.figures.get("tier1")
    rows = []
    for number, rule in enumerate(settings.in_force(day)):
        figure = capital.figures.get(rule.capital)
        large = {"exposure": settings.large.exposure, "lex": settings.large.lex}.get(rule.amount)
        rows.append(
            {
                "rule": rule.id,
                "number": number,
                "of": rule.of,
                "bank": {"bank": True, "nonbank": False}.get(rule.clients),
                "amount": rule.amount,
                "limit_share": rule.limit,
                "capital_fen": figure.fen if figure else None,
                "capital_on": figure.on if figure else None,
                "large_fen": int(tier1.fen * large) if tier1 and large else None,
            }
        )
    return pa.Table.from_pylist(rows, _RULE_ROW)


_RULE_ROW = pa.schema(
    [
        ("rule", pa.string()),
        ("number", pa.int32()),
        ("of", pa.string()),
        ("bank", pa.bool_()),
        ("amount", pa.string()),
        ("limit_share", pa.decimal128(5, 4)),
        ("capital_fen", pa.int64()),
        ("capital_on", pa.date32()),
        ("large_fen", pa.int64()),
    ]
)


def _move(engine: duckdb.DuckDBPyConnection, settings: LimitSettings) -> None:
    """Where the setting says so, what is guaranteed moves to the guarantor: added to what it counts, taken off the debtor."""
    if not settings.mitigation["lex"].guarantees:
        return
    engine.execute(statements.MOVED)
    engine.execute(
        """
        CREATE OR REPLACE TABLE client AS
        SELECT c.* REPLACE (
            (c.lex + coalesce(i.fen, 0))::DECIMAL(38, 13) AS lex, (c.lex_taken + coalesce(o.fen, 0))::DECIMAL(38, 9) AS lex_taken)
        FROM client c LEFT JOIN (SELECT src, sum(fen) AS fen FROM moved GROUP BY src) i ON i.src = c.client
        LEFT JOIN (SELECT dst, sum(fen) AS fen FROM moved GROUP BY dst) o ON o.dst = c.client
        """
    )


def _fen(expression: str) -> str:
    return f"if({expression} IS NULL, NULL, least(round({expression}), {statements.LARGEST})::BIGINT)"


def _amounts() -> str:
    gross = ", ".join(f"{_fen(name)} AS {name}_fen" for name in ("drawn", "off_balance", "undrawn", "margin"))
    net = ", ".join(f"{_fen(f'greatest({basis} - {basis}_taken, 0)')} AS {basis}_fen" for basis in BASES)
    return f"{gross}, {_fen('exposure_taken')} AS collateral_fen, {net}"


def _only(told: Told, column: str) -> str:
    return "" if told.clients is None else f"WHERE {column} IN (SELECT client FROM wanted)"


def _items(told: Told) -> str:
    return f"""
        SELECT client, item, row_type, row_id, component, product, amount_fen, currency, {_fen("gross")} AS gross_fen,
            {_fen("margin")} AS margin_fen, factor::DOUBLE AS factor, {_fen("exposure")} AS exposure_fen, negative
        FROM item {_only(told, "client")} ORDER BY client, component, exposure DESC NULLS FIRST, item
    """


def _clients(told: Told) -> str:
    return f"""
        SELECT client, interbank, {_amounts()}, {_fen("guaranteed")} AS guaranteed_fen, negative, missing
        FROM client {_only(told, "client")} ORDER BY client
    """


def _groups() -> str:
    return f"""SELECT kind, "group", members, interbank, {_amounts()}, missing FROM grouped ORDER BY kind, "group" """


def _limit_use(told: Told, settings: LimitSettings) -> str:
    """Every subject under every rule that speaks of it; in a whole book only where there is something to limit."""
    amounts = "drawn_fen AS loans, exposure_fen AS exposure, related_fen AS related, lex_fen AS lex"
    every = "" if told.clients is not None else "WHERE amount_fen > 0 OR missing IS NOT NULL"
    return f"""
        WITH subject AS (
            SELECT client AS subject, 'client' AS of, false AS pending, interbank, missing, {amounts} FROM ({_clients(told)})
            UNION ALL
            SELECT "group", if(pending, 'connected', kind), pending, interbank, missing, {amounts}
            FROM (SELECT *, kind = 'connected_with_pending' AS pending FROM ({_groups()}))
        ),
        told AS (
            SELECT s.subject, s.pending, r.*, s.missing,
                CASE r.amount WHEN 'loans' THEN s.loans WHEN 'exposure' THEN s.exposure WHEN 'related' THEN s.related
                    ELSE s.lex END AS amount_fen
            FROM subject s JOIN rule_row r ON r.of = s.of AND coalesce(r.bank = s.interbank, true)
        ),
        measured AS (
            SELECT *, if(capital_fen < 0, 0, capital_fen)::DECIMAL(19, 0) * limit_share AS most FROM told {every}
        )
        SELECT subject, rule, pending, amount_fen, capital_fen, capital_on, floor(most)::BIGINT AS limit_fen,
            (floor(most) - amount_fen)::BIGINT AS headroom_fen,
            if(capital_fen > 0, round(amount_fen / capital_fen, 9), NULL) AS share,
            if(most > 0, round(amount_fen / most::DOUBLE, 9), NULL) AS use,
            if(large_fen IS NULL, NULL, amount_fen > large_fen OR (large_fen <= 0 AND amount_fen > 0)) AS large,
            CASE WHEN capital_fen IS NULL THEN 'no_capital_figure' WHEN amount_fen > most THEN 'over'
                WHEN amount_fen > 0 AND amount_fen >= most * {settings.warning} THEN 'near'
                WHEN missing IS NOT NULL THEN 'not_determinable' ELSE 'within' END AS level, missing
        FROM measured ORDER BY subject, number, pending
    """


def _read(engine: duckdb.DuckDBPyConnection, sql: str, schema: pa.Schema) -> pa.Table:
    table: pa.Table = engine.sql(sql).to_arrow_table()
    return table.select(schema.names).cast(schema)
