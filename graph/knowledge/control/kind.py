"""Control as a kind of knowledge: the whole book of a day."""

from collections.abc import Mapping

import pyarrow as pa

from graph.knowledge.control.assess import CONTROLLERS, DEADLOCKS, FINDINGS, OWNERS, STATUS, Assessment
from graph.knowledge.control.holdings import Told
from graph.knowledge.kind import Inputs, Kind, KnowledgeTable

READS = {
    "HOLDS_SHARES": ("src", "dst", "equity_share", "voting_share"),
    "ACTS_WITH": ("src", "dst"),
    "CONTROLS": ("src", "dst"),
    "SERVES_AS": ("src", "dst", "role"),
    "Firm": ("name", "uscc", "state_owned", "registered_capital_fen", "currency"),
}


def compute(inputs: Inputs) -> Mapping[str, pa.Table]:
    """The five tables of the book."""
    told = Told(*(inputs.read(name) for name in READS))
    return tables_of(Assessment(told))


def tables_of(found: Assessment) -> dict[str, pa.Table]:
    """By the names that the book keeps them under."""
    return {
        "controllers": found.controllers(),
        "control_status": found.status(),
        "control_deadlocks": found.deadlocks(),
        "beneficial_owners": found.owners(),
        "control_findings": found.findings(),
    }


CONTROL = Kind(
    name="control",
    zh="股权与控制",
    version="2",
    reads=READS,
    tables=(
        KnowledgeTable("controllers", CONTROLLERS, ("dst", "src")),
        KnowledgeTable("control_status", STATUS, ("firm",)),
        KnowledgeTable("control_deadlocks", DEADLOCKS, ("firm", "party")),
        KnowledgeTable("beneficial_owners", OWNERS, ("firm", "person")),
        KnowledgeTable("control_findings", FINDINGS, ("firm", "entity")),
    ),
    compute=compute,
)
