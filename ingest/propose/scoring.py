"""How well a column fits a property: a declared table of features, each with a weight and its meaning as docstring.

`score = Σ weight · feature / Σ weight`, over the features that have something to say of the pair; a kind that the values cannot
be makes it 0. Columns and properties are then matched jointly: the assignment with the largest sum of scores
(`scipy.optimize.linear_sum_assignment`), pairs below `LIKELY` left out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.optimize import linear_sum_assignment

from graph.ontology import Kind, LedgerType, Property
from ingest.propose.guesses import LIKELY, PropertyGuess
from ingest.propose.lexicon import lexicon
from ingest.propose.profile import Profile
from ingest.propose.words import best_likeness, read_header, simplified

_FEW = 40
_TELLING = 3  # so many words, all of them a choice's own, say as much as a header
_SAID = 0.52  # a header must say at least this much of a term; values alone say too little


@dataclass(frozen=True, eq=False)
class Slot:
    """A property of a type, with everything that a column may call it."""

    kind: LedgerType
    prop: Property
    terms: tuple[str, ...]


@dataclass(frozen=True)
class Feature:
    name: str
    weight: float
    measure: Callable[[Profile, Slot], float | None]


def header_says_it(column: Profile, slot: Slot) -> float:
    """How far the header is one of the property's terms (`words.likeness`), in Chinese, English, abbreviations or pinyin."""
    return best_likeness(column.header.text, slot.terms)[0]


def values_are_of_its_kind(column: Profile, slot: Slot) -> float | None:
    """Whether the cells read as the property's kind: 1 surely, 0 cannot be. An empty column says nothing."""
    return _KINDS[slot.prop.kind](column) if len(column.values) else None


def values_are_its_words(column: Profile, slot: Slot) -> float | None:
    """For a choice: the share of distinct cells that the lexicon knows as words of one of its values; 未定 and its like aside."""
    if slot.prop.kind is not Kind.CHOICE or not column.distinct:
        return None
    mapped, left = map_words(column, slot.prop)
    settled = len(mapped) + sum(not _undetermined(text) for text in left)
    return len(mapped) / settled if settled else 0.0


def codes_have_its_digits(column: Profile, slot: Slot) -> float | None:
    """For codes with check digits (credit code GB 32100, LEI, identity number GB 11643) and telephones: the share that is valid."""
    match slot.prop.check, slot.prop.name:
        case "uscc", _:
            return column.uscc
        case "lei", _:
            return column.lei
        case _, "id_number":
            return column.identity
        case _, "phone":
            return column.phone
    return None


def unit_fits(column: Profile, slot: Slot) -> float | None:
    """A unit in the header or cells: money for money, % and ‰ for shares and rates."""
    unit = "%" if column.percent else column.header.unit
    if not unit:
        return None
    wanted = {Kind.MONEY: unit not in ("%", "‰"), Kind.SHARE: unit in ("%", "‰"), Kind.NUMBER: unit in ("%", "‰")}
    return float(wanted.get(slot.prop.kind, False))


FEATURES = (
    Feature("header", 0.60, header_says_it),
    Feature("kind", 0.20, values_are_of_its_kind),
    Feature("words", 0.20, values_are_its_words),
    Feature("digits", 0.40, codes_have_its_digits),
    Feature("unit", 0.10, unit_fits),
)


def score(column: Profile, slot: Slot) -> tuple[float, str]:
    """The score of a pair, and what each feature said; worked out once."""
    if slot not in column.scores:
        column.scores[slot] = _score(column, slot)
    return column.scores[slot]


def _score(column: Profile, slot: Slot) -> tuple[float, str]:
    said = [(f, value) for f in FEATURES if (value := f.measure(column, slot)) is not None]
    named = {f.name: value for f, value in said}
    telling = named.get("words", 0) > 0.9 and column.distinct_count >= _TELLING
    if named.get("kind") == 0 or (named["header"] < _SAID and named.get("digits", 0) < 0.9 and not telling):
        return 0.0, ""
    if telling:
        said = [(f, max(value, _SAID) if f.name == "header" else value) for f, value in said]
    total = sum(f.weight * value for f, value in said) / sum(f.weight for f, _ in said)
    term = best_likeness(column.header.text, slot.terms)[1]
    return total, f"header ~ {term} {named['header']:.2f}; " + ", ".join(f"{n} {v:.2f}" for n, v in named.items() if n != "header")


@cache
def slots_of(kind: LedgerType) -> tuple[Slot, ...]:
    """Every property of a type as a slot."""
    return tuple(Slot(kind, prop, lexicon().terms_of(kind, prop)) for prop in kind.properties)


def assign(columns: Sequence[Profile], slots: Sequence[Slot], doubt: Mapping[str, float] | None = None) -> dict[str, PropertyGuess]:
    """Property name to guess. `doubt` lowers a column's scores by a factor."""
    if not columns or not slots:
        return {}
    found = [[score(column, slot) for slot in slots] for column in columns]
    factor = [(doubt or {}).get(column.header.text, 1.0) for column in columns]
    matrix = np.array([[pair[0] * by for pair in row] for row, by in zip(found, factor, strict=True)])
    matrix[matrix < LIKELY] = 0
    rows, places = linear_sum_assignment(matrix**2, maximize=True)  # squared: one sure match beats two vague ones
    guesses = {}
    for row, place in zip(rows.tolist(), places.tolist(), strict=True):
        if matrix[row, place] > 0:
            column, slot = columns[row], slots[place]
            guesses[slot.prop.name] = describe(column, slot.prop, float(matrix[row, place]), found[row][place][1])
    return guesses


