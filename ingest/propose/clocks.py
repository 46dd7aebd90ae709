"""Which column is which clock of a row: from when it holds, until when, and when it was written down; and what tells rows apart."""

from collections.abc import Iterator, Sequence

import polars as pl

from graph.ontology import EntityType, FactType, Kind, Lasting
from ingest.days import read_days
from ingest.propose.guesses import ClockGuess, FileDraft, Identity, PropertyGuess, YieldDraft
from ingest.propose.lexicon import lexicon
from ingest.propose.profile import Profile
from ingest.propose.words import best_likeness

_SAID = 0.62
_UNIQUE = 0.985
_ONCE = 0.9
_ZONE = "Asia/Shanghai"


def set_clocks(draft: FileDraft) -> None:
    """Gives every yield its clocks: days that say so first, then those of the row's other yields, then whatever is left."""
    recorded = _recorded(draft)
    claimed = {g.column for each in draft.yields for g in each.properties.values()}
    free = {
        name: p
        for name, p in draft.profiles.items()
        if p.dates and name not in claimed and (not recorded or name != recorded.column)
    }
    for each in draft.yields:
        if begun := _valid_from(draft, each, free, recorded):
            each.clocks["valid_from"] = begun
        if ended := _valid_to(draft, each, free):
            each.clocks["valid_to"] = ended
    for each in draft.yields:
        _lend(draft, each)
        if (
            "valid_from" not in each.clocks
            and not _beside(draft, each)
            and (begun := _last_resort(each, free, recorded, draft.look.day))
        ):
            each.clocks["valid_from"] = begun
    for each in draft.yields:
        if recorded and _in_order(draft, each, recorded):
            each.clocks["recorded_at"] = recorded


def _recorded(draft: FileDraft) -> ClockGuess | None:
    terms = lexicon().clocks
    found = []
    for name, profile in draft.profiles.items():
        if profile.dates:
            fit, term = best_likeness(name, (*terms["recorded_at"], *terms["both"]))
            fit += 0.05 if profile.timed else -0.15
            found.append(
                (fit, ClockGuess(name, min(fit, 1.0), f"header ~ {term} {min(fit, 1.0):.2f}; written down then", profile.dates))
            )
    best = max(found, key=lambda each: each[0], default=None)
    return best[1] if best and best[0] >= 0.7 else _only_time(draft)


def _only_time(draft: FileDraft) -> ClockGuess | None:
    """The one time of day of a row that no property takes is most likely when it was written down."""
    claimed = {g.column for each in draft.yields for g in each.properties.values()}
    times = [(n, p) for n, p in draft.profiles.items() if p.timed and n not in claimed and not _kept_out(n)]
    if len(times) != 1:
        return None
    name, profile = times[0]
    return ClockGuess(name, 0.5, "the only time of day that is left; perhaps when the row was written down", profile.dates)


def _kept_out(column: str) -> bool:
    return best_likeness(column, lexicon().keep_out)[0] > 0.8


def _valid_from(draft: FileDraft, each: YieldDraft, free: dict[str, Profile], recorded: ClockGuess | None) -> ClockGuess | None:
    known = lexicon()
    name = each.kind.name
    dated = {column: p for column, p in draft.profiles.items() if p.dates}
    if found := _named(dated, known.happened.get(name, ()), 0.8, f"the day of {name}"):
        return found
    begins = {column: p for column, p in free.items() if not _ends_sooner(column)}
    if _beside(draft, each):  # its own days apart, a row's day is of what else the row tells: nobody begins with each office held
        begins = {}
    if found := _named(begins, known.clocks["valid_from"], _SAID, "holds from then"):
        return found
    day = known.day_of.get(name, {}).get("valid_from", "")
    if day in each.properties and not (recorded and each.properties[day].column == recorded.column and not _both(recorded.column)):
        return _of_property(each.properties[day], f"{name} holds from its {day}")
    if recorded and _both(recorded.column):
        return ClockGuess(recorded.column, recorded.score, f"{recorded.why}, and holds from then", recorded.dates)
    return None


