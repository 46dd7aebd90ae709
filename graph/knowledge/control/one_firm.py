"""Who controls one firm, and its beneficial owners: the book's own algorithm over the part of the graph that decides it."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.knowledge.control.answer import BeneficialOwner, Chain, ControlAnswer, Controller, Finding, Link, Missing
from graph.knowledge.control.assess import DIGITS, Assessment
from graph.knowledge.control.chains import chains_to, links_of
from graph.knowledge.control.kind import CONTROL
from graph.knowledge.control.upward import Bounds, Upward, walk_upward
from graph.store import GraphReader, Moment

MOST_MISSING = 20

_POSTS = {"management", "legal_representative"}


def control_answer(reader: GraphReader, firm: str, when: Moment, bounds: Bounds | None = None) -> ControlAnswer:
    """Controllers with their chains, beneficial owners with their tests, what is untold, and what contradicts.

    NotFoundError for a firm of which nothing is known on that day.
    """
    upward = walk_upward(reader, firm, when, bounds or Bounds())
    found = Assessment(upward.told)
    rows = {name: _of_firm(table, firm) for name, table in _tables(found).items()}
    (status,) = rows["status"]
    wanted = {row["src"] for row in rows["controllers"]} | {row["person"] for row in rows["owners"]}
    chains = chains_to(firm, wanted, links_of(upward.told.holdings, "HOLDS_SHARES"))
    return ControlAnswer(
        firm=firm,
        when=when,
        version=CONTROL.version,
        **{name: status[name] for name in ("control", "owners", "known_equity", "known_votes", "unknown", "exempt")},
        controllers=_controllers(rows["controllers"], chains, links_of(upward.told.concert, "ACTS_WITH")),
        deadlocked=tuple(sorted(row["party"] for row in rows["deadlocks"])),
        beneficial_owners=_owners(rows["owners"], chains, upward, firm),
        missing=_missing(found, firm),
        findings=tuple(Finding(row["finding"], row["entity"], row["rel"]) for row in rows["findings"]),
        entities=upward.entities,
        complete=upward.complete,
        cuts=upward.cuts,
    )


def _tables(found: Assessment) -> dict[str, pa.Table]:
    return {
        "status": found.status(),
        "controllers": found.controllers().rename_columns({"dst": "firm"}),
        "deadlocks": found.deadlocks(),
        "owners": found.owners(),
        "findings": found.findings(),
    }


def _of_firm(table: pa.Table, firm: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.filter(pc.equal(table["firm"], firm)).to_pylist()
    return rows


def _controllers(rows: list[dict[str, Any]], chains: dict[str, tuple[Chain, ...]], concert: list[Link]) -> tuple[Controller, ...]:
    """The ultimate ones first, then by votes."""
    found = []
    for row in sorted(rows, key=lambda r: (not r["ultimate"], r["joint"], -r["votes"], r["src"])):
        one = row["src"]
        agreed = tuple(link for link in concert if one in {link.src, link.dst}) if row["joint"] else ()
        told = (row["votes"], row["interest"], row["ultimate"], row["joint"], row["state"])
        found.append(Controller(one, *told, chains=chains.get(one, ()), acts_with=agreed))
    return tuple(found)


def _owners(
    rows: list[dict[str, Any]], chains: dict[str, tuple[Chain, ...]], upward: Upward, firm: str
) -> tuple[BeneficialOwner, ...]:
    filed, posts = links_of(upward.told.filed, "CONTROLS"), links_of(upward.told.posts, "SERVES_AS")
    found = []
    for row in sorted(rows, key=lambda r: (r["tests"] in _POSTS, -r["interest"], -r["votes"], r["person"])):
        person, tests = row["person"], tuple(row["tests"].split(","))
        telling = posts if _POSTS & set(tests) else filed if "filed_control" in tests else []
        told_by = tuple(link for link in telling if (link.src, link.dst) == (person, firm))
        found.append(BeneficialOwner(person, row["interest"], row["votes"], tests, chains.get(person, ()), told_by))
    return tuple(found)


def _missing(found: Assessment, firm: str) -> tuple[Missing, ...]:
    """Firms above (the firm itself among them) whose holders are not all told, by what lies behind them."""
    gaps = np.flatnonzero(found.missing > 0)
    (number,) = found.holdings.number(pa.chunked_array([[firm]], pa.string()))
    behind = np.asarray(found.interests.ways(gaps)[:, [number]].todense()).ravel() * found.missing[gaps]
    order = [at for at in np.argsort(-behind, kind="stable") if behind[at] > 0][:MOST_MISSING]
    named = found.holdings.named(gaps[order]).to_pylist()
    told = zip(named, found.missing[gaps[order]].tolist(), behind[order].tolist(), strict=True)
    missing = tuple(Missing(one, round(untold, DIGITS), round(weight, DIGITS)) for one, untold, weight in told)
    own = round(1 - float(found.holdings.equity.known[number]), DIGITS)
    return (Missing(firm, own, 0.0), *missing) if found.holdings.state[number] and own > 0 else missing
