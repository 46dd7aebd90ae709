"""What an officer reads of groups on a day: tables of the book, with what was said of proposals by the end of that day."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from graph.errors import NotFoundError
from graph.knowledge.book import KnowledgeBook
from graph.knowledge.groups.decisions import Decision, GroupDecisions, Status, Verdict
from graph.knowledge.lineage_of_sets import without_later_births
from graph.snapshot import Snapshot

Row = dict[str, Any]


@dataclass(frozen=True)
class Connected:
    """A member of a set of connected clients. `through`: control, or the proposal by which it is in."""

    firm: str
    through: str
    pending: bool
    exposure_fen: int


def place(row: Row) -> tuple[int, str, str]:
    """Where a proposal stands in the list: the required first, then those due first."""
    return int(not row["required"]), str(row["due"]), row["id"]


@dataclass(frozen=True)
class GroupReader:
    """NotComputedError where the day was not computed."""

    book: KnowledgeBook
    decisions: GroupDecisions
    snapshot: Snapshot

    def ranked(self) -> list[tuple[int, str]]:
        """Groups as (minus exposure in fen, id), the largest exposure first."""
        table = self.book.read("group_clients", self.snapshot.as_of)
        owed, ids = table["exposure_fen"].to_pylist(), table["group"].to_pylist()
        return sorted((-exposure, group) for exposure, group in zip(owed, ids, strict=True))

    def groups(self, ids: list[str]) -> list[Row]:
        """Rows of group_clients, in that order."""
        found = {row["group"]: row for row in self._about("group_clients", "group", ids)}
        return [found[one] for one in ids if one in found]

    def group(self, group: str) -> Row:
        """One row of group_clients. NotFoundError."""
        rows = self.groups([group])
        if not rows:
            at = f"There is no group '{group}' on {self.snapshot.as_of}."
            raise NotFoundError(at, "Take an id that the list of groups gives for that day.", "id")
        return rows[0]

    def members(self, group: str) -> list[Row]:
        """Rows of group_members, certain ones first."""
        rows = self._about("group_members", "group", [group])
        return sorted(rows, key=lambda r: (not r["certain"], r["firm"], r["limb"], r["reason"], r["other"]))

    def lineage(self, group: str) -> list[Row]:
        """What became of the group, day by day, the newest first: rows of group_lineage with `as_of`."""
        days = {run.as_of: run for run in self.book.runs() if run.kind == "groups" and run.as_of <= self.snapshot.as_of}
        found = []
        for day in sorted(days):
            rows = self.book.about("group_lineage", "set", [group], day).to_pylist()
            found += [{"as_of": day, **row} for row in rows if row["event"] != "kept"]
        return list(reversed(without_later_births(found)))

    def findings(self, group: str) -> list[Row]:
        """What contradicts."""
        return self._about("group_findings", "group", [group])

    def connected(self, group: str) -> list[Connected]:
        """The group and whoever depends on it down the chain, as it stands with every word that was said by now."""
        inside = {row["firm"] for row in self.members(group) if row["certain"]}
        sure = self._down(inside, {"confirmed"})
        every = self._down(inside, {"confirmed", "pending"})
        owed = {row["firm"]: row["exposure_fen"] for row in self._about("client_exposures", "firm", sorted(every))}
        return [
            Connected(firm, sure.get(firm, through), firm not in sure, owed.get(firm, 0)) for firm, through in sorted(every.items())
        ]

    def proposals(self, status: Status | None = None) -> list[Row]:
        """Rows of dependence_proposals as they stand, the required first, then those due first."""
        rows = [self._standing(row) for row in self.book.read("dependence_proposals", self.snapshot.as_of).to_pylist()]
        found = [row for row in rows if status is None or row["status"] == status]
        return sorted(self._dated(found), key=place)

    def proposal(self, proposal_id: str) -> Row:
        """One of them. NotFoundError."""
        rows = self._about("dependence_proposals", "id", [proposal_id])
        if not rows:
            raise NotFoundError(f"There is no proposal '{proposal_id}'.", "Use an id that the list of proposals gives.", "id")
        return self._dated([self._standing(rows[0])])[0]

    def decide(self, proposal_id: str, verdict: Verdict, by: str, why: str, at: int | None) -> Row:
        """An officer's word, and the proposal after it. NotFoundError, ConflictError, InputError."""
        self.proposal(proposal_id)
        said = self.decisions.decide(proposal_id, verdict, by, why, at)
        return {
            **self.proposal(proposal_id),
            "status": said.status,
            "by": by,
            "why": why,
            "at": said.at,
            "taken_at": said.taken_at,
            "pending_recompute": self._counted(proposal_id) != said.status,
        }

    def _counted(self, proposal_id: str) -> str:
        """How the book counts it."""
        return str(self._about("dependence_proposals", "id", [proposal_id])[0]["status"])

    @cached_property
    def _said(self) -> dict[str, Decision]:
        return {each.id: each for each in self.decisions.by_day(self.snapshot)}

    def _standing(self, row: Row) -> Row:
        said = self._said.get(row["id"])
        told: Row = {"by": "", "why": "", "at": None, "taken_at": None}
        if said:
            told = {"by": said.by, "why": said.why, "at": said.at, "taken_at": said.taken_at}
        status = said.status if said else "pending"
        return {**row, "status": status, **told, "pending_recompute": status != row["status"]}

    def _dated(self, rows: list[Row]) -> list[Row]:
        """With the first computed day that has each: nobody could decide before, so `due` counts from it."""
        first = self.book.first_days("dependence_proposals", "id", [row["id"] for row in rows], self.snapshot.as_of)
        return [
            {**row, "first_proposed": first[row["id"]], "due": row["due"] and first[row["id"]] + (row["due"] - row["first_known"])}
            for row in rows
        ]

    def _down(self, inside: set[str], counted: set[str]) -> dict[str, str]:
        """Who is reached, and through what: first those who depend, then what is controlled."""
        found = dict.fromkeys(sorted(inside), "control")
        frontier = list(found)
        while frontier:
            told = [
                self._standing(row) for row in self._about("dependence_proposals", "on", frontier) if row["threshold"] is not None
            ]
            below = {row["dependent"]: row["id"] for row in reversed(told) if row["status"] in counted}
            held = [row["dst"] for row in self._about("controllers", "src", frontier)]
            held += [row["firm"] for row in self._about("group_members", "other", frontier) if row["reason"] == "controlled"]
            new = {**dict.fromkeys(held, "control"), **below}
            frontier = [firm for firm in new if firm not in found]
            found.update((firm, new[firm]) for firm in frontier)
        return found

    def _about(self, table: str, column: str, ids: list[str]) -> list[Row]:
        rows: list[Row] = self.book.about(table, column, ids, self.snapshot.as_of).to_pylist()
        return rows
