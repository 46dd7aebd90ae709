"""Exposure and limits as a kind of knowledge: the whole book of a day."""

from collections.abc import Mapping

import pyarrow as pa

from graph.knowledge.exposure import groups
from graph.knowledge.exposure.capital import capital_of
from graph.knowledge.exposure.rules import LimitSettings, limits_beside
from graph.knowledge.exposure.schemas import EXPOSURES, GROUP_EXPOSURES, GROUPS, INPUTS, ITEMS, LIMIT_USE
from graph.knowledge.exposure.work import Told, exposures_of
from graph.knowledge.kind import Inputs, Kind, KnowledgeTable
from graph.snapshot import Snapshot

READS = {
    **{name: tuple(column for column in schema.names if column != "id") for name, schema in INPUTS.items()},
    "HOLDS_SHARES": ("src", "dst", "equity_share", "voting_share"),
    "SERVES_AS": ("src", "dst"),
    "RelatedParty": ("subject",),
}


def compute(inputs: Inputs) -> Mapping[str, pa.Table]:
    """The five tables of the book."""
    settings = limits_beside(inputs.snapshot.ledger)
    rows = {name: inputs.read(name) for name in INPUTS}
    together = groups_of(inputs, settings, rows["CapitalFigure"])
    found = exposures_of(Told(rows, together, inputs.snapshot.as_of), settings)
    return {
        "exposure_groups": together,
        "exposure_items": found.items,
        "exposures": found.clients,
        "group_exposures": found.groups,
        "limit_use": found.limit_use,
    }


def groups_of(inputs: Inputs, settings: LimitSettings, capital: pa.Table) -> pa.Table:
    """Schema GROUPS, of the whole book."""
    controllers = inputs.knowledge("controllers")
    bank = capital_of(capital, inputs.snapshot.as_of).bank
    share = float(settings.related.holder_share)
    ties = inputs.read("HOLDS_SHARES"), inputs.read("SERVES_AS"), controllers
    of_bank = groups.related(bank, inputs.read("RelatedParty")["subject"].to_pylist(), ties, share)
    clients = groups.of_tables(inputs.knowledge("group_members"), inputs.knowledge("connected_clients"))
    return pa.concat_tables([clients, of_bank])


def _settings(snapshot: Snapshot) -> str:
    return limits_beside(snapshot.ledger).model_dump_json()


EXPOSURE = Kind(
    name="exposure",
    zh="风险暴露与限额",
    version="2",
    reads=READS,
    tables=(
        KnowledgeTable("exposure_groups", GROUPS, ("member", "group")),
        KnowledgeTable("exposure_items", ITEMS, ("client",)),
        KnowledgeTable("exposures", EXPOSURES, ("client",)),
        KnowledgeTable("group_exposures", GROUP_EXPOSURES, ("group",)),
        KnowledgeTable("limit_use", LIMIT_USE, ("subject",)),
    ),
    compute=compute,
    after=("control", "groups"),
    dated=True,
    histories=("CapitalFigure",),
    settings=_settings,
)
