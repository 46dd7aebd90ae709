"""The columns of every ledger table, derived from the ontology; the same names that docs/architecture.md explains."""

import pyarrow as pa

from graph.ontology import EntityType, FactType, Kind, LedgerType, Ontology, RelationType

ARROW_OF_KIND: dict[Kind, pa.DataType] = {
    Kind.TEXT: pa.string(),
    Kind.CHOICE: pa.string(),
    Kind.INTEGER: pa.int64(),
    Kind.NUMBER: pa.float64(),
    Kind.SHARE: pa.float64(),
    Kind.FLAG: pa.bool_(),
    Kind.DAY: pa.date32(),
    Kind.INSTANT: pa.int64(),
    Kind.MONEY: pa.int64(),
}

LINEAGE = [
    pa.field("feed", pa.string()),
    pa.field("batch", pa.string()),
    pa.field("attempt", pa.string()),
    pa.field("file", pa.string()),
    pa.field("sheet", pa.string()),
    pa.field("line", pa.int64()),
]

_VERSION = [
    pa.field("id", pa.string()),
    pa.field("valid_from", pa.date32()),
    pa.field("valid_to", pa.date32()),
    pa.field("recorded_at", pa.int64()),
    pa.field("action", pa.string()),
    pa.field("content", pa.string()),
]

BATCHES = pa.schema(
    [
        pa.field("batch", pa.string()),
        pa.field("attempt", pa.string()),
        pa.field("batch_seq", pa.int64()),
        pa.field("feed", pa.string()),
        pa.field("manifest", pa.string()),
        pa.field("manifest_version", pa.string()),
        pa.field("manifest_hash", pa.string()),
        pa.field("ontology_hash", pa.string()),
        pa.field("committed_at", pa.int64()),
        pa.field("backfill", pa.bool_()),
        pa.field("summary", pa.string()),
    ]
)

IDENTITY = pa.schema(
    [
        pa.field("record", pa.string()),
        pa.field("entity", pa.string()),
        pa.field("entity_type", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("evidence", pa.string()),
        pa.field("recorded_at", pa.int64()),
        pa.field("batch", pa.string()),
        pa.field("attempt", pa.string()),
    ]
)


BATCH_SEQ = pa.field("batch_seq", pa.int64())  # what readers see beside the columns of a table


def properties_of(kind: LedgerType) -> list[pa.Field]:
    """The property columns of a type, `currency` last where there is money."""
    fields = [pa.field(p.name, ARROW_OF_KIND[p.kind]) for p in kind.properties]
    if any(p.kind is Kind.MONEY for p in kind.properties):
        fields.append(pa.field("currency", pa.string()))
    return fields


def ledger_schema(ontology: Ontology, type_name: str) -> pa.Schema:
    """The Arrow schema of one type's ledger table."""
    return schema_of(ontology.get(type_name))


def schema_of(kind: LedgerType) -> pa.Schema:
    """The same for a type at hand."""
    return pa.schema(_VERSION + ends_of(kind) + properties_of(kind) + LINEAGE)


def ends_of(kind: LedgerType) -> list[pa.Field]:
    """What a row of this type is about: the record it names, its two ends, or its subject."""
    match kind:
        case EntityType():
            return [pa.field("stub", pa.bool_()), pa.field("source", pa.string()), pa.field("key", pa.string())]
        case RelationType():
            return [pa.field(name, pa.string()) for name in ("src_type", "src", "dst_type", "dst")]
        case FactType():
            return [pa.field(name, pa.string()) for name in ("subject_type", "subject")]


def content_columns(kind: LedgerType) -> list[str]:
    """The columns that say something: two rows equal in them are one version."""
    ends = ["stub"] if isinstance(kind, EntityType) else [f.name for f in ends_of(kind)]
    return ["action", "valid_to", *ends, *sorted(f.name for f in properties_of(kind))]