def describe(column: Profile, prop: Property, total: float, why: str) -> PropertyGuess:
    """The guess with unit, date forms and value map, as the manifest will want them."""
    read, unmatched = map_words(column, prop) if prop.kind is Kind.CHOICE else ({}, [])
    if prop.kind is Kind.CHOICE and set(column.distinct) <= set(prop.values):
        read, unmatched = {}, []
    values = {text: each.value for text, each in read.items()}
    loosely = {text: each.word for text, each in read.items() if not each.exact}
    dates = column.dates if prop.kind in (Kind.DAY, Kind.INSTANT) else ()
    return PropertyGuess(
        column.header.text,
        total,
        why,
        prop,
        unit_of(column, prop),
        dates,
        values,
        tuple(unmatched),
        loosely,
        _finer_than_fen(column, prop),
    )


def _finer_than_fen(column: Profile, prop: Property) -> bool:
    """Amounts that are no whole fen in their unit: they would be refused unless rounded."""
    places = {"fen": 0, "千元": 5, "万元": 6, "百万元": 8, "亿元": 10}.get(column.header.unit, 2)
    return prop.kind is Kind.MONEY and bool(column.values.str.contains(rf"\.\d{{{places}}}0*[1-9]").any())


def unit_of(column: Profile, prop: Property) -> str:
    """The unit a header or the cells name; empty: the default."""
    if column.percent:
        return "%"
    unit = column.header.unit
    if prop.kind is Kind.MONEY:
        return unit if unit not in ("%", "‰") else ""
    if prop.kind in (Kind.SHARE, Kind.NUMBER):
        if unit in ("%", "‰"):
            return unit
        high = float(column.numbers.max() or 0) if len(column.numbers) else 0.0  # type: ignore[arg-type]
        rated = prop.kind is Kind.SHARE or bool({"rate", "利率"} & {*column.header.words, column.header.plain[-2:]})
        return "%" if rated and high > 1.5 else ""
    return ""


@dataclass(frozen=True)
class ReadAs:
    """A value of a choice, and the known word that a cell was read by."""

    value: str
    word: str
    exact: bool


def map_words(column: Profile, prop: Property) -> tuple[dict[str, ReadAs], list[str]]:
    """The cells' words as values of a choice, and those that are none."""
    known = {word.lower(): value for value, words in lexicon().words_of(prop).items() for word in reversed(words)}
    mapped, left = {}, []
    for text in column.distinct[:_FEW]:
        plain = _plain(text)
        word = plain if plain in known else _contained(plain, known)
        if word:
            mapped[text] = ReadAs(known[word], word, word == plain)
        else:
            left.append(text)
    return mapped, left


def _plain(text: str) -> str:
    if text.isascii():
        return text.strip().lower().replace("_", " ").replace("-", " ")
    return simplified(read_header(text).plain).lower()


def _contained(plain: str, known: Mapping[str, str]) -> str:
    """The longest word that the cell contains, where it makes up most of it. 其他未定 is not 其他: nobody knows it yet."""
    if _undetermined(plain):
        return ""
    inside = [word for word in known if len(word) > 1 and not word.isascii() and word in plain and 2 * len(word) >= len(plain)]
    return max(inside, key=len, default="")


def _undetermined(text: str) -> bool:
    plain = _plain(text)
    return any(word in plain if not word.isascii() else word == plain for word in lexicon().undetermined)


def _money(column: Profile) -> float:
    if column.numeric < 0.9 or column.dates or column.percent:
        return 0.0
    return 0.3 if column.counting else 1.0


def _share(column: Profile) -> float:
    if column.numeric < 0.9 or not len(column.numbers):
        return 0.0
    low, high = float(column.numbers.min()), float(column.numbers.quantile(0.98))  # type: ignore[arg-type]
    return 1.0 if low >= 0 and high <= 1 else 0.9 if low >= 0 and high <= 100 else 0.0


def _integer(column: Profile) -> float:
    return 0.0 if column.numeric < 0.9 or not column.whole or column.dates else 1.0


def _number(column: Profile) -> float:
    return 0.0 if column.numeric < 0.9 or column.dates else 1.0


def _flag(column: Profile) -> float:
    return 1.0 if column.flags > 0.9 else 0.0


def _day(column: Profile) -> float:
    return 0.0 if not column.dates else 0.8 if column.timed else 1.0


def _instant(column: Profile) -> float:
    return 0.0 if not column.dates else 1.0 if column.timed else 0.8


def _choice(column: Profile) -> float:
    return 0.0 if column.distinct_count > _FEW or column.dates else 1.0


def _text(column: Profile) -> float:
    if column.timed:
        return 0.0
    return 0.2 if column.dates or (column.numeric > 0.9 and not column.whole) else 0.9


_KINDS: dict[Kind, Callable[[Profile], float]] = {
    Kind.MONEY: _money,
    Kind.SHARE: _share,
    Kind.INTEGER: _integer,
    Kind.NUMBER: _number,
    Kind.FLAG: _flag,
    Kind.DAY: _day,
    Kind.INSTANT: _instant,
    Kind.CHOICE: _choice,
    Kind.TEXT: _text,
}