def _ends_sooner(column: str) -> bool:
    """The header is rather that of an end than of a beginning."""
    terms = lexicon().clocks
    return best_likeness(column, terms["valid_to"])[0] > best_likeness(column, terms["valid_from"])[0]


def _last_resort(each: YieldDraft, free: dict[str, Profile], recorded: ClockGuess | None, day: str) -> ClockGuess | None:
    """The one day that is left. What happens must have one: the surest of its own, else any left, else that of writing down."""
    left = {name: p for name, p in free.items() if not p.timed and not _ends_sooner(name) and not _kept_out(name)}
    if len(left) == 1:
        name, profile = next(iter(left.items()))
        return ClockGuess(name, 0.5, "the only day that is left", profile.dates)
    if not (isinstance(each.kind, FactType) or each.kind.lasting is Lasting.HAPPENING):
        return None
    days = [g for g in each.properties.values() if g.prop.kind in (Kind.DAY, Kind.INSTANT)]
    if days:
        return _of_property(max(days, key=lambda g: g.score), f"the surest day that {each.kind.name} has", 0.6)
    if found := _named(free, lexicon().clocks["valid_from"], 0.0, "the only day that is left"):
        return found
    if recorded:
        return ClockGuess(recorded.column, 0.5, f"{recorded.why}, and no other day", recorded.dates)
    return ClockGuess("", 0.3, "no column says the day; this is when the source was last written", (), day)


def _both(column: str) -> bool:
    return best_likeness(column, lexicon().clocks["both"])[0] >= 0.9


def _valid_to(draft: FileDraft, each: YieldDraft, free: dict[str, Profile]) -> ClockGuess | None:
    day = lexicon().day_of.get(each.kind.name, {}).get("valid_to", "")
    if day in each.properties:
        return _of_property(each.properties[day], f"{each.kind.name} holds until {day}")
    begun = each.clocks.get("valid_from")
    rest = {name: p for name, p in free.items() if not begun or name != begun.column}
    return _named(rest, lexicon().clocks["valid_to"], 0.8, "holds until then") if each.kind.lasting is Lasting.STATE else None


def _named(profiles: dict[str, Profile], terms: Sequence[str], least: float, why: str) -> ClockGuess | None:
    found = [(*best_likeness(name, terms), name) for name in profiles]
    fit, term, name = max(found, default=(0.0, "", ""))
    if not name or fit < least:
        return None
    return ClockGuess(name, max(fit, 0.4), f"header ~ {term} {fit:.2f}; {why}", profiles[name].dates)


def _of_property(guess: PropertyGuess, why: str, most: float = 1.0) -> ClockGuess:
    return ClockGuess(guess.column, min(guess.score, most), why, guess.dates)


def _beside(draft: FileDraft, each: YieldDraft) -> bool:
    """A person or firm that a row names beside what it is about."""
    return isinstance(each.kind, EntityType) and each is not draft.yields[0]


def _lend(draft: FileDraft, each: YieldDraft) -> None:
    """A yield without a day takes that of the row's first other one, but for a person or firm, who is not new with each row."""
    if "valid_from" in each.clocks or (isinstance(each.kind, EntityType) and len(draft.yields) > 1):
        return
    others = [other for other in draft.yields if other is not each and "valid_from" in other.clocks]
    lender = next((other for other in others if not _renewed(draft, other)), None)
    if lender:
        theirs = lender.clocks["valid_from"]
        each.clocks["valid_from"] = ClockGuess(
            theirs.column, 0.9 * theirs.score, f"as {lender.kind.name} of the same row", theirs.dates
        )


def _renewed(draft: FileDraft, each: YieldDraft) -> bool:
    """An entity that is told of again and again: its day is that of a valuation or the like, and nothing else begins with it."""
    return isinstance(each.kind, EntityType) and _unique(draft.look.frame.unique(), [each.ends["id"].column]) < _ONCE


