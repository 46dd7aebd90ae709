"""A manifest held against the ontology: every yield resolved and checked before a single row is read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from graph.errors import InputError
from graph.ledger.schema import properties_of
from graph.ontology import EntityType, FactType, Kind, Lasting, LedgerType, Ontology, Property, RelationType
from ingest.clean import FLAGS, MONEY_UNITS, NUMBER_UNITS, default_unit
from ingest.manifest import (
    DateForm,
    Defaults,
    End,
    EntityYield,
    FactYield,
    Manifest,
    RelationYield,
    SourceFile,
    Unit,
    Value,
    Yield,
)

_TYPED = (DateForm.ISO, DateForm.ISO_TIME)  # how workbooks, Parquet files and databases hand on their own days


@dataclass(frozen=True)
class Field:
    """One value of a record: what it is to be, and where it comes from."""

    name: str
    kind: Kind
    value: Value
    unit: Unit
    dates: tuple[DateForm, ...]
    choices: tuple[str, ...] = ()
    required: bool = False
    personal: bool = False
    check: str = ""


@dataclass(frozen=True)
class EndPlan:
    """A record that each row names. `role` is the ledger's column: id (the entity itself), src, dst or subject."""

    role: Literal["id", "src", "dst", "subject"]
    type: str
    source: str
    key: tuple[str, ...]
    personal: str = ""

    @property
    def check(self) -> str:
        """The check digit scheme of a source whose key is an official code."""
        return self.source if self.source in ("uscc", "lei") else ""


@dataclass(frozen=True)
class YieldPlan:
    """What one yield makes of each row."""

    spec: Yield
    kind: LedgerType
    ends: tuple[EndPlan, ...]
    fields: tuple[Field, ...]
    valid_from: Field | None
    valid_to: Field | None
    recorded_at: Field | None
    currency: Field | None
    identity: tuple[str, ...]
    counted: bool  # equal rows are kept, told apart by an occurrence number

    @property
    def type_name(self) -> str:
        return self.kind.name

    @property
    def key_column(self) -> str:
        """The first column of what identifies a row: it stands for the row where nothing nearer does."""
        return (self.identity or self.ends[0].key)[0]

    @property
    def day_column(self) -> str:
        """Where the end is told; where that is constant, the beginning."""
        told = (field.value.column for field in (self.valid_to, self.valid_from) if field is not None)
        return next(filter(None, told), self.key_column)


def plan_file(manifest: Manifest, index: int, ontology: Ontology) -> tuple[YieldPlan, ...]:
    """The yields of the manifest's `index`-th file. InputError names the place in the manifest."""
    spec = manifest.files[index]
    plans = []
    for number, each in enumerate(spec.yields):
        planner = _Planner(ontology, manifest.defaults, f"files.{index}.yields.{number}", spec.typed)
        plans.append(planner.plan(each))
    _check_personal(spec, plans, f"files.{index}")
    return tuple(plans)


