"""What is told about payments and about who is behind them, of a whole book or of what a walk brought back, made into arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from graph.knowledge.flows.ends import lexicon
from graph.knowledge.flows.moves import MOVES, Ints, Moves
from graph.knowledge.flows.parties import GROUP, GUARANTOR, NOBODY, Parties
from graph.knowledge.flows.reading import Book

OWNERS = pl.Schema({"account": pl.String, "owner": pl.String})
INDUSTRIES = pl.Schema({"id": pl.String, "industry": pl.String})
ROLES = pl.Schema({"borrower": pl.String, "other": pl.String, "role": pl.Int8})
TIES = pl.Schema({"src": pl.String, "dst": pl.String})


@dataclass(frozen=True)
class Told:
    """`moves`: MOVES. `owners`: of accounts; of several owners the first by id counts. `industries`: of firms. `roles`: ROLES."""

    moves: pl.DataFrame
    owners: pl.DataFrame
    industries: pl.DataFrame
    roles: pl.DataFrame

    def book(self, borrowers: Sequence[str] = ()) -> Book:
        """The arrays that are traced over. `borrowers` have a number even where they neither pay nor are paid."""
        owned = self.owners.group_by("account").agg(pl.col("owner").min())
        ends = [owned["account"], owned["owner"], self.roles["borrower"], self.roles["other"]]
        moves, numbers = Moves.of(self.moves, [*ends, pl.Series(borrowers, dtype=pl.String)])
        says = lexicon().of_payments(moves.rows)["end"].to_numpy()[moves.order]
        return Book(moves, _parties(moves.nodes, numbers, self), says)


def payments(rows: pl.DataFrame, kind: str, amount: str, days_us: pl.Expr | None = None) -> pl.DataFrame:
    """Rows of one relation type (id, src, dst, its amount, at, purpose and currency where it has them) as MOVES.

    `days_us`: the instant where `at` is not told, the beginning of its day.
    """
    at = pl.col("at") if days_us is None else pl.coalesce("at", days_us)
    purpose = pl.col("purpose") if "purpose" in rows.columns else pl.lit(None, pl.String)
    columns = {"rel": pl.col("id"), "type": pl.lit(kind), "src": pl.col("src"), "dst": pl.col("dst")}
    told = {"amount_fen": pl.col(amount), "at": at, "purpose": purpose, "currency": pl.col("currency")}
    return rows.select(**columns, **told).cast(dict(MOVES.items()))


def guarantors(borrower_of: pl.DataFrame) -> pl.DataFrame:
    """GUARANTEES (src, dst) as roles."""
    return borrower_of.select(borrower="dst", other="src", role=pl.lit(GUARANTOR, pl.Int8)).unique()


def groups(controllers: pl.DataFrame, members: pl.DataFrame, borrowers: Sequence[str]) -> pl.DataFrame:
    """Who is of one group with each borrower, as roles: who controls it, whom it controls, whom they control, and whoever is a
    member of the same registered group. `controllers` (src, dst) without the state, which is no group; `members` (src, dst)."""
    asked = pl.DataFrame({"borrower": pl.Series(borrowers, dtype=pl.String)}).unique()
    above = controllers.rename({"src": "head", "dst": "borrower"}).join(asked, "borrower", "semi")
    heads = pl.concat([above.select("borrower", "head"), asked.with_columns(head="borrower")])
    below = heads.join(controllers.rename({"src": "head", "dst": "other"}), "head").select("borrower", "other")
    same = members.rename({"src": "borrower"}).join(asked, "borrower", "semi").join(members.rename({"src": "other"}), "dst")
    found = pl.concat([heads.select("borrower", other="head"), below, same.select("borrower", "other")])
    return found.filter(pl.col("borrower") != pl.col("other")).unique().with_columns(role=pl.lit(GROUP, pl.Int8))


def _parties(nodes: pl.Series, numbers: list[Ints], told: Told) -> Parties:
    """`numbers`: of accounts, of their owners, of borrowers and of the others in their roles."""
    owner = np.full(len(nodes), NOBODY, np.int64)
    owner[numbers[0]] = numbers[1]
    oneself = (nodes.str.starts_with("Firm-") | nodes.str.starts_with("Person-")).to_numpy()
    owner[oneself] = np.flatnonzero(oneself)
    trade = np.zeros(len(nodes) + 1, np.int8)  # the last is nobody's
    spoken = _trades(told.industries).join(nodes.alias("id").to_frame().with_row_index("n"), "id")
    trade[spoken["n"].to_numpy()] = spoken["end"].to_numpy()
    is_note = nodes.str.starts_with("LoanNote-").to_numpy()
    return Parties.of(owner, trade[owner], is_note, (numbers[2], numbers[3], told.roles["role"].to_numpy()))


def _trades(industries: pl.DataFrame) -> pl.DataFrame:
    """Columns id, end: of firms whose trade speaks of one."""
    codes = industries["industry"].unique()
    ends = pl.Series([lexicon().of_industry(code)[0] for code in codes], dtype=pl.Int8)
    spoken = pl.DataFrame({"industry": codes, "end": ends}).filter(pl.col("end") > 0)
    return industries.join(spoken, "industry").select("id", "end")
