"""Which columns name a record, of which type, and in whose numbers: by header, by check digits, by declared keys, by shared values.

A *master* is a source whose rows are the records of a type, one key column unlike in most rows. A column of another source whose
values lie in a master's key is a reference to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import polars as pl

from graph.ontology import EntityType, Ontology
from ingest.propose.guesses import LIKELY
from ingest.propose.lexicon import lexicon
from ingest.propose.look import Look
from ingest.propose.profile import Profile
from ingest.propose.scoring import assign, slots_of
from ingest.propose.words import best_likeness, read_header, words_of

_CODED = 0.9
_MOSTLY = 0.8
_FEW_HITS = 5


@dataclass(frozen=True)
class Reference:
    """A column as the key of a record of `type`; `source` hands out the numbers (empty: the manifest's default)."""

    type: str
    strength: float
    source: str
    personal: str
    why: str
    split: bool = False  # only some of the rows: others name another type
    keys: frozenset[str] = frozenset()  # of a split: the master's


@dataclass(frozen=True, eq=False)
class Master:
    """A source that tells of a type's records, with the values of its key."""

    type: str
    look: Look
    column: str
    source: str
    values: frozenset[str]
    score: float

    @cached_property
    def seen(self) -> float:
        """The share of the source's rows that was looked at."""
        return min(1.0, self.look.frame.height / max(self.look.rows, 1))


def name_fit(look: Look, terms: Sequence[str]) -> float:
    """How far the source's own name is one of the terms; below 0.4 counts for nothing, 1 is the very term."""
    parts = {look.words, *look.words.split(), *_between_names(look.words)}
    best = max(best_likeness(part, terms)[0] for part in parts)
    return max(0.0, (best - 0.4) / 0.6)


@cache
def _between_names(words: str) -> tuple[str, ...]:
    """`AccountRepayLoan` says of two named types that one does something to the other: `repay`."""
    things = {words_of(term) for terms in lexicon().keys for term in lexicon().names[terms] if term.isascii()}
    inner = list(words_of(words)) if words.isascii() else []
    while len(inner) > 1 and (inner[0],) in things:
        inner.pop(0)
    while len(inner) > 1 and (inner[-1],) in things:
        inner.pop()
    return (" ".join(inner),) if inner else ()


def named_types(look: Look, ontology: Ontology) -> list[str]:
    """Entity types that the words of an English name name, in order: `CompanyOwnAccount` is Firm, Account."""
    meant = {
        words_of(term): name for name, kind in ontology.entities.items() for term in lexicon().names_of(kind) if term.isascii()
    }
    return [meant[(word,)] for word in words_of(look.words) if (word,) in meant]


def references_by_look(profile: Profile, ontology: Ontology) -> dict[str, Reference]:
    """What a column may name by its header and its codes alone."""
    if profile.uscc >= _CODED and "Firm" in ontology.entities:
        return {"Firm": Reference("Firm", 0.95, "uscc", "", "credit codes, check digits valid")}
    if profile.identity >= _CODED and "Person" in ontology.entities:
        return {"Person": Reference("Person", 0.95, "id_number", "id_number", "identity numbers, check digits valid")}
    found = {}
    for name, kind in ontology.entities.items():
        fit, term = best_likeness(profile.header.text, lexicon().keys_of(kind))
        if fit >= LIKELY and _may_be_key(profile, kind):
            personal = "value" if name == "Contact" else ""
            found[name] = Reference(name, 0.9 * fit, "", personal, f"header ~ {term} {fit:.2f}")
    return found


def _may_be_key(profile: Profile, kind: EntityType) -> bool:
    if not len(profile.values) or profile.dates or profile.percent or profile.header.unit or profile.flags > 0.9:
        return False
    if profile.distinct_count < min(_FEW_HITS, 0.2 * profile.height):
        return False
    return kind.name == "Contact" or profile.code_like >= 0.8


def find_masters(
    looks: Mapping[int, tuple[Look, dict[str, Profile]]], ontology: Ontology, source_of: Mapping[int, str]
) -> list[Master]:
    """Per source at most one: the entity type whose key, properties and name it fits best."""
    masters = []
    for place, (look, profiles) in looks.items():
        best: tuple[float, Master] | None = None
        refs = {name: references_by_look(profile, ontology) for name, profile in profiles.items()}
        for name, kind in ontology.entities.items():
            for column, ref in ((c, r[name]) for c, r in refs.items() if name in r and profiles[c].unique > 0.5):
                total = _master_score(look, profiles, kind, column, ref)
                if total >= 1.6 and (best is None or total > best[0]):
                    key_values = frozenset(profiles[column].values.unique().to_list())
                    best = total, Master(name, look, column, ref.source or source_of[place], key_values, total)
        if best:
            masters.append(best[1])
    return masters


def _master_score(look: Look, profiles: dict[str, Profile], kind: EntityType, column: str, ref: Reference) -> float:
    rest = [profile for name, profile in profiles.items() if name != column]
    props = assign(rest, slots_of(kind))
    coded = ref.source in kind.identifiers or ref.source == "uscc"
    own = -0.2 if coded else 0.0  # a number of the system's own is the key before an official code is
    declared = 0.5 if column in look.keys else 0.0
    return (
        1.2 * name_fit(look, lexicon().names_of(kind))
        + ref.strength * profiles[column].unique
        + sum(g.score for g in props.values()) * 0.6
        + own
        + declared
    )


def join_references(
    profile: Profile, own: dict[str, Reference], masters: Sequence[Master], order: Sequence[str], link: tuple[str, str] | None
) -> dict[str, Reference]:
    """What a column names once the masters' keys are known.

    `order`: types that the source's own name names. `link`: table and column that a declared foreign key leads to.
    """
    if any(reference.source for reference in own.values()) or not len(profile.values):
        return own
    if link and (target := next((m for m in masters if m.look.table and m.look.table.table == link[0]), None)):
        return {target.type: Reference(target.type, 1.0, target.source, "", f"foreign key to {link[0]}")}
    shares = {master: _contained(profile, master) for master in masters if _joinable(profile, master)}
    joined = dict(own)
    for master, share in shares.items():
        said = own.get(master.type)
        named = 0.15 if master.type in order else 0.0
        if share >= _MOSTLY and (said or named or _telling(profile, master)):
            strength = min(1.0, 0.35 + 0.4 * share + named + 0.25 * (said.strength if said else 0))
            why = f"{share:.0%} of its values are keys of {master.look.label}"
            if master.type not in joined or strength >= joined[master.type].strength or not joined[master.type].source:
                joined[master.type] = Reference(master.type, max(strength, said.strength if said else 0), master.source, "", why)
    return _settled(joined, own, shares)


def _settled(joined: dict[str, Reference], own: dict[str, Reference], shares: Mapping[Master, float]) -> dict[str, Reference]:
    """Types whose masters do not hold the values fall back; values divided between the masters of two types are a split."""
    best: dict[str, tuple[float, Master]] = {}
    for master, share in shares.items():
        if master.type in own and share > best.get(master.type, (0.0, None))[0]:
            best[master.type] = (share, master)
    parts = {kind: found for kind, found in best.items() if 0.02 < found[0] < 0.98}
    if len(parts) > 1 and sum(share for share, _ in parts.values()) > 0.9:
        for kind, (share, master) in parts.items():
            why = f"{share:.0%} of its values are keys of {master.look.label}"
            joined[kind] = Reference(kind, 0.9, master.source, "", why, split=True, keys=master.values)
        return joined
    if any(reference.source for reference in joined.values()):
        return {k: r if r.source else Reference(k, 0.3 * r.strength, "", r.personal, r.why) for k, r in joined.items()}
    return joined


def _joinable(profile: Profile, master: Master) -> bool:
    return profile.code_like > 0.8 and not profile.dates and not (profile.numeric > 0.9 and not profile.whole)


def _contained(profile: Profile, master: Master) -> float:
    """The share of a column's distinct values among a master's keys, made up for keys that were not looked at."""
    hits = sum(value in master.values for value in profile.distinct)
    if hits < min(_FEW_HITS, len(profile.distinct)):
        return 0.0
    return min(1.0, hits / (len(profile.distinct) * master.seen))


def _telling(profile: Profile, master: Master) -> bool:
    """Shared values say something: not small numbers, which lie in any key."""
    return profile.numeric < 0.5 or float(profile.numbers.median() or 0) > 1e5  # type: ignore[arg-type]


def role_fit(header: str, src: Sequence[str], dst: Sequence[str]) -> int:
    """1 where the header says one end, -1 where it says the other, 0 where neither."""
    return _says(header, src) - _says(header, dst) if _says(header, src) * _says(header, dst) == 0 else _longer(header, src, dst)


def _says(header: str, terms: Sequence[str]) -> int:
    return int(_longest(header, terms) > 0)


def _longer(header: str, src: Sequence[str], dst: Sequence[str]) -> int:
    one, other = _longest(header, src), _longest(header, dst)
    return (one > other) - (one < other)


def _longest(header: str, terms: Sequence[str]) -> float:
    """The length of the longest of the terms that stands in the header, as words, as characters, or as pinyin of a part."""
    read = read_header(header)
    best = 0.0
    for term in terms:
        if read.chinese:
            inside = term in read.plain
        elif term.isascii():
            inside = set(words_of(term)) <= set(read.words)
        else:
            inside = any(best_likeness(part, [term])[0] >= 0.82 for part in read.plain.split("_") if len(part) > 1)
        best = max(best, float(len(term))) if inside else best
    return best


def keys_hold(frame: pl.DataFrame, key: str, column: str) -> float:
    """How far a column hangs on a key: 1 where each key has one value, falling as values for each key grow."""
    rows = frame.select(key, column).filter((pl.col(key) != "") & (pl.col(column) != ""))
    if rows.is_empty():
        return 1.0
    return rows[key].n_unique() / rows.unique().height