@dataclass(frozen=True)
class _Planner:
    ontology: Ontology
    defaults: Defaults
    where: str
    typed: bool

    def plan(self, spec: Yield) -> YieldPlan:
        kind = self._kind(spec)
        money = any(p.kind is Kind.MONEY for p in kind.properties)
        clock = kind.lasting is Lasting.HAPPENING or isinstance(kind, FactType)
        if clock and spec.valid_from is None:
            raise self._wrong("valid_from", f"{kind.name} happens on a day.", "Say which column is valid_from.")
        if spec.close and spec.valid_to is None:
            raise self._wrong("close", "a row that closes must say when.", "Give valid_to.")
        return YieldPlan(
            spec=spec,
            kind=kind,
            ends=tuple(self._ends(spec, kind)),
            fields=tuple(self._fields(spec, kind)),
            valid_from=self._clock("valid_from", spec.valid_from, Kind.DAY, required=clock),
            valid_to=self._clock("valid_to", spec.valid_to, Kind.DAY),
            recorded_at=self._clock("recorded_at", spec.recorded_at, Kind.INSTANT),
            currency=self._currency(spec) if money else None,
            identity=() if isinstance(spec, EntityYield) else tuple(spec.key or spec.identify_by or ()),
            counted=not isinstance(spec, EntityYield) and spec.identify_by is not None,
        )

    def _kind(self, spec: Yield) -> LedgerType:
        match spec:
            case EntityYield():
                name, group, known = spec.entity, "entity", sorted(self.ontology.entities)
            case RelationYield():
                name, group, known = spec.relation, "relation", sorted(self.ontology.relations)
            case FactYield():
                name, group, known = spec.fact, "fact", sorted(self.ontology.facts)
        if name not in known:
            raise self._wrong(group, f"the ontology has no {group} '{name}'.", f"Declare it, or take one of {', '.join(known)}.")
        return self.ontology.get(name)

    def _ends(self, spec: Yield, kind: LedgerType) -> Iterator[EndPlan]:
        match spec, kind:
            case EntityYield(), EntityType():
                yield EndPlan("id", kind.name, self._source(spec.source, "source"), spec.key, spec.personal)
            case RelationYield(), RelationType():
                pair = (spec.src.type, spec.dst.type)
                if pair not in kind.ends:
                    raise self._wrong("src", f"{kind.name} does not join {pair[0]} to {pair[1]}.", f"It joins {list(kind.ends)}.")
                yield self._end("src", spec.src)
                yield self._end("dst", spec.dst)
            case FactYield(), FactType():
                if spec.subject.type not in kind.subject:
                    raise self._wrong(
                        "subject", f"{kind.name} is not about {spec.subject.type}.", f"It is about {list(kind.subject)}."
                    )
                yield self._end("subject", spec.subject)

    def _end(self, role: Literal["src", "dst", "subject"], end: End) -> EndPlan:
        secret = {p.name for p in self.ontology.get(end.type).properties if p.personal}
        if end.source in secret and not end.personal:
            raise self._wrong(
                role, f"{end.source} of a {end.type} is personal, yet a key holds it openly.", f"Add personal: {end.source}."
            )
        return EndPlan(role, end.type, self._source(end.source, role), end.key, end.personal)

    def _source(self, source: str, field: str) -> str:
        if not (source or self.defaults.source):
            raise self._wrong(field, "which system hands out the key is not said.", "Give source, or defaults.source.")
        return source or self.defaults.source

    def _fields(self, spec: Yield, kind: LedgerType) -> Iterator[Field]:
        known = {p.name: p for p in kind.properties}
        for name, value in spec.properties.items():
            if name not in known:
                raise self._wrong(
                    f"properties.{name}", f"{kind.name} has no such property.", f"It has {', '.join(known) or 'none'}."
                )
            yield self._field(known[name], value)
        missing = [p.name for p in kind.properties if p.required and p.name not in spec.properties]
        if missing:
            raise self._wrong("properties", f"{kind.name} needs {missing[0]}.", "Map a column to it.")

    def _field(self, prop: Property, value: Value) -> Field:
        unit = value.unit or default_unit(prop.kind, self.defaults.money_unit, self.defaults.share_unit)
        units: dict[Kind, set[Unit]] = {Kind.MONEY: set(MONEY_UNITS), Kind.SHARE: set(NUMBER_UNITS), Kind.NUMBER: set(NUMBER_UNITS)}
        allowed = units.get(prop.kind, {Unit.ONE})
        where = f"properties.{prop.name}"
        if unit not in allowed:
            raise self._wrong(where, f"unit {unit} does not fit kind {prop.kind}.", f"Take one of {', '.join(sorted(allowed))}.")
        meant = {*value.values.values(), *(case.then for case in value.cases)} - {""}
        closed: dict[Kind, set[str]] = {Kind.CHOICE: set(prop.values), Kind.FLAG: set(FLAGS)}
        known = closed.get(prop.kind, meant)
        if meant - known:
            raise self._wrong(where, f"'{min(meant - known)}' is no value of it.", f"Its values are {', '.join(sorted(known))}.")
        dates = self._dates(value)
        return Field(prop.name, prop.kind, value, unit, dates, prop.values, prop.required, prop.personal, prop.check)

    def _clock(self, name: str, value: Value | None, kind: Kind, *, required: bool = False) -> Field | None:
        return Field(name, kind, value, Unit.ONE, self._dates(value), required=required) if value else None

    def _currency(self, spec: Yield) -> Field:
        value = spec.currency or Value(constant=self.defaults.currency)
        return Field("currency", Kind.TEXT, value, Unit.ONE, ())

    def _dates(self, value: Value) -> tuple[DateForm, ...]:
        declared = value.dates or self.defaults.dates
        extra = _TYPED if self.typed else ()
        own = (DateForm.ISO,) if value.constant is not None or value.values or value.cases else ()
        return tuple(dict.fromkeys((*declared, *extra, *own)))

    def _wrong(self, field: str, message: str, fix: str) -> InputError:
        place = f"{self.where}.{field}"
        return InputError(f"manifest: {place}: {message}", fix, place)


def personal_columns(plans: Sequence[YieldPlan]) -> dict[str, str]:
    """Columns that hold personal values, and of which kind."""
    found: dict[str, str] = {}
    for plan in plans:
        found |= {column: field.name for field in plan.fields if field.personal for column in field.value.columns}
        found |= {column: end.personal for end in plan.ends if end.personal for column in end.key}
    return found


def _check_personal(spec: SourceFile, plans: Sequence[YieldPlan], where: str) -> None:
    secret = personal_columns(plans)
    for plan in plans:
        open_keys: set[str] = {column for end in plan.ends if not end.personal for column in end.key}
        open_fields = {field.value.column for field in plan.fields if not field.personal}
        for spilt, holder, fix in (
            (open_keys & secret.keys(), "a key", "Add personal: {} to the record whose key it is."),
            (open_fields & secret.keys(), f"a property of {plan.type_name}", "Map it to the personal property {} only."),
        ):
            for column in sorted(spilt):
                said = f"manifest: {where}: column {column} of {spec.path} is personal, yet {holder} holds it openly."
                raise InputError(said, fix.format(secret[column]), where)


def columns_of(kind: LedgerType) -> list[tuple[str, str]]:
    """Property columns of a type with their DuckDB types, in ledger order."""
    names = {"string": "VARCHAR", "int64": "BIGINT", "double": "DOUBLE", "bool": "BOOLEAN", "date32[day]": "DATE"}
    return [(f.name, names[str(f.type)]) for f in properties_of(kind)]
