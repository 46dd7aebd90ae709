"""From looks to a draft: references between the sources, what each row says, its clocks, and what is left out and why."""

import re
from collections.abc import Sequence
from dataclasses import replace

from graph.ontology import EntityType, Kind, Ontology
from ingest.propose.clocks import set_clocks, set_identity
from ingest.propose.guesses import Draft, FileDraft, Guess, PropertyGuess, YieldDraft
from ingest.propose.lexicon import lexicon
from ingest.propose.look import Look, SetAside
from ingest.propose.profile import Profile, profile_columns
from ingest.propose.references import find_masters, join_references, named_types, references_by_look
from ingest.propose.rows import Rows, condition_ends, split_ends
from ingest.propose.scoring import describe, score, slots_of
from ingest.propose.words import best_likeness

_COVERED = 0.9
_PERHAPS = 0.4


def draft_of(
    looks: Sequence[Look], ontology: Ontology, name: str, aside: Sequence[SetAside] = (), ontology_path: str = ""
) -> Draft:
    """A draft for everything that was looked at; no I/O."""
    profiled = {place: (look, profile_columns(look.frame)) for place, look in enumerate(looks)}
    sources = {place: _source(look, name) for place, look in enumerate(looks)}
    masters = find_masters(profiled, ontology, sources)
    files = []
    for look, profiles in profiled.values():
        order = named_types(look, ontology)
        references = {}
        for column, profile in profiles.items():
            own = references_by_look(profile, ontology)
            home = [m for m in masters if m.look is look and m.column == column]
            others = [m for m in masters if m.look is not look]
            references[column] = join_references(profile, own, [*others, *home], order, look.links.get(column))
        draft = Rows(look, profiles, references, ontology, name).choose()
        split_ends(draft, references, name)
        condition_ends(draft)
        files.append(draft)
    _leave_out_told_elsewhere(files)
    for draft in files:
        _set_doubtful_aside(draft)
        _keep_personal(draft)
        set_clocks(draft)
        set_identity(draft)
        _set_currency(draft)
        _leave_out(draft)
    return Draft(name, tuple(files), tuple(aside), ontology_path)


def _source(look: Look, name: str) -> str:
    """Who hands out a source's numbers: the folder it lies in, else the feed."""
    folder = re.sub(r"[^a-z0-9_]+", "_", look.name.rpartition("/")[0].rpartition("/")[2].lower()).strip("_")
    return folder or name


def _leave_out_told_elsewhere(files: Sequence[FileDraft]) -> None:
    """A person or firm named beside something else is no record of its own if another source tells of them all."""
    told = [(draft, each) for draft in files for each in draft.yields if isinstance(each.kind, EntityType)]
    told.sort(key=lambda pair: (pair[1] is not pair[0].yields[0], -pair[0].profiles[pair[1].ends["id"].column].distinct_count))
    known: dict[tuple[str, str], set[str]] = {}
    for draft, each in told:
        key = each.ends["id"]
        values = set(draft.profiles[key.column].values.unique().to_list())
        held = known.setdefault((key.type, key.source), set())
        side = each is not draft.yields[0]
        if side and len(values & held) >= _COVERED * len(values):
            draft.yields.remove(each)
            for guess in each.properties.values():
                draft.ignored[guess.column] = f"{each.kind.name}.{guess.prop.name}: other sources tell of these records"
        held |= values


def _set_doubtful_aside(draft: FileDraft) -> None:
    """What would refuse every row is only written as a comment."""
    for each in draft.yields:
        draft.doubtful += [guess for guess in each.properties.values() if not guess.usable]
        each.properties = {name: guess for name, guess in each.properties.items() if guess.usable}


def _keep_personal(draft: FileDraft) -> None:
    """A column that is personal anywhere in a row is so everywhere in it: keys become tokens, open properties go."""
    secret = {g.column: g.prop.name for each in draft.yields for g in each.properties.values() if g.prop.personal}
    secret |= {g.column: g.personal for each in draft.yields for g in each.ends.values() if g.personal}
    for each in draft.yields:
        each.ends = {role: replace(g, personal=secret.get(g.column, "")) for role, g in each.ends.items()}
        each.properties = {name: g for name, g in each.properties.items() if g.prop.personal or g.column not in secret}


def _set_currency(draft: FileDraft) -> None:
    used = {column for each in draft.yields for column in each.columns}
    for column, profile in draft.profiles.items():
        fit, term = best_likeness(column, lexicon().currency)
        if column not in used and (profile.currency > 0.9 or fit > 0.8) and len(profile.values):
            for each in draft.yields:
                if any(prop.kind is Kind.MONEY for prop in each.kind.properties) and any(
                    g.prop.kind is Kind.MONEY for g in each.properties.values()
                ):
                    each.currency = Guess(
                        column, max(fit, profile.currency), f"header ~ {term} {fit:.2f}; ISO 4217 {profile.currency:.0%}"
                    )
            return


def _leave_out(draft: FileDraft) -> None:
    used = {column for each in draft.yields for column in _all_columns(each)}
    for column, profile in draft.profiles.items():
        if column in used:
            draft.ignored.pop(column, None)
            continue
        if column in draft.ignored:
            continue
        fit, term = best_likeness(column, lexicon().keep_out)
        if fit > 0.8:
            draft.ignored[column] = f"{term}: belongs to no record"
        elif profile.counting or column.startswith("#"):
            draft.ignored[column] = "a row counter"
        elif not len(profile.values):
            draft.ignored[column] = "empty in every row looked at"
        else:
            draft.ignored[column] = "no property fits; extend the ontology if it matters"
            if maybe := _nearest(draft, profile):
                draft.doubtful.append(maybe)
                draft.ignored[column] = f"perhaps {maybe.prop.name} ({maybe.score:.2f}): see below"


def _nearest(draft: FileDraft, profile: Profile) -> PropertyGuess | None:
    """The property that an unmapped column comes nearest to, where none was sure enough."""
    slots = [slot for each in draft.yields for slot in slots_of(each.kind) if slot.prop.name not in each.properties]
    found = [(*score(profile, slot), slot) for slot in slots]
    total, why, slot = max(found, key=lambda each: each[0], default=(0.0, "", None))
    return describe(profile, slot.prop, total, why) if slot and total >= _PERHAPS else None


def _all_columns(each: YieldDraft) -> set[str]:
    return each.columns | set(each.identity.columns if each.identity else ())
