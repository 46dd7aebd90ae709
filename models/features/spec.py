"""The declared table of features, read from `table.yaml` and completed by what the ontology says."""

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict

from graph.ontology import EntityType, FactType, Kind, Ontology, Property, core_ontology
from models.exposures import Channel, channels_of
from models.targets.spec import DEFAULT, shipped_target

_HERE = files("models.features")
FIRM = "Firm"
ANY = "*"
NUMERIC = (Kind.INTEGER, Kind.NUMBER, Kind.MONEY, Kind.SHARE, Kind.FLAG)


class Family(StrEnum):
    """Own: of the firm alone. Relation: how it stands in relations. Neighbour: what others carry to it.

    Derived: what graph knowledge says of it. Note: of a loan note that falls due; no feature of firms.
    """

    OWN = "own"
    RELATION = "relation"
    NEIGHBOUR = "neighbour"
    DERIVED = "derived"
    NOTE = "note"


@dataclass(frozen=True)
class Feature:
    """One column: `sql` is an expression over the columns of `base`; `channel` is set for relation and neighbour features."""

    name: str
    family: Family
    base: str
    window: str
    unit: str
    sql: str
    zh: str
    en: str
    channel: str = ""
    carries: str = ""  # neighbour: the sender's own feature that is carried over
    then: str = ""  # of two steps: the channel of the second, `*` for any


