"""What the rows of one source say: entities, relations and facts chosen one after the other, each for what it newly explains.

`gain = 1.5 · name + Σ new properties + 0.8 · Σ new ends + roles + usual + own − 0.8`: a further yield is taken only while its gain
is above a threshold, so a column is explained once, by what explains it best; a property or an end may serve several yields.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from graph.ontology import EntityType, FactType, Kind, LedgerType, Ontology, RelationType
from ingest.propose.guesses import EndGuess, FileDraft, PropertyGuess, YieldDraft
from ingest.propose.lexicon import lexicon
from ingest.propose.look import Look
from ingest.propose.profile import Profile
from ingest.propose.references import Reference, keys_hold, name_fit, named_types, role_fit
from ingest.propose.scoring import Slot, assign, describe, slots_of
from ingest.propose.words import best_likeness

_NAME, _END, _ROLE, _USUAL, _OWN, _COST = 1.5, 0.8, 0.5, 0.4, 0.4, 0.8
_ENOUGH = 0.35
_WEAKEST = 0.45
_MOST = 6
_ECHO = 0.15
_KEY_ALSO = frozenset({"number", "uscc", "lei", "id_number", "code", "value"})
_Refs = Mapping[str, Mapping[str, Reference]]


@dataclass(frozen=True)
class Rows:
    """One source with what its columns may name."""

    look: Look
    profiles: dict[str, Profile]
    references: _Refs
    ontology: Ontology
    default_source: str

    def choose(self) -> FileDraft:
        """The yields, most telling first."""
        draft = FileDraft(self.look, self.profiles)
        while len(draft.yields) < _MOST:
            told = {each.kind.name for each in draft.yields}
            best = max(self._hypotheses(draft.yields, told), key=lambda each: each[0], default=None)
            if best is None or best[0] < (_ENOUGH if draft.yields else 0.0):
                break
            draft.yields.append(best[1])
        _drop_echoes(draft)
        return draft

    def _hypotheses(self, taken: Sequence[YieldDraft], told: set[str]) -> Iterator[tuple[float, YieldDraft]]:
        for kind in self.ontology.types.values():
            if kind.name in told:
                continue
            bindings = self._bindings(kind, taken)
            scored = [(bonus, ends, self._properties(kind, ends)) for bonus, ends in bindings]
            for bonus, ends, properties in scored:
                yield self._gain(kind, bonus, ends, properties, taken)

    def _gain(
        self,
        kind: LedgerType,
        bonus: float,
        ends: dict[str, EndGuess],
        properties: dict[str, PropertyGuess],
        taken: Sequence[YieldDraft],
    ) -> tuple[float, YieldDraft]:
        known = {guess.column for each in taken for guess in each.properties.values()}
        named = {guess.column for each in taken for guess in each.ends.values()}
        name = name_fit(self.look, lexicon().names_of(kind))
        new = sum(
            self._worth(g, further=bool(taken)) for g in properties.values() if g.column not in known and g.column not in named
        )
        fresh = sum(g.score for g in ends.values() if g.column not in named and (g.column not in known or not taken))
        total = _NAME * name + new + _END * fresh + bonus - _COST
        if any(prop.required and prop.name not in properties for prop in kind.properties):
            total = -1.0
        if taken and (new + fresh < 0.5 or self._needless(kind, ends, taken)):
            total = -1.0
        why = f"source name {name:.2f}, {len(properties)} properties, gain {total:.2f}"
        return total, YieldDraft(kind, total, ends, properties, why)

    @staticmethod
    def _worth(guess: PropertyGuess, *, further: bool) -> float:
        """What a property explains: a day explains little of a further yield, the day of writing down little of any."""
        day = guess.prop.kind in (Kind.DAY, Kind.INSTANT)
        often = day and best_likeness(guess.column, lexicon().clocks["recorded_at"])[0] >= 0.75
        return 0.2 * guess.score if often else 0.45 * guess.score if day and further else guess.score

    def _needless(self, kind: LedgerType, ends: dict[str, EndGuess], taken: Sequence[YieldDraft]) -> bool:
        """A further entity that nothing in the row refers to; a further relation between what is related, or is one thing."""
        columns = {guess.column for guess in ends.values()}
        if isinstance(kind, EntityType):
            return not any(columns & {g.column for g in each.ends.values()} for each in taken)
        if not isinstance(kind, RelationType):
            return False
        related = any(columns == {g.column for g in each.ends.values()} for each in taken)
        same = any(
            "id" in each.ends and columns <= {each.ends["id"].column, *(g.column for g in each.properties.values())}
            for each in taken
        )
        return related or same

    def _properties(self, kind: LedgerType, ends: dict[str, EndGuess]) -> dict[str, PropertyGuess]:
        keys = {guess.column for guess in ends.values()}
        slots = slots_of(kind)
        doubt: dict[str, float] = {}
        if isinstance(kind, EntityType):
            key = ends["id"].column
            if self.profiles[key].unique < 0.6 and not self._versions(key):
                doubt = {name: _steep(keys_hold(self.look.frame, key, name)) for name in self.profiles if name != key}
        free = [profile for name, profile in self.profiles.items() if name not in keys]
        found = assign(free, slots, doubt)
        for name, guess in self._of_keys(kind, ends, slots).items():
            if name not in found or found[name].score < 0.9:
                found[name] = guess
        for slot in slots:
            if slot.prop.required and slot.prop.kind is Kind.DAY and slot.prop.name not in found and (day := self._only_day(found)):
                found[slot.prop.name] = describe(day, slot.prop, 0.6, "it needs a day, and this is the row's likeliest")
        return found

    def _only_day(self, taken: Mapping[str, PropertyGuess]) -> Profile | None:
        """The one day that is left, where there is no more than one."""
        used = {guess.column for guess in taken.values()}
        days = [profile for name, profile in self.profiles.items() if profile.dates and not profile.timed and name not in used]
        return days[0] if len(days) == 1 else None

    def _versions(self, key: str) -> bool:
        """The key and some day together tell the rows apart: they are the states of its records."""
        days = [name for name, profile in self.profiles.items() if profile.dates and not profile.timed]
        return any(self.look.frame.select(key, day).n_unique() >= 0.985 * self.look.frame.height for day in days)

    def _of_keys(self, kind: LedgerType, ends: dict[str, EndGuess], slots: Sequence[Slot]) -> dict[str, PropertyGuess]:
        """The entity's own key is also its number or code."""
        if not isinstance(kind, EntityType):
            return {}
        key = ends["id"]
        also = [
            slot
            for slot in slots
            if slot.prop.name in _KEY_ALSO
            and (not key.source or key.source not in ("uscc", "id_number") or slot.prop.name == key.source)
        ]
        return assign([self.profiles[key.column]], also)

    def _bindings(self, kind: LedgerType, taken: Sequence[YieldDraft]) -> list[tuple[float, dict[str, EndGuess]]]:
        match kind:
            case EntityType():
                return list(self._entity_keys(kind, first=not taken))
            case FactType():
                return [
                    (0.2 * role_fit(column, *_terms(kind.name)), {"subject": self._end(column, type_)})
                    for type_ in kind.subject
                    for column in self._naming(type_)
                ]
            case RelationType():
                found = [pair for ends in kind.ends for pair in self._pairs(kind, ends, taken)]
                return sorted(found, key=lambda each: -each[0] - sum(g.score for g in each[1].values()))[:3]

    def _entity_keys(self, kind: EntityType, *, first: bool) -> Iterator[tuple[float, dict[str, EndGuess]]]:
        ends = [self._end(column, kind.name) for column in self._naming(kind.name)]
        other = any(end.source not in kind.identifiers for end in ends)
        for end in ends:
            column, coded = end.column, other and end.source in kind.identifiers
            yield (-0.3 if coded else 0.0 if other else _OWN) + self._per_row(column, first=first), {"id": end}

    def _per_row(self, column: str, *, first: bool) -> float:
        """A row about one thing each tells of it; one that repeats it is rather about something else."""
        unique = self.profiles[column].unique
        return (-0.5 if unique < 0.6 else 0.0) if first else (0.3 if unique > 0.95 else 0.0)

    def _pairs(
        self, kind: RelationType, ends: tuple[str, str], taken: Sequence[YieldDraft]
    ) -> Iterator[tuple[float, dict[str, EndGuess]]]:
        src_terms, dst_terms = _terms(kind.name)
        order = list(self.profiles)
        named = named_types(self.look, self.ontology)
        own = {guess.column for each in taken for role, guess in each.ends.items() if role in ("id", "subject")}
        for src, dst in ((a, b) for a in self._naming(ends[0]) for b in self._naming(ends[1]) if a != b):
            bonus = _ROLE * role_fit(src, src_terms, dst_terms) - _ROLE * role_fit(dst, src_terms, dst_terms)
            bonus += 0.05 if order.index(src) < order.index(dst) else -0.05
            bonus += _USUAL if lexicon().usual.get(ends) == kind.name else 0.0
            bonus += 0.3 if len(named) > 1 and (named[0], named[-1]) == ends else 0.0
            if any("id" in each.ends for each in taken):
                bonus += _OWN if {src, dst} & own else -_OWN
            yield bonus, {"src": self._end(src, ends[0]), "dst": self._end(dst, ends[1])}

    def _naming(self, type_: str) -> list[str]:
        """Columns that may name a record of the type, surest first."""
        found = {column: refs[type_].strength for column, refs in self.references.items() if type_ in refs}
        return sorted((c for c, s in found.items() if s >= _WEAKEST), key=lambda c: -found[c])[:_MOST]

    def _end(self, column: str, type_: str) -> EndGuess:
        ref = self.references[column][type_]
        return EndGuess(column, ref.strength, ref.why, type_, ref.source or self.default_source, ref.personal)


