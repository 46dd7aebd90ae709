"""Fund flows as a kind of knowledge: where the money of every drawdown of the last days went, first in first out."""

from collections.abc import Mapping
from datetime import timedelta

import numpy as np
import polars as pl
import pyarrow as pa

from graph.clock import day_of, end_of_day_us, start_of_day_us
from graph.knowledge.flows.ends import ENDS, HOW, HOWS, NUMBER, lexicon
from graph.knowledge.flows.fifo import trace_fifo
from graph.knowledge.flows.one_start import VERSION
from graph.knowledge.flows.parties import NOBODY
from graph.knowledge.flows.query import FlowBounds
from graph.knowledge.flows.reading import Book, Starts
from graph.knowledge.flows.told import Told, groups, guarantors, payments
from graph.knowledge.kind import Inputs, Kind, KnowledgeTable

BOOK_DAYS = 90
"""How many days back a drawdown is still traced; and over how many days."""

BOUNDS = FlowBounds(days=BOOK_DAYS)  # and what came before each drawdown, as for one firm
_CHUNK = 20_000  # starts traced at once
_PAID = {"TRANSFERS": "amount_fen", "DISBURSES": "amount_fen", "REPAYS": "amount_fen"}
_FORWARD = ENDS[: NUMBER["hub_cut"] + 1]

READS = {
    "TRANSFERS": ("src", "dst", "amount_fen", "at", "purpose", "currency", "valid_from"),
    "DISBURSES": ("src", "dst", "amount_fen", "at", "currency", "valid_from"),
    "REPAYS": ("src", "dst", "amount_fen", "at", "currency", "valid_from"),
    "OWNS_ACCOUNT": ("src", "dst"),
    "BORROWS": ("src", "dst"),
    "GUARANTEES": ("src", "dst"),
    "MEMBER_OF": ("src", "dst"),
    "Firm": ("industry",),
}

FLOWS = pa.schema(
    [
        ("firm", pa.string()),  # or person: who borrows
        ("note", pa.string()),
        ("drawdown", pa.string()),  # relation id of the disbursement
        ("drawn_on", pa.date32()),
        ("amount_fen", pa.int64()),
        ("currency", pa.string()),
        *((f"{end}_fen", pa.int64()) for end in _FORWARD),
        ("cut_fen", pa.int64()),  # of all these, where a bound ended the trace
        ("by_word_fen", pa.int64()),  # and what is known by a word only
        ("round_trip_share", pa.float64()),
        ("round_trip_days", pa.int32()),
        ("round_trip_hops", pa.int32()),
    ]
)
FLOW_ENDS = pa.schema(
    [
        ("drawdown", pa.string()),
        ("end", pa.string()),
        ("how", pa.string()),
        ("node", pa.string()),
        ("party", pa.string()),  # who owns the node; null where nobody is known
        ("transfer", pa.string()),  # the last payment
        ("amount_fen", pa.int64()),
        ("hops", pa.int32()),
        ("days", pa.int32()),
    ]
)
FLOW_TRANSFERS = pa.schema(
    [("drawdown", pa.string()), ("transfer", pa.string()), ("type", pa.string()), ("hops", pa.int32()), ("traced_fen", pa.int64())]
)
REACHED = pa.schema(
    [
        ("src", pa.string()),
        ("dst", pa.string()),
        ("outcome", pa.string()),
        ("amount_fen", pa.int64()),
        ("currency", pa.string()),
        ("share", pa.float64()),
        ("days", pa.int64()),
        ("hops", pa.int64()),
    ]
)


