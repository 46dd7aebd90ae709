"""The twelve reads out of the CSV files alone, written from the specification: every path is walked; it shares nothing."""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from graph.identity import entity_id, record_id

Rows = list[tuple[Any, ...]]
_ZONE = ZoneInfo("Asia/Shanghai")  # in which the example's manifest reads times that name no zone


def entity(label: str, key: str) -> str:
    """The entity id of a FinBench id."""
    return entity_id(label, record_id(label, "finbench", key))


def _us(text: str) -> int:
    whole, _, part = text.partition(".")
    seconds = int(datetime.strptime(whole, "%Y-%m-%d %H:%M:%S").replace(tzinfo=_ZONE).timestamp())
    return seconds * 1_000_000 + int(part.ljust(6, "0") if part else 0)


def _fen(text: str) -> int:
    return round(float(text) * 100)


class Oracle:
    """The snapshot in plain dictionaries."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = {kind: self._edges(*spec) for kind, spec in _EDGES.items()}
        self.into = {kind: _turned(edges) for kind, edges in self.out.items()}
        self.medium = {r["mediumId"]: (r["isBlocked"] == "true", r["mediumType"]) for r in self._rows("Medium")}
        self.loan = {r["loanId"]: (_fen(r["loanAmount"]), _fen(r["balance"])) for r in self._rows("Loan")}
        self.card = {r["accountId"] for r in self._rows("Account") if "card" in r["accoutType"]}
        self.owns: dict[str, list[str]] = defaultdict(list)
        for r in self._rows("PersonOwnAccount"):
            self.owns[r["personId"]].append(r["accountId"])
        self.company_accounts = {r["accountId"] for r in self._rows("CompanyOwnAccount")}
        self.applied: dict[str, set[str]] = defaultdict(set)
        for r in self._rows("PersonApplyLoan"):
            self.applied[r["personId"]].add(r["loanId"])

    def near(
        self, table: dict[str, list[tuple[str, int, int, int]]], node: str, span: tuple[int, int, int]
    ) -> list[tuple[str, int, int, int]]:
        """other, at, amount, number of the row; within the window, the newest `limit`."""
        kept = sorted((e for e in table.get(node, ()) if span[0] < e[1] < span[1]), key=lambda e: -e[1])
        return kept[: span[2]] if span[2] else kept

    def tcr1(self, account: str, span: tuple[int, int, int]) -> Rows:
        found = set()
        for path, _ in self._paths(account, span, "out"):
            for medium, *_ in self.near(self.into["sign"], path[-1], span):
                if self.medium[medium][0]:
                    found.add((entity("Account", path[-1]), len(path) - 1, entity("Medium", medium), self.medium[medium][1]))
        return sorted(found, key=lambda row: (row[1], row[0], row[2]))

    def tcr2(self, person: str, span: tuple[int, int, int]) -> Rows:
        loans: dict[str, set[str]] = defaultdict(set)
        for account in self.owns[person]:
            for path, _ in self._paths(account, span, "into"):
                loans[path[-1]].update(e[0] for e in self.near(self.into["deposit"], path[-1], span))
        rows = [
            (entity("Account", a), sum(self.loan[x][0] for x in s), sum(self.loan[x][1] for x in s)) for a, s in loans.items() if s
        ]
        return sorted(rows, key=lambda row: (-row[1], row[0]))

    def tcr3(self, one: str, other: str, span: tuple[int, int, int]) -> Rows:
        level, seen, length = {one}, {one}, 0
        while level:
            if other in level:
                return [(length,)]
            level = {e[0] for node in level for e in self.near(self.out["transfer"], node, span)} - seen
            seen |= level
            length += 1
        return [(-1,)]

    def tcr4(self, one: str, other: str, span: tuple[int, int, int]) -> Rows:
        out = self.out["transfer"]
        if other not in {e[0] for e in self.near(out, one, span)}:
            return []
        rows = []
        back, onward = self.near(self.into["transfer"], one, span), self.near(out, other, span)
        for third in {e[0] for e in back} & {e[0] for e in onward}:
            two, three = ([e[2] for e in edges if e[0] == third] for edges in (back, onward))
            rows.append((entity("Account", third), len(two), sum(two), max(two), len(three), sum(three), max(three)))
        return sorted(rows, key=lambda row: (-row[2], -row[5], row[0]))

    def tcr5(self, person: str, span: tuple[int, int, int]) -> Rows:
        paths = {
            path for account in self.owns[person] for path, _ in self._paths(account, span, "out") if len(set(path)) == len(path)
        }
        named = [tuple(entity("Account", node) for node in path) for path in paths]
        return [(path,) for path in sorted(named, key=lambda path: (-len(path), path))]

    def tcr6(self, account: str, span: tuple[int, int, int], over: tuple[float, float]) -> Rows:
        if account not in self.card:
            return []
        drawn: dict[str, int] = defaultdict(int)
        for mid, _, fen, _ in self.near(self._above(self.into["withdraw"], account, over[1]), account, span):
            drawn[mid] += fen
        rows = []
        for mid, fen in drawn.items():
            came = self.near(self._above(self.into["transfer"], mid, over[0]), mid, span)
            if len(came) > 3:
                rows.append((entity("Account", mid), sum(e[2] for e in came), fen))
        return sorted(rows, key=lambda row: (-row[2], row[0]))

    def tcr7(self, account: str, span: tuple[int, int, int], over: float) -> Rows:
        came, went = (self.near(self._above(side["transfer"], account, over), account, span) for side in (self.into, self.out))
        below = sum(e[2] for e in went)
        return [
            (len({e[0] for e in came}), len({e[0] for e in went}), round(sum(e[2] for e in came) / below, 3) if below else -1.0)
        ]

    def tcr8(self, loan: str, span: tuple[int, int, int], threshold: float) -> Rows:
        assert threshold == 0, "what is upstream of an edge is worked out for no threshold only"
        edges: dict[str, dict[tuple[str, int], int]] = defaultdict(dict)
        least: dict[str, int] = {}
        level = {e[0] for e in self.near(self.out["deposit"], loan, span)}
        for hop in (2, 3, 4):
            new = set()
            for node in level:
                for kind in ("transfer", "withdraw"):
                    for other, _, fen, number in self.near(self.out[kind], node, span):
                        edges[other][kind, number] = fen
                        least.setdefault(other, hop)
                        new.add(other)
            level = new
        whole = self.loan[loan][0]
        rows = [(entity("Account", n), round(sum(each.values()) / whole, 3), least[n]) for n, each in edges.items()]
        return sorted(rows, key=lambda row: (-row[2], -row[1], row[0]))

    def tcr9(self, account: str, span: tuple[int, int, int], over: float) -> Rows:
        tables = (self.into["deposit"], self.out["repay"], self.into["transfer"], self.out["transfer"])
        a, b, c, d = (sum(e[2] for e in self.near(self._above(table, account, over), account, span)) for table in tables)
        return [tuple(round(x / y, 3) if y else -1.0 for x, y in ((a, b), (a, d), (c, d)))]

    def tcr10(self, one: str, other: str, span: tuple[int, int, int]) -> Rows:
        sets = [{e[0] for e in self.near(self.out["invest"], person, (*span[:2], 0))} for person in (one, other)]
        return [(round(len(sets[0] & sets[1]) / len(sets[0] | sets[1]), 3) if sets[0] | sets[1] else 0.0,)]

    def tcr11(self, person: str, span: tuple[int, int, int]) -> Rows:
        chain: set[str] = set()
        todo = [person]
        while todo:
            for other, *_ in self.near(self.out["guarantee"], todo.pop(), span):
                if other not in chain:
                    chain.add(other)
                    todo.append(other)
        loans = {loan for each in chain for loan in self.applied[each]}
        return [(sum(self.loan[loan][0] for loan in loans), len(loans))]

    def tcr12(self, person: str, span: tuple[int, int, int]) -> Rows:
        paid: dict[str, int] = defaultdict(int)
        for account in self.owns[person]:
            for other, _, fen, _ in self.near(self.out["transfer"], account, span):
                if other in self.company_accounts:
                    paid[other] += fen
        return sorted(((entity("Account", a), fen) for a, fen in paid.items()), key=lambda row: (-row[1], row[0]))

    def ask(self, number: int, *arguments: Any) -> Rows:
        """The answer of one read; ids as FinBench has them."""
        asked: Callable[..., Rows] = getattr(self, f"tcr{number}")
        return asked(*arguments)

    def _paths(self, node: str, span: tuple[int, int, int], side: str) -> Iterator[tuple[tuple[str, ...], int]]:
        """Every path of one to three transfers whose times ascend (seen from downstream, descend)."""
        table = getattr(self, side)["transfer"]
        open_: list[tuple[tuple[str, ...], int]] = [((node,), span[0] if side == "out" else span[1])]
        for _ in range(3):
            longer = []
            for path, last in open_:
                for other, at, *_ in self.near(table, path[-1], span):
                    if (at > last) if side == "out" else (at < last):
                        longer.append(((*path, other), at))
            yield from longer
            open_ = longer

    def _above(
        self, table: dict[str, list[tuple[str, int, int, int]]], node: str, over: float
    ) -> dict[str, list[tuple[str, int, int, int]]]:
        return {node: [e for e in table.get(node, ()) if e[2] > over]}

    def _rows(self, name: str) -> Iterator[dict[str, str]]:
        with (self.folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file, delimiter="|")

    def _edges(self, name: str, src: str, dst: str, amount: str) -> dict[str, list[tuple[str, int, int, int]]]:
        found: dict[str, list[tuple[str, int, int, int]]] = defaultdict(list)
        for number, row in enumerate(self._rows(name)):
            if row[src] != row[dst]:  # what joins a thing to itself is quarantined
                found[row[src]].append((row[dst], _us(row["createTime"]), _fen(row[amount]) if amount else 0, number))
        return found


_EDGES = {
    "transfer": ("AccountTransferAccount", "fromId", "toId", "amount"),
    "withdraw": ("AccountWithdrawAccount", "fromId", "toId", "amount"),
    "deposit": ("LoanDepositAccount", "loanId", "accountId", "amount"),
    "repay": ("AccountRepayLoan", "accountId", "loanId", "amount"),
    "sign": ("MediumSignInAccount", "mediumId", "accountId", ""),
    "invest": ("PersonInvestCompany", "investorId", "companyId", ""),
    "guarantee": ("PersonGuaranteePerson", "fromId", "toId", ""),
}


def _turned(edges: dict[str, list[tuple[str, int, int, int]]]) -> dict[str, list[tuple[str, int, int, int]]]:
    found: dict[str, list[tuple[str, int, int, int]]] = defaultdict(list)
    for src, each in edges.items():
        for dst, *rest in each:
            found[dst].append((src, *rest))  # type: ignore[arg-type]
    return found