def condition_ends(draft: FileDraft) -> None:
    """A further relation holds only for rows that name both its ends; rows without stay for the other yields."""
    for each in draft.yields[1:]:
        if isinstance(each.kind, RelationType) and not each.when:
            open_ends = [g.column for g in each.ends.values() if draft.profiles[g.column].filled < 0.995]
            if len(open_ends) == 1:
                each.when = (open_ends[0], None)


def _drop_echoes(draft: FileDraft) -> None:
    """A column that one yield maps surely is not also, vaguely, another's."""
    best: dict[str, float] = {}
    for guess in (g for each in draft.yields for g in each.properties.values()):
        best[guess.column] = max(best.get(guess.column, 0.0), guess.score)
    for each in draft.yields:
        each.properties = {name: g for name, g in each.properties.items() if g.score >= best[g.column] - _ECHO}


def _terms(kind: str) -> tuple[Sequence[str], Sequence[str]]:
    ends = lexicon().ends.get(kind, {})
    return ends.get("src", ()), ends.get("dst", ())


def _steep(held: float) -> float:
    return 1.0 if held > 0.85 else 0.4 if held > 0.5 else 0.0


def split_ends(draft: FileDraft, references: _Refs, default_source: str) -> None:
    """An end whose values belong to two types: one yield for each, told apart by a column that says which it is."""
    for each in list(draft.yields):
        if not isinstance(each.kind, RelationType):
            continue
        for role, guess in each.ends.items():
            other = next((r for t, r in references[guess.column].items() if t != guess.type and r.split), None)
            if other is None or not references[guess.column][guess.type].split:
                continue
            pair = tuple(other.type if r == role else each.ends[r].type for r in ("src", "dst"))
            telling = _telling_column(draft, guess.column, references[guess.column])
            if pair in each.kind.ends and telling:
                column, words = telling
                each.when = (column, words[guess.type])
                end = EndGuess(guess.column, other.strength, other.why, other.type, other.source or default_source, other.personal)
                draft.yields.append(
                    YieldDraft(
                        each.kind, each.score, each.ends | {role: end}, each.properties, each.why, when=(column, words[other.type])
                    )
                )
                break


def _telling_column(draft: FileDraft, column: str, references: Mapping[str, Reference]) -> tuple[str, dict[str, str]] | None:
    """A column with one word for each type that the split column names."""
    frame = draft.look.frame
    for name, profile in draft.profiles.items():
        if name == column or not 2 <= profile.distinct_count <= 4:
            continue
        words: dict[str, str] = {}
        for word in profile.distinct:
            part = frame.filter(frame[name] == word)[column].unique().to_list()
            for kind, held in ((k, r) for k, r in references.items() if r.split):
                if part and sum(value in held.keys for value in part) > 0.9 * len(part):
                    words.setdefault(kind, word)
        if len(words) >= 2:
            return name, words
    return None