def compute(inputs: Inputs) -> Mapping[str, pa.Table]:
    """The four tables of the book."""
    zone, day = inputs.snapshot.ledger.time_zone, inputs.snapshot.as_of
    since, until = start_of_day_us(day - timedelta(days=BOOK_DAYS), zone), end_of_day_us(day, zone)
    window = start_of_day_us(day - timedelta(days=BOOK_DAYS + BOUNDS.before_days), zone), until
    moves = pl.concat([_paid(inputs, kind, window) for kind in _PAID])
    drawn = moves.filter((pl.col("type") == "DISBURSES") & (pl.col("amount_fen") > 0) & (pl.col("at") >= since)).unique(
        ["rel", "at"]
    )
    pairs = {name: _pairs(inputs, name) for name in ("OWNS_ACCOUNT", "BORROWS", "GUARANTEES", "MEMBER_OF")}
    borrowers = pairs["BORROWS"].group_by("dst").agg(pl.col("src").min()).rename({"dst": "src", "src": "borrower"})
    drawn = drawn.join(borrowers, "src", "left").sort("rel", "at").with_row_index("number")
    owing = drawn["borrower"].drop_nulls().unique()
    controllers = pl.DataFrame(inputs.knowledge("controllers")).filter(~pl.col("state")).select("src", "dst")
    roles = [guarantors(pairs["GUARANTEES"].filter(pl.col("dst").is_in(owing.implode())))]
    roles.append(groups(controllers, pairs["MEMBER_OF"], owing.to_list()))
    industries = pl.DataFrame(inputs.read("Firm")).select("id", "industry")
    told = Told(moves, pairs["OWNS_ACCOUNT"].select(account="dst", owner="src"), industries, pl.concat(roles))
    found = []
    for (currency,), payments_of in drawn.group_by("currency", maintain_order=True):
        same = Told(moves.filter(pl.col("currency").eq_missing(pl.lit(currency, pl.String))), told.owners, industries, told.roles)
        book = same.book(owing.to_list())
        found += [_traced(book, part, zone) for part in payments_of.iter_slices(_CHUNK)]
    drawn_on = pl.Series([day_of(us, zone) for us in drawn["at"]], dtype=pl.Date)
    return _tables(drawn.with_columns(drawn_on=drawn_on), found)


def _paid(inputs: Inputs, kind: str, window: tuple[int, int]) -> pl.DataFrame:
    """The payments of one type within the window, out of DuckDB without the rest of the book."""
    zone = inputs.snapshot.ledger.time_zone
    midnight = f"epoch_us(timezone('{zone}', valid_from::TIMESTAMP))"
    rows = f'SELECT * REPLACE (coalesce("at", {midnight}) AS "at") FROM ({inputs.sql(kind)})'
    asked = f'SELECT * FROM ({rows}) WHERE "at" BETWEEN {window[0]} AND {window[1]}'
    return payments(pl.DataFrame(inputs.snapshot.backend.con.sql(asked).to_arrow_table()), kind, _PAID[kind])


def _pairs(inputs: Inputs, name: str) -> pl.DataFrame:
    return pl.DataFrame(inputs.read(name)).select(pl.col("src", "dst").cast(pl.String))


