"""What answers about firms have in common on the wire: parties by name, sentences in two languages, the rows behind relations."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from alerts.said import Sentence
from api.firms import row_of
from api.rows import RowReader
from api.wire.common import Row
from api.wire.control import Party
from graph.projection import label_of


def party_of(names: Mapping[str, str], entity: str) -> Party:
    """An entity as it is called; one that has no name by its id."""
    return Party(id=entity, kind=label_of(entity), name=names.get(entity) or entity)


def sentence(said: tuple[str, str]) -> Sentence:
    """Chinese and English."""
    return Sentence(zh=said[0], en=said[1])


def relation_rows(reader: RowReader, told: Iterable[tuple[str, str]]) -> dict[str, Row]:
    """The row that tells each relation (type, id) on the reader's day."""
    by_type: dict[str, set[str]] = defaultdict(set)
    for type_name, rel in told:
        by_type[type_name].add(rel)
    return {row["id"]: row_of(name, row) for name, rels in by_type.items() for row in reader.rows(name, "id", rels)}
