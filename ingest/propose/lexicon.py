"""The field terms of `lexicon.yaml`, joined with the names that an ontology itself gives."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from graph.ontology import LedgerType, Ontology, Property

_NUMBERS = ("号", "编号", "代码", "id", "number", "code")


@dataclass(frozen=True)
class Lexicon:
    """Terms by what they mean; every text as it stands in the file."""

    abbreviations: Mapping[str, str]
    units: Mapping[str, str]
    keep_out: tuple[str, ...]
    clocks: Mapping[str, tuple[str, ...]]
    currency: tuple[str, ...]
    row_number: tuple[str, ...]
    names: Mapping[str, tuple[str, ...]]
    keys: Mapping[str, tuple[str, ...]]
    common: Mapping[str, tuple[str, ...]]
    properties: Mapping[str, tuple[str, ...]]
    ends: Mapping[str, Mapping[str, tuple[str, ...]]]
    usual: Mapping[tuple[str, str], str]
    day_of: Mapping[str, Mapping[str, str]]
    happened: Mapping[str, tuple[str, ...]]
    choices: Mapping[str, tuple[str, ...]]
    undetermined: tuple[str, ...]

    def names_of(self, kind: LedgerType) -> tuple[str, ...]:
        """What a file or a header may call the type."""
        return (*self.names.get(kind.name, ()), kind.zh, kind.name)

    def keys_of(self, kind: LedgerType) -> tuple[str, ...]:
        """What the key column of an entity is called: listed, else made of its names."""
        made = tuple(
            f"{name}{'' if ending in '号编号代码' else ' '}{ending}" for name in (kind.zh, kind.name) for ending in _NUMBERS
        )
        return (*self.keys.get(kind.name, ()), *made)

    def terms_of(self, kind: LedgerType, prop: Property) -> tuple[str, ...]:
        """What a column holding the property is called; terms of this very type first."""
        own = self.properties.get(f"{kind.name}.{prop.name}", ())
        general = self.common.get(prop.name, ())
        return (*own, *general, prop.zh, _plain(prop.name))

    def words_of(self, prop: Property) -> dict[str, tuple[str, ...]]:
        """Per value of a choice: the words that mean it."""
        return {value: (value, value.replace("_", " "), *self.choices.get(value, ())) for value in prop.values}

    def every_term(self) -> Iterator[str]:
        """All terms there are, for the vocabulary that headers are cut by."""
        for group in (self.names, self.keys, self.common, self.properties, self.clocks, self.happened):
            for terms in group.values():
                yield from terms
        for ends in self.ends.values():
            for terms in ends.values():
                yield from terms
        yield from (*self.keep_out, *self.currency, *self.row_number)


def _plain(name: str) -> str:
    return name.removesuffix("_fen").replace("_", " ")


@cache
def lexicon() -> Lexicon:
    """The lexicon that Yujing ships with."""
    plain: dict[str, Any] = yaml.load(files("ingest.propose").joinpath("lexicon.yaml").read_text("utf-8"), yaml.BaseLoader)
    return Lexicon(
        abbreviations=plain["abbreviations"],
        units=plain["units"],
        keep_out=tuple(plain["keep_out"]),
        clocks=_tuples(plain["clocks"]),
        currency=tuple(plain["currency"]),
        row_number=tuple(plain["row_number"]),
        names={name: tuple(each["names"]) for name, each in plain["types"].items()},
        keys={name: tuple(each["keys"]) for name, each in plain["types"].items() if "keys" in each},
        common=_tuples(plain["common"]),
        properties=_tuples(plain["properties"]),
        ends={name: _tuples(each) for name, each in plain["ends"].items()},
        usual={(src, dst): relation for src, dst, relation in plain["usual"]},
        day_of=plain["day_of"],
        happened=_tuples(plain["happened"]),
        choices=_tuples(plain["choices"]),
        undetermined=tuple(plain["undetermined"]),
    )


def _tuples(plain: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(terms) for name, terms in plain.items()}


def unknown_terms(ontology: Ontology) -> list[str]:
    """Entries of the lexicon that name no type of the ontology (a test holds the shipped one to the core)."""
    known = lexicon()
    named = {*known.names, *known.keys, *(name.split(".")[0] for name in known.properties)}
    return sorted(named - ontology.types.keys())