def _traced(book: Book, drawn: pl.DataFrame, zone: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Ends and payments of these drawdowns, an entry for each part."""
    moves, parties = book.moves, book.parties
    places = moves.places("DISBURSES")
    placed = pl.DataFrame({"rel": moves.told("rel", places), "at": moves.at[places], "place": places})
    drawn = drawn.join(placed, ["rel", "at"], "left", maintain_order="left")
    place = drawn["place"].to_numpy()
    names = moves.nodes
    numbered = pl.DataFrame({"borrower": names, "node": np.arange(len(names), dtype=np.int64)})
    borrower = drawn.join(numbered, "borrower", "left", maintain_order="left")["node"].fill_null(NOBODY).to_numpy()
    found = trace_fifo(book, Starts.of(moves, (place, borrower, moves.amount[place]), BOUNDS, "forward", zone), BOUNDS, "forward")
    day = np.array([day_of(us, zone).toordinal() for us in drawn["at"]], np.int64)
    ends, flows = pl.DataFrame(found.columns("ends")), pl.DataFrame(found.columns("flows"))
    days = _days(moves.at[ends["place"].to_numpy()], zone) - day[ends["start"].to_numpy()]
    node = moves.dst[ends["place"].to_numpy()]
    owner = parties.owner[node]
    party = names.gather(pl.Series(owner).set(pl.Series(owner < 0), None))
    number = drawn["number"]
    of = {
        "number": number.gather(ends["start"]),
        "drawdown": drawn["rel"].gather(ends["start"]),
        "transfer": moves.told("rel", ends["place"]),
    }
    ends = ends.with_columns(**of, node=names.gather(node), party=party, days=pl.Series(days))
    went = {
        "number": number.gather(flows["start"]),
        "drawdown": drawn["rel"].gather(flows["start"]),
        "transfer": moves.told("rel", flows["place"]),
    }
    return ends, flows.with_columns(**went, type=moves.told("type", flows["place"]))


def _days(at: np.ndarray, zone: str) -> np.ndarray:
    """The ordinal of the day, where the bank is, of each instant."""
    local = pl.from_epoch(pl.Series(at, dtype=pl.Int64), "us").dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    return np.asarray(local.dt.date().cast(pl.Int64).to_numpy() + 719_163)


def _tables(drawn: pl.DataFrame, found: list[tuple[pl.DataFrame, pl.DataFrame]]) -> dict[str, pa.Table]:
    if not found:
        schemas = {
            "fund_flows": FLOWS,
            "fund_flow_ends": FLOW_ENDS,
            "fund_flow_transfers": FLOW_TRANSFERS,
            "fund_flow_reach": REACHED,
        }
        return {name: schema.empty_table() for name, schema in schemas.items()}
    ends, flows = (pl.concat(part) for part in zip(*found, strict=True))
    names = pl.Series(ENDS, dtype=pl.String), pl.Series(HOWS, dtype=pl.String)
    said = ends.with_columns(end=names[0].gather(ends["end"]), how=names[1].gather(ends["how"]))
    key = ["number", "drawdown", "end", "how", "node", "party", "transfer", "days"]
    listed = said.group_by(key).agg(amount_fen=pl.col("amount").sum(), hops=pl.col("hop").min())
    went = flows.group_by("number", "drawdown", "transfer", "type").agg(hops=pl.col("hop").min(), traced_fen=pl.col("amount").sum())
    return {
        "fund_flows": _arrow(_wide(drawn, said), FLOWS),
        "fund_flow_ends": _arrow(listed.sort(key, nulls_last=True), FLOW_ENDS),
        "fund_flow_transfers": _arrow(went.sort("number", "hops", "transfer"), FLOW_TRANSFERS),
        "fund_flow_reach": _arrow(_reach(drawn, said), REACHED),
    }


def _wide(drawn: pl.DataFrame, ends: pl.DataFrame) -> pl.DataFrame:
    """A row for each drawdown."""
    amount = pl.col("amount")
    cuts = pl.col("how").is_in([how for how in HOWS if HOW[how] >= HOW["hops"]])
    back = pl.col("end") == "borrower"
    sums = ends.group_by("number").agg(
        *(amount.filter(pl.col("end") == end).sum().alias(f"{end}_fen") for end in _FORWARD),
        cut_fen=amount.filter(cuts).sum(),
        by_word_fen=amount.filter(pl.col("by") > 0).sum(),
        round_trip_days=pl.col("days").filter(back).max(),
        round_trip_hops=pl.col("hop").filter(back).min(),
    )
    rows = drawn.rename({"rel": "drawdown", "src": "note", "borrower": "firm"}).join(sums, "number")
    shares = (pl.col("borrower_fen") / pl.col("amount_fen")).round(6)
    return rows.with_columns(round_trip_share=shares).sort("number")


def _reach(drawn: pl.DataFrame, ends: pl.DataFrame) -> pl.DataFrame:
    """Of each note and each firm or person whom its money reached: how much, as what."""
    notes = drawn.select("number", "src", "currency")
    paid = drawn.group_by("src").agg(whole=pl.col("amount_fen").sum())
    known = ends.filter(pl.col("party").is_not_null()).join(notes, "number")
    sums = known.group_by("src", dst="party", outcome="end").agg(
        amount_fen=pl.col("amount").sum(), currency=pl.col("currency").min(), days=pl.col("days").max(), hops=pl.col("hop").min()
    )
    share = (pl.col("amount_fen") / pl.col("whole")).round(6)
    return sums.join(paid, "src").with_columns(share=share).sort("src", "dst", "outcome")


def _arrow(rows: pl.DataFrame, schema: pa.Schema) -> pa.Table:
    return rows.select(schema.names).to_arrow().cast(schema)


FUND_FLOWS = Kind(
    name="fund_flows",
    zh="贷款资金流向",
    version=f"{VERSION}.{lexicon().version}",
    reads=READS,
    tables=(
        KnowledgeTable("fund_flows", FLOWS, ("firm", "note")),
        KnowledgeTable("fund_flow_ends", FLOW_ENDS, ("drawdown", "party")),
        KnowledgeTable("fund_flow_transfers", FLOW_TRANSFERS, ("drawdown", "transfer")),
        KnowledgeTable("fund_flow_reach", REACHED, ("dst", "src")),
    ),
    compute=compute,
    after=("control",),
    dated=True,
)
