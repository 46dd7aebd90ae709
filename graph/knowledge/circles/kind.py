"""Guarantee circles as a kind of knowledge: the whole book of a day, each circle called as it was the day before."""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from graph.knowledge.circles.assess import CALLS, CHAINS, CIRCLES, CUTS, GUARANTEES, MEMBERS, WITH, Assessment
from graph.knowledge.circles.told import READS, told_of
from graph.knowledge.kind import Inputs, Kind, KnowledgeTable
from graph.knowledge.lineage_of_sets import LINEAGE, SETS, Followed, follow

IDENTITIES = "guarantee_circle_identities"
PREFIX = "Circle-"


def compute(inputs: Inputs) -> Mapping[str, pa.Table]:
    """The tables of the book."""
    connection = inputs.snapshot.backend.con
    found = Assessment(told_of(connection, {name: inputs.sql(name) for name in READS}))
    return tables_of(found, inputs.before())


def tables_of(found: Assessment, before: pa.Table) -> dict[str, pa.Table]:
    """By the names that the book keeps them under; `before`: the identities of the last day."""
    sets = found.sets()
    followed = follow(before, sets, PREFIX)
    tables = {name: called(table, followed) for name, table in plain_tables(found).items()}
    tables[IDENTITIES] = sets.set_column(0, SETS.field("set"), followed.of(sets["set"]))
    tables["guarantee_circle_lineage"] = followed.lineage
    return tables


def plain_tables(found: Assessment) -> dict[str, pa.Table]:
    """The same without identities: circles are called by number."""
    return {
        "guarantee_circles": found.circles(),
        "guarantee_circle_members": found.members(),
        "guarantee_circle_guarantees": found.guarantees(),
        "guarantee_calls": found.calls(),
        "guarantee_cuts": found.cuts(),
        "guarantee_chains": found.chains(),
        "circle_with": found.together(),
    }


def called(table: pa.Table, followed: Followed) -> pa.Table:
    """Identities instead of numbers."""
    place = table.schema.get_field_index("circle")
    return table.set_column(place, table.schema.field(place), pc.cast(followed.of(table["circle"]), pa.string()))


CIRCLES_KIND = Kind(
    name="circles",
    zh="担保圈与担保链",
    version="2",
    reads=READS,
    tables=(
        KnowledgeTable("guarantee_circles", CIRCLES, ("circle",)),
        KnowledgeTable("guarantee_circle_members", MEMBERS, ("circle", "member")),
        KnowledgeTable("guarantee_circle_guarantees", GUARANTEES, ("circle",)),
        KnowledgeTable("guarantee_calls", CALLS, ("circle",)),
        KnowledgeTable("guarantee_cuts", CUTS, ("circle",)),
        KnowledgeTable("guarantee_chains", CHAINS, ("party",)),
        KnowledgeTable("circle_with", WITH, ("dst", "src")),
        KnowledgeTable(IDENTITIES, SETS, ("set", "member")),
        KnowledgeTable("guarantee_circle_lineage", LINEAGE, ("set", "other")),
    ),
    compute=compute,
    follows=IDENTITIES,
)
