"""What groups are made of, as tables: of a whole book, or of what a walk brought back."""

from dataclasses import dataclass
from functools import cached_property

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from graph.knowledge.control.assess import Assessment
from graph.knowledge.control.holdings import Told, state_bodies
from graph.knowledge.numbering import Entities, coded

READS = {
    "HOLDS_SHARES": ("src", "dst", "equity_share", "voting_share", "recorded_at"),
    "ACTS_WITH": ("src", "dst"),
    "CONTROLS": ("src", "dst", "recorded_at"),
    "SERVES_AS": ("src", "dst", "role", "recorded_at"),
    "Firm": ("name", "uscc", "state_owned", "registered_capital_fen", "currency"),
    "KIN_OF": ("src", "dst", "degree", "kinship", "recorded_at"),
    "MEMBER_OF": ("src", "dst"),
    "ClientGroup": ("name",),
}

SAID = pa.schema([("id", pa.string()), ("status", pa.string())])
"""What officers said of proposals: confirmed or rejected. One that is open has no row."""


_BY_ID = {
    **dict.fromkeys(("holdings", "concert", "filed", "posts", "controllers", "kin", "members"), ("src", "dst")),
    **dict.fromkeys(("firms", "named"), ("id",)),
}


@dataclass(frozen=True)
class Coded:
    """The tables of a `Ground` with `entities` by number, in the order of their ids."""

    entities: Entities
    holdings: pl.DataFrame
    concert: pl.DataFrame
    filed: pl.DataFrame
    posts: pl.DataFrame
    controllers: pl.DataFrame
    kin: pl.DataFrame
    members: pl.DataFrame
    firms: pl.DataFrame
    named: pl.DataFrame


@dataclass(frozen=True)
class Ground:
    """`control`: the assessment over the same rows. kin: id, src, dst, degree, kinship. filed_members: id, src, dst.

    client_groups: id, name. said: SAID.
    """

    told: Told
    controllers: pl.DataFrame
    contradicted: pl.Series  # ids of filings of control that the votes contradict
    kin: pl.DataFrame
    filed_members: pl.DataFrame
    client_groups: pl.DataFrame
    said: pl.DataFrame

    @classmethod
    def of(
        cls,
        told: Told,
        controllers: pa.Table,
        findings: pa.Table,
        others: tuple[pa.Table, pa.Table, pa.Table],
        said: pa.Table,
    ) -> "Ground":
        """`others`: kin, filed_members, client_groups."""
        bad = findings.filter(pc.equal(findings["finding"], "filed_contradicted"))
        kin, members, named = (frame(table) for table in others)
        return cls(told, frame(controllers), frame(bad)["rel"], kin, members, named, frame(said))

    @classmethod
    def assessed(cls, told: Told, others: tuple[pa.Table, pa.Table, pa.Table], said: pa.Table) -> "Ground":
        """With control worked out here."""
        found = Assessment(told)
        return cls.of(told, found.controllers(), found.findings(), others, said)

    @cached_property
    def coded(self) -> Coded:
        """All of it, numbered once."""
        told = {name: frame(getattr(self.told, name)) for name in ("holdings", "concert", "filed", "posts", "firms")}
        others = {"controllers": self.controllers, "kin": self.kin, "members": self.filed_members, "named": self.client_groups}
        entities, tables = coded({**told, **others}, _BY_ID)
        return Coded(entities, **tables)

    def states(self) -> list[str]:
        """State owners: they make no group of what they own."""
        firms = self.told.firms
        named: list[str] = firms["id"].filter(pa.array(state_bodies(firms))).to_pylist() if firms.num_rows else []
        return named


def frame(table: pa.Table) -> pl.DataFrame:
    """An Arrow table as Polars."""
    found = pl.from_arrow(table)
    assert isinstance(found, pl.DataFrame)
    return found
