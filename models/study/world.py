"""One set of a study as arrays: entities, what is said of each, what happened to them, and what is between them on its day.

Nodes stand in one index space: the study's entities first (`size` of them), then other types that relations pass through.
Groups are no nodes: sharing one is belonging together. Nothing but the snapshot of the day is read, and the outcome apart from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graph.errors import InputError
from graph.ontology import FactType, Kind, Ontology, RelationType
from graph.ontology.types import DerivedRelation, Lasting, Property
from graph.snapshot import Snapshot
from models.study.spec import NUMBERS, Events, Set, Study, weight_of

Floats = NDArray[np.float64]
Index = NDArray[np.int64]

_DAYS = {"days": 1.0, "weeks": 7.0, "months": 365.25 / 12, "years": 365.25}
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Channel:
    """Relations of one type between two types of nodes, from `src` to `dst`; `weight` is NaN where none is told."""

    name: str
    src: Index
    dst: Index
    weight: Floats
    other: str  # the type that is not the entity; empty between entities


@dataclass(frozen=True)
class Group:
    """Who belongs to what: entity and code of the group, one row a membership, none twice."""

    name: str
    member: Index
    code: Index
    count: int


@dataclass(frozen=True)
class Happened:
    """Facts of which an entity may have many; `codes`: by property, -1 where it says nothing, numbered as `words` are."""

    name: str
    entity: Index
    age_days: Floats
    codes: dict[str, Index]
    words: dict[str, tuple[str, ...]]
    amounts: dict[str, Floats]
    spec: Events


@dataclass(frozen=True)
class World:
    """`own`: [size, columns], NaN missing. `rows`: the entities asked about; `labels`: theirs, NaN where not known."""

    as_of: date
    ids: pa.Array
    keys: list[str]
    rows: Index
    labels: Floats
    own_names: tuple[str, ...]
    own: Floats
    happened: tuple[Happened, ...]
    channels: tuple[Channel, ...]
    groups: tuple[Group, ...]
    nodes: int

    @property
    def size(self) -> int:
        """How many entities, asked about or not."""
        return len(self.ids)


def read_world(study: Study, name: str, snapshot: Snapshot, later: Snapshot | None) -> World:
    """The set `name` as of its day. `later`: as of the day by which the outcome is known; None where it is not asked for.

    InputError where nobody is asked about.
    """
    reader = _Reader(study, snapshot)
    rows = reader.asked(name, study.sets.named()[name])
    labels = np.full(len(rows), np.nan)
    if later is not None:
        labels = outcomes(study, later, snapshot.as_of, reader.ids.take(pa.array(rows)))
    own_names, own = reader.own()
    channels, groups, nodes = reader.relations()
    return World(
        as_of=snapshot.as_of,
        ids=reader.ids,
        keys=reader.keys,
        rows=rows,
        labels=labels,
        own_names=own_names,
        own=own,
        happened=reader.happened(),
        channels=channels,
        groups=groups,
        nodes=nodes,
    )


def outcomes(study: Study, later: Snapshot, after: date, ids: pa.Array) -> Floats:
    """1, 0, or NaN (not known) for each of `ids`: what befell them after the day and is known on the later one."""
    target = study.target
    rows = later.read(target.fact)
    rows = rows.filter(pc.and_(pc.equal(rows["subject_type"], study.entity), pc.greater(rows["valid_from"], pa.scalar(after))))
    if not target.property:
        return np.asarray(pc.is_in(ids, value_set=rows["subject"].combine_chunks()), np.float64)
    rows = rows.filter(pc.is_valid(rows[target.property])).sort_by([("valid_from", "descending")])
    at = pc.index_in(ids, value_set=rows["subject"].combine_chunks())
    hit = pc.is_in(_text(rows[target.property]), value_set=pa.array(target.positive, pa.string()))
    return _floats(pc.take(pc.cast(hit, pa.float64()), at))


def outcomes_dated(study: Study, later: Snapshot) -> None:
    """InputError where nothing at all is known of the target by the last day, saying whether it is there at all."""
    rows = later.read(study.target.fact)
    found = pc.min_max(rows["valid_from"]).as_py() if rows.num_rows else None
    about = (
        f"its {rows.num_rows} facts are dated {found['min']} to {found['max']}"
        if found
        else f"the ledger has none by {later.as_of}"
    )
    fix = "Date the outcome (valid_from, recorded_at) after the set's as_of and not after its outcome_by."
    raise InputError(f"No set has an outcome of {study.target.fact}: {about}.", fix, "target")


def resolved(study: Study, snapshots: Sequence[Snapshot]) -> Study:
    """The same with `own` said: facts of which no entity has two on any of the days, and that are no events."""
    if study.own is not None:
        return study
    single: list[str] | None = None
    for snapshot in snapshots:
        found = []
        for name, kind in snapshot.ontology.facts.items():
            if study.entity not in kind.subject or study.hidden(name) or name in study.events or kind.lasting is Lasting.HAPPENING:
                continue
            rows = snapshot.read(name)
            rows = rows.filter(pc.equal(rows["subject_type"], study.entity))
            if rows.num_rows == pc.count_distinct(rows["subject"]).as_py():
                found.append(name)
        single = found if single is None else [n for n in single if n in found]
    return study.model_copy(update={"own": tuple(single or ())})


class _Reader:
    def __init__(self, study: Study, snapshot: Snapshot) -> None:
        self.study, self.snapshot = study, snapshot
        self.ontology: Ontology = snapshot.ontology
        self.kind = self.ontology.entities[study.entity]
        self._facts: dict[str, pa.Table] = {}
        self._relations: dict[str, pa.Table] = {}
        self.table = self._present(snapshot.read(study.entity).sort_by("id"))
        self.ids: pa.Array = self.table["id"].combine_chunks()
        self.keys: list[str] = self.table["key"].to_pylist()

    def _present(self, table: pa.Table) -> pa.Table:
        """Entities that may be asked about, or that stand in a relation on the day: those long gone would only blur the means."""
        ends = (
            [self._about(self.study.population)["subject"]]
            if self.study.population
            else [table.filter(pc.invert(table["stub"]))["id"]]
        )
        for name in self._kinds():
            rows = self._read(name)
            ends += [rows.filter(pc.equal(rows[f"{end}_type"], self.study.entity))[end] for end in ("src", "dst")]
        there = pa.chunked_array([chunk for end in ends for chunk in end.chunks], pa.string())
        return table.filter(pc.is_in(table["id"], value_set=pc.unique(there)))

    def _kinds(self) -> dict[str, tuple[tuple[str, str], ...]]:
        """The relation types that touch the entity, with the ends that are to be seen."""
        out = {}
        for name, kind in self.ontology.relations.items():
            seen = tuple(e for e in kind.ends if self.study.entity in e and not any(self.study.hidden(end) for end in e))
            if seen and not isinstance(kind, DerivedRelation) and not self.study.hidden(name):
                out[name] = seen
        return out

    def _read(self, name: str) -> pa.Table:
        if name not in self._relations:
            self._relations[name] = self.snapshot.read(name)
        return self._relations[name]

    def asked(self, name: str, about: Set) -> Index:
        """Positions of the entities of one set."""
        if self.study.population:
            wanted = np.asarray(pc.is_in(self.ids, value_set=self._about(self.study.population)["subject"].combine_chunks()))
        else:
            wanted = ~np.asarray(self.table["stub"])
        if about.where:
            owner, column = self.study.located(about.where.property)
            wanted = wanted & np.asarray(pc.fill_null(pc.equal(self._told(owner, column), about.where.equals), False))
        if not wanted.any():
            whose = f" with {about.where.property} = {about.where.equals}" if about.where else ""
            known = f"a fact {self.study.population}" if self.study.population else "a row of its own"
            raise InputError(
                f"The {name} set is empty: on {self.snapshot.as_of} no {self.study.entity}{whose} has {known}.",
                "See that the manifest's valid_from and recorded_at are not later than as_of.",
                f"sets.{name}",
            )
        return np.flatnonzero(wanted)

    def own(self) -> tuple[tuple[str, ...], Floats]:
        """Numbers, flags, days and choices of the entity and of its single facts."""
        names, columns = [], []
        for owner, properties in [
            (self.study.entity, self.kind.properties),
            *((n, self._kind(n).properties) for n in self._single()),
        ]:
            for prop in properties:
                if self.study.hidden(owner, prop.name):
                    continue
                for said, values in self._columns(owner, prop):
                    names.append(said)
                    columns.append(values)
        return tuple(names), np.column_stack(columns) if columns else np.empty((len(self.ids), 0))

    def happened(self) -> tuple[Happened, ...]:
        """Facts of which an entity may have many, as of the day."""
        out = []
        for name in self._facts_about():
            if name in self._single() or name == self.study.population:
                continue
            spec, kind, rows = self.study.events.get(name, Events()), self._kind(name), self._about(name)
            entity = self._place(rows["subject"])
            rows, entity = rows.filter(pa.array(entity >= 0)), entity[entity >= 0]
            spoken = [p for p in kind.properties if p.kind in (Kind.CHOICE, Kind.FLAG) and not self.study.hidden(name, p.name)]
            wanted = {b for by in spec.by or () for b in ((by,) if isinstance(by, str) else by)} or {p.name for p in spoken}
            words = {p.name: p.values or ("true", "false") for p in kind.properties if p.name in wanted}
            words = {n: w if w != ("true", "false") or self._is_flag(kind, n) else _words(rows[n]) for n, w in words.items()}
            codes = {n: _place_in(_text(rows[n]), pa.array(w, pa.string())) for n, w in words.items()}
            money = {p.name: _floats(rows[p.name]) / 100 for p in kind.properties if p.kind is Kind.MONEY}
            out.append(Happened(name, entity, self._age(name, spec, rows), codes, words, money, spec))
        return tuple(out)

    def relations(self) -> tuple[tuple[Channel, ...], tuple[Group, ...], int]:
        """Channels, groups, and how many nodes there are."""
        groups: list[Group] = []
        grouped = {g for g in self.study.groups if "." not in g}
        nodes: dict[str, pa.Array] = {}
        found = []
        for name, ends in self._kinds().items():
            kind, rows = self.ontology.relations[name], self._read(name)
            for src, dst in ends:
                part = rows.filter(pc.and_(pc.equal(rows["src_type"], src), pc.equal(rows["dst_type"], dst)))
                other = dst if src == self.study.entity else src
                if other in grouped:
                    side = ("src", "dst") if other == dst else ("dst", "src")
                    groups += self._group(name, part[side[0]], part[side[1]])
                elif part.num_rows:
                    found.append((kind, (src, dst), part))
                    for end, column in ((src, "src"), (dst, "dst")):
                        if end != self.study.entity:
                            before = nodes.get(end, pa.array([], pa.string()))
                            nodes[end] = pc.unique(pa.concat_arrays([before, *part[column].chunks]))
        start = len(self.ids)
        place: dict[str, tuple[int, pa.Array]] = {self.study.entity: (0, self.ids)}
        for end, ids in sorted(nodes.items()):
            place[end] = (start, ids.take(pc.sort_indices(ids)))
            start += len(ids)
        channels = [self._channel(*each, place) for each in found]
        for name in (g for g in self.study.groups if "." in g):
            owner, column = name.rsplit(".", 1)
            groups += self._group(name, self.ids, self._told(owner, column))
        return tuple(channels), tuple(groups), start

    def _channel(
        self, kind: RelationType, types: tuple[str, str], part: pa.Table, place: dict[str, tuple[int, pa.Array]]
    ) -> Channel:
        ends = []
        for end, column in zip(types, ("src", "dst"), strict=True):
            start, ids = place[end]
            at = _place_in(part[column], ids)
            ends.append(np.where(at >= 0, at + start, -1))
        known = (ends[0] >= 0) & (ends[1] >= 0)
        weighed = weight_of(kind)
        weight = _floats(part[weighed])[known] if weighed else np.full(int(known.sum()), np.nan)
        other = next((end for end in types if end != self.study.entity), "")
        said = kind.name if len(kind.ends) == 1 else f"{kind.name}:{types[0]}>{types[1]}"
        # Rows of one day come in no promised order; sums of floats must not depend on it.
        order = np.lexsort((weight, ends[1][known], ends[0][known]))
        return Channel(said, ends[0][known][order], ends[1][known][order], weight[order], other)

    def _group(self, name: str, members: pa.Array | pa.ChunkedArray, groups: pa.Array | pa.ChunkedArray) -> list[Group]:
        member, words = self._place(members), pc.unique(groups).drop_null()
        words = words.take(pc.sort_indices(words))
        code = _place_in(groups, words)
        known = (member >= 0) & (code >= 0)
        if not known.any():
            return []
        pairs = np.unique(np.column_stack([member[known], code[known]]), axis=0)
        return [Group(name, pairs[:, 0], pairs[:, 1], len(words))]

    def _columns(self, owner: str, prop: Property) -> list[tuple[str, Floats]]:
        said = f"{owner}.{prop.name}"
        if prop.kind in (*NUMBERS, Kind.FLAG):
            values = _floats(self._values(owner, prop.name))
            return [(said, values / 100 if prop.kind is Kind.MONEY else values)]
        if prop.kind is Kind.DAY:
            days = _floats(pc.cast(self._values(owner, prop.name), pa.int32()))
            return [(f"{said} days ago", (self.snapshot.as_of - _EPOCH).days - days)]
        if prop.kind is Kind.CHOICE:
            told = self._told(owner, prop.name)
            return [(f"{said}={v}", _floats(pc.cast(pc.equal(told, v), pa.float64()))) for v in prop.values]
        return []

    def _values(self, owner: str, column: str) -> pa.Array:
        """One value an entity, null where there is none; of a fact the newest state's."""
        if owner == self.study.entity:
            return self.table[column].combine_chunks()
        rows = self._about(owner).sort_by([("valid_from", "descending"), ("id", "ascending")])
        return pc.take(rows[column].combine_chunks(), pc.index_in(self.ids, value_set=rows["subject"].combine_chunks()))

    def _told(self, owner: str, column: str) -> pa.Array:
        return _text(self._values(owner, column))

    def _facts_about(self) -> list[str]:
        return [n for n, k in self.ontology.facts.items() if self.study.entity in k.subject and not self.study.hidden(n)]

    def _single(self) -> list[str]:
        """Facts that are features of their own; the others are events."""
        return list(self.study.own or ())

    def _about(self, name: str) -> pa.Table:
        if name not in self._facts:
            rows = self.snapshot.read(name)
            self._facts[name] = rows.filter(pc.equal(rows["subject_type"], self.study.entity))
        return self._facts[name]

    def _age(self, name: str, spec: Events, rows: pa.Table) -> Floats:
        if spec.age:
            told = _floats(rows[spec.age.property]) * _DAYS[spec.age.unit]
        else:
            told = (self.snapshot.as_of - _EPOCH).days - _floats(pc.cast(rows["valid_from"], pa.int32()))
        if (told < 0).any():
            where = f"events.{name}.age"
            raise InputError(
                f"{where}: an event lies {-told.min():.0f} days after the day.", "Ages count backwards from as_of.", where
            )
        return told

    def _kind(self, name: str) -> FactType:
        return self.ontology.facts[name]

    def _is_flag(self, kind: FactType, name: str) -> bool:
        return any(p.name == name and p.kind is Kind.FLAG for p in kind.properties)

    def _place(self, ids: pa.Array | pa.ChunkedArray) -> Index:
        return _place_in(ids, self.ids)


def _place_in(values: pa.Array | pa.ChunkedArray, words: pa.Array | pa.ChunkedArray) -> Index:
    """Position of each value among `words`, -1 where it is none of them."""
    if isinstance(words, pa.ChunkedArray):
        words = words.combine_chunks()
    found = pc.index_in(values, value_set=words)
    return np.asarray(pc.fill_null(found, -1).to_numpy(), np.int64)


def _words(values: pa.ChunkedArray) -> tuple[str, ...]:
    return tuple(sorted(pc.unique(_text(values)).drop_null().to_pylist()))


def _text(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    out = pc.cast(values, pa.string())
    return out.combine_chunks() if isinstance(out, pa.ChunkedArray) else out


def _floats(values: pa.Array | pa.ChunkedArray) -> Floats:
    return (
        np.asarray(pc.cast(values, pa.float64()).to_numpy(zero_copy_only=False), np.float64)
        if isinstance(values, pa.Array)
        else np.asarray(pc.cast(values, pa.float64()).to_numpy(), np.float64)
    )