def _in_order(draft: FileDraft, each: YieldDraft, recorded: ClockGuess) -> bool:
    """Nothing is known before it was: a column that says so of many rows is no recorded_at."""
    begun = each.clocks.get("valid_from")
    if begun is None or not begun.column or begun.column == recorded.column:
        return True
    start = read_days(draft.look.frame[begun.column], begun.dates, _ZONE).values
    told = read_days(draft.look.frame[recorded.column], recorded.dates, _ZONE).values
    return float((told < start).mean() or 0.0) < 0.2  # type: ignore[arg-type]


def set_identity(draft: FileDraft) -> None:
    """Gives every relation and fact what tells its rows apart, as far as the sample shows."""
    frame = draft.look.frame.unique()
    for each in draft.yields:
        if not isinstance(each.kind, EntityType):
            part = _rows_of(frame, each)
            each.identity = _identity(draft, each, part)


def _identity(draft: FileDraft, each: YieldDraft, frame: pl.DataFrame) -> Identity:
    day = [each.clocks["valid_from"].column] if "valid_from" in each.clocks and each.clocks["valid_from"].column else []
    dated = day if each.kind.lasting is Lasting.STATE else []
    if each.kind.lasting is Lasting.STATE and not day and any(_renewed(draft, other) for other in draft.yields):
        told = {g.column for g in (*each.ends.values(), *each.properties.values())}
        frame = frame.select(name for name in frame.columns if name in told).unique()  # told again with each valuation
    for columns, also in _candidates(draft, each, day, dated):
        whole = list(dict.fromkeys([*columns, *also]))
        if (share := _unique(frame, whole)) >= _UNIQUE:
            seen = "of all rows" if draft.look.whole else "of the rows looked at"
            return Identity(True, tuple(columns), f"{' + '.join(whole)} is unlike in {share:.1%} {seen}")
    mapped = [name for name in draft.profiles if name in each.columns]
    return Identity(False, tuple(mapped), "no columns tell the rows apart: equal rows are counted")


def _candidates(draft: FileDraft, each: YieldDraft, day: list[str], dated: list[str]) -> Iterator[tuple[list[str], list[str]]]:
    """Columns that may be the key, likeliest first, each with what must be added for the rows to be unlike: a number of the
    row's own; the ends with one; the ends alone (states differ by their day); the ends with the day and a word."""
    ends = list(dict.fromkeys(guess.column for guess in each.ends.values()))
    owned = [g.column for other in draft.yields for role, g in other.ends.items() if role == "id" and g.column in ends]
    numbers = [g.column for g in each.properties.values() if g.prop.name in ("number", "case_number", "contract")]
    counted = [
        n
        for n, p in draft.profiles.items()
        if n not in ends and not p.counting and best_likeness(n, lexicon().row_number)[0] >= 0.75
    ]
    for column in (*owned, *numbers, *counted):
        yield [column], []
    for column in (*numbers, *counted):
        yield [*ends, column], dated if column in counted else []
    yield ends, dated
    happened = [] if dated else day
    if happened:
        yield list(dict.fromkeys([*ends, *happened])), []
    for guess in each.properties.values():
        if guess.prop.kind in (Kind.CHOICE, Kind.TEXT) and guess.column not in ends:
            yield list(dict.fromkeys([*ends, *happened, guess.column])), dated


def _rows_of(frame: pl.DataFrame, each: YieldDraft) -> pl.DataFrame:
    if each.when is None:
        return frame
    column, word = each.when
    return frame.filter(frame[column] != "") if word is None else frame.filter(frame[column] == word)


def _unique(frame: pl.DataFrame, columns: list[str]) -> float:
    rows = frame.select(list(dict.fromkeys(columns)))
    return rows.n_unique() / rows.height if rows.height else 0.0