class _Own(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    window: str
    unit: str
    sql: str
    zh: str
    en: str


class _Template(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    unit: str
    sql: str
    zh: str
    en: str
    carries: str = ""


class _Step(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    unit: str
    zh: str
    en: str


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    own: dict[str, tuple[_Own, ...]]
    relation: tuple[_Template, ...]
    neighbour: tuple[_Template, ...]
    trouble: str
    second: _Step
    paths: tuple[tuple[str, str], ...]
    path: _Step
    derived: tuple[_Own, ...]
    note: tuple[_Own, ...]


@cache
def _declared() -> _Table:
    return _Table.model_validate(yaml.safe_load((_HERE / "table.yaml").read_text("utf-8")))


@cache
def base_sql(name: str) -> str:
    """The query of one base, `:as_of` still in it."""
    return (_HERE / "bases" / f"{name}.sql").read_text("utf-8")


def own_bases() -> tuple[str, ...]:
    """The bases of own features, in the order of the table."""
    return tuple(_declared().own)


def features_of(ontology: Ontology) -> tuple[Feature, ...]:
    """Every feature there is under `ontology`: the declared ones and what a bank's additions bring by themselves."""
    table = _declared()
    own = [Feature(f.name, Family.OWN, base, f.window, f.unit, f.sql, f.zh, f.en) for base, rows in table.own.items() for f in rows]
    touching = [channel for channel in channels_of(ontology) if channel.touches_firm]
    relation = [_on_channel(t, c, Family.RELATION) for c in touching for t in table.relation if t.name not in c.without]
    neighbour = [_on_channel(t, c, Family.NEIGHBOUR) for c in touching if c.from_firm for t in table.neighbour]
    derived = [Feature(f.name, Family.DERIVED, "derived", f.window, f.unit, f.sql, f.zh, f.en) for f in table.derived]
    return (*own, *added_features(ontology), *relation, *neighbour, *_two_steps(touching), *derived)


def trouble_sql() -> str:
    """Trouble of a firm in one number, over the columns of own features."""
    return _declared().trouble


def _two_steps(touching: list[Channel]) -> list[Feature]:
    """Behind each channel between firms whatever lies there, and behind those of `paths` what they name."""
    table = _declared()
    between = {channel.name: channel for channel in touching if channel.from_firm}
    out = [_second(table.second, first, None) for first in between.values()]
    known = [(between[a], between[b]) for a, b in table.paths if a in between and b in between]
    return out + [_second(table.path, first, then) for first, then in known]


def _second(step: _Step, first: Channel, then: Channel | None) -> Feature:
    words = {"zh": first.zh, "en": first.en}
    words |= {"then_zh": then.zh, "then_en": then.en} if then else {}
    name = f"{first.name}.{step.name}" + (f".{then.name}" if then else "")
    said = step.unit, "", step.zh.format(**words), step.en.format(**words)
    return Feature(name, Family.NEIGHBOUR, "two steps", "latest", *said, first.name, "", then.name if then else ANY)


def note_features() -> tuple[Feature, ...]:
    """What is told of a loan note that falls due."""
    return tuple(Feature(f.name, Family.NOTE, "note", f.window, f.unit, f.sql, f.zh, f.en) for f in _declared().note)


def _on_channel(template: _Template, channel: Channel, family: Family) -> Feature:
    window = "365d" if channel.happening else "latest"
    zh, en = template.zh.format(zh=channel.zh), template.en.format(en=channel.en)
    name = f"{channel.name}.{template.name}"
    return Feature(name, family, "channel", window, template.unit, template.sql, zh, en, channel.name, template.carries)


def added_features(ontology: Ontology) -> tuple[Feature, ...]:
    """An own feature for each number, flag and choice value that a bank added to Firm or to facts about firms."""
    core = core_ontology()
    known = {p.name for p in core.entities[FIRM].properties}
    out = [f for p in ontology.entities[FIRM].properties if p.name not in known for f in _of_property(FIRM, p, "firm_added")]
    for name, kind in ontology.facts.items():
        before = {p.name for p in core.facts[name].properties} if name in core.facts else set()
        if FIRM in kind.subject:
            new = [p for p in kind.properties if p.name not in before]
            out += [f for p in new for f in _of_property(name, p, f"fact_{name}")]
    return tuple(out)


def _of_property(owner: str, prop: Property, base: str) -> list[Feature]:
    zh = prop.zh or prop.name
    if prop.kind in NUMERIC:
        sql = f'"{prop.name}"::DOUBLE'
        unit = "fen" if prop.kind is Kind.MONEY else str(prop.kind)
        return [Feature(f"{owner}.{prop.name}", Family.OWN, base, "latest", unit, sql, zh, prop.name)]
    if prop.kind is Kind.CHOICE:
        about = [(v, f"(\"{prop.name}\" = '{v}')", f"{zh}：{v}", f"{prop.name} is {v}") for v in prop.values]
        return [Feature(f"{owner}.{prop.name}={v}", Family.OWN, base, "latest", "flag", *said) for v, *said in about]
    return []


def added_bases(ontology: Ontology) -> dict[str, str]:
    """The query of each base that `added_features` reads."""
    out = {"firm_added": "SELECT id AS firm, * FROM Firm"}
    for name, kind in ontology.facts.items():
        if FIRM in kind.subject:
            out[f"fact_{name}"] = _newest(name)
    used = {f.base for f in added_features(ontology)}
    return {name: sql for name, sql in out.items() if name in used}


def _newest(fact: str) -> str:
    order = "PARTITION BY subject ORDER BY valid_from DESC, recorded_at DESC, id"
    return f"SELECT subject AS firm, * FROM \"{fact}\" WHERE subject_type = 'Firm' QUALIFY row_number() OVER ({order}) = 1"


def node_columns(kind: EntityType | FactType) -> list[tuple[str, str]]:
    """Name and SQL of what a node that is no firm brings: its numbers, flags and choices."""
    return [(f.name, f.sql) for p in kind.properties for f in _of_property(kind.name, p, kind.name)]


def version_of(features: tuple[Feature, ...]) -> str:
    """Twelve hex digits that change with any feature, base query or template, and with what a default is."""
    queries = (
        {base: base_sql(base) for base in ("channel", "derived", "standing", *own_bases())}
        | {"trouble": trouble_sql()}
        | {DEFAULT: shipped_target(DEFAULT).digest}
    )
    said = json.dumps([[asdict(f) for f in features], queries], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(said.encode()).hexdigest()[:12]


def note_version() -> str:
    """Six hex digits that change with any feature of loan notes."""
    said = json.dumps([[asdict(f) for f in note_features()], base_sql("note")], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(said.encode()).hexdigest()[:6]
