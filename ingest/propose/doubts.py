"""What of a draft needs a person's yes: every place that the written manifest marks so, in its order."""

from collections.abc import Iterator
from dataclasses import dataclass

from ingest.propose.guesses import SURE, Draft, FileDraft, Guess, PropertyGuess, YieldDraft

FITS = 1.5
"""What a type must gain (its score) to be written without a mark."""


@dataclass(frozen=True)
class Doubt:
    """`file` and `column` are empty where it concerns all of them."""

    file: str
    column: str
    why: str


def doubts_of(draft: Draft) -> list[Doubt]:
    """One for each mark in `write.manifest_text`."""
    found = [Doubt("", "", "recorded_at is taken from columns: backfill is assumed")] if backfilled(draft) else []
    return found + [doubt for file in draft.files for doubt in _of_file(file)]


def backfilled(draft: Draft) -> bool:
    """Whether columns say when rows were written down."""
    return any("recorded_at" in each.clocks for file in draft.files for each in file.yields)


def says_full(file: FileDraft) -> bool:
    """Whether a source's name says that it tells everything there is."""
    return any(word in file.look.label.lower() for word in ("全量", "full", "snapshot", "存量"))


def perhaps(file: FileDraft, each: YieldDraft) -> list[PropertyGuess]:
    """What is written as a comment only."""
    return [guess for guess in file.doubtful if guess.prop in each.kind.properties and guess.prop.name not in each.properties]


def no_value_for(guess: PropertyGuess) -> str:
    """Of a choice: the words that mean none of its values."""
    return f"no value is known for {', '.join(guess.unmatched)}; such rows are refused"


def _of_file(file: FileDraft) -> Iterator[Doubt]:
    name = file.look.label
    yield from (Doubt(name, "", note) for note in file.look.notes)
    if not file.yields:
        yield Doubt(name, "", "no type of the ontology fits")
        return
    if says_full(file):
        yield Doubt(name, "", "the name says full, the draft says delta")
    for each in file.yields:
        if each.score < FITS:
            yield Doubt(name, "", f"{each.kind.name}: {each.why}")
        for place, guess in _places(each):
            if guess.score < SURE:
                yield Doubt(name, guess.column, f"{place}: {guess.score:.2f}, {guess.why}")
            if isinstance(guess, PropertyGuess) and guess.unmatched:
                yield Doubt(name, guess.column, f"{place}: {no_value_for(guess)}")
        for guess in perhaps(file, each):
            yield Doubt(name, guess.column, f"perhaps {each.kind.name}.{guess.prop.name}: {guess.score:.2f}, {guess.why}")


def _places(each: YieldDraft) -> Iterator[tuple[str, Guess]]:
    named = {**each.ends, **each.clocks, **({"currency": each.currency} if each.currency else {}), **each.properties}
    yield from ((f"{each.kind.name}.{name}", guess) for name, guess in named.items())
