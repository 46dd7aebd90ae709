"""Headers as words: units cut off, abbreviations written out, run-together names divided, pinyin told from English.

`likeness(header, term)` is between 0 and 1. Chinese is compared by its characters (a term that stands at the end of a header weighs
most, as Chinese heads come last), English and abbreviations by words, pinyin (whole or initials) by the term's own pinyin.
"""

import difflib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from ingest.propose.lexicon import lexicon
from ingest.propose.pinyin import initials, spelled

_BRACKETS = re.compile(r"[(\[【](?P<inside>[^)\]】]*)[)\]】]\s*$")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=[0-9])")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_SMALL = frozenset({"of", "the", "in", "a", "an", "and", "by", "on", "with", "date", "flag"})
_NEAR = 0.97  # only the very term is 1
_TYPO = 0.86
_SHORT = 0.85


@dataclass(frozen=True)
class Header:
    """A header cut up: `plain` without its unit, `unit` as a manifest writes it (or empty), and its English words.

    `parts` are the same words as they were written: an abbreviation may stand for more than the one word that is listed.
    """

    text: str
    plain: str
    unit: str
    words: tuple[str, ...]
    parts: tuple[str, ...] = ()

    @property
    def chinese(self) -> bool:
        return bool(_HAN.search(self.plain))

    @property
    def packed(self) -> str:
        """Letters alone, in lower case: what pinyin is looked for in."""
        return "".join(char for char in self.plain.lower() if char.isalpha())


@cache
def read_header(text: str) -> Header:
    """A header as words and unit."""
    plain = unicodedata.normalize("NFKC", text).strip()
    plain = simplified(plain) if _HAN.search(plain) else plain
    plain, unit = _cut_unit(plain)
    pairs = () if _HAN.search(plain) else _pairs(plain)
    return Header(text, plain, unit, tuple(word for word, _ in pairs), tuple(part for _, part in pairs))


def _cut_unit(plain: str) -> tuple[str, str]:
    units = lexicon().units
    if found := _BRACKETS.search(plain):
        inside = found["inside"].strip().lower().split(":")[-1].removeprefix("单位").strip()
        return plain[: found.start()].strip(), units.get(inside, "")
    for mark in ("_", "-", " ", "/"):
        before, _, last = plain.rpartition(mark)
        if before and last.lower() in units:
            return before.strip(), units[last.lower()]
    return plain, ""


@cache
def simplified(text: str) -> str:
    """Traditional characters as simplified ones."""
    return str(_converter().convert(text))


@cache
def _converter() -> Any:
    import opencc

    return opencc.OpenCC("t2s")


@cache
def words_of(plain: str) -> tuple[str, ...]:
    """`custNo`, `CUST_NO`, `custno` as `customer number`."""
    return tuple(word for word, _ in _pairs(plain))


@cache
def _pairs(plain: str) -> tuple[tuple[str, str], ...]:
    """Every word with the part of the name that it was read from."""
    known = lexicon().abbreviations
    parts = [p.lower() for p in re.split(r"[^A-Za-z0-9]+", _CAMEL.sub(" ", plain)) if p]
    read = [(part, known[part].split() if part in known else _divided(part)) for part in parts]
    return tuple((_singular(word), part) for part, words in read for word in words)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


@cache
def _vocabulary() -> dict[str, tuple[str, ...]]:
    """Words and abbreviations that a run-together name is divided into."""
    found = {word: (word,) for word in _whole_words() if len(word) > 2}
    short = {abbreviation: tuple(meant.split()) for abbreviation, meant in lexicon().abbreviations.items()}
    return short | found


@cache
def _whole_words() -> frozenset[str]:
    return frozenset(word for term in lexicon().every_term() if term.isascii() for word in term.lower().split())


@cache
def _divided(part: str) -> tuple[str, ...]:
    """The part cut into known words, if it can be cut wholly; fewest words win."""
    vocabulary = _vocabulary()
    if part in vocabulary:
        return vocabulary[part]
    best: list[tuple[str, ...] | None] = [(), *[None] * len(part)]
    for end in range(1, len(part) + 1):
        cuts = [(*head, part[at:end]) for at in range(end) if (head := best[at]) is not None and part[at:end] in vocabulary]
        best[end] = min(cuts, key=len, default=None)
    whole = best[-1]
    if whole is None or len(whole) > 4 or min(map(len, whole), default=0) < 2:
        return (part,)
    return tuple(word for piece in whole for word in vocabulary[piece])


@cache
def likeness(text: str, term: str) -> float:
    """How far `text`, a header, says `term`: 1 the very term, 0 nothing in common. The end of a path (`customer.id`) may do."""
    within = _NEAR * likeness(text.rpartition(".")[2], term) if "." in text else 0.0
    return max(within, _likeness(text, term))


def _likeness(text: str, term: str) -> float:
    header = read_header(text)
    if _HAN.search(term):
        return _chinese(header, term)
    return 0.0 if header.chinese else _english(header, words_of(term))


def best_likeness(text: str, terms: Iterable[str]) -> tuple[float, str]:
    """The best of several terms, and which it is."""
    return max(((likeness(text, term), term) for term in terms), default=(0.0, ""))


def _chinese(header: Header, term: str) -> float:
    plain = header.plain
    if not header.chinese:
        return _pinyin(header.packed, term)
    if plain == term:
        return 1.0
    if term in plain and len(term) > 1:
        share = len(term) / len(plain)
        return min(_NEAR, (0.62 if plain.endswith(term) else 0.45) + 0.38 * share)
    if plain in term and len(plain) > 1:
        return min(_NEAR, (0.36 if term.startswith(plain) else 0.3) + 0.42 * len(plain) / len(term))
    return _NEAR * float(_common_share(plain, term) ** 1.5)


def _common_share(one: str, other: str) -> float:
    blocks = difflib.SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return 2 * sum(block.size for block in blocks) / (len(one) + len(other))


def _pinyin(packed: str, term: str) -> float:
    if len(packed) < 2 or not (whole := spelled(term)):
        return 0.0
    if packed == whole:
        return 1.0
    if packed == initials(term) and len(packed) > 1:
        return 0.7 + 0.06 * min(len(packed), 4)
    if len(whole) > 5 and whole in packed:
        return 0.55 + 0.35 * len(whole) / len(packed)
    return 0.0


def _english(header: Header, term: tuple[str, ...]) -> float:
    words = header.words
    if not words or not term:
        return 0.0
    if words == term:
        return 1.0
    left, matched = list(zip(words, header.parts, strict=True)), 0.0
    for word in sorted(term, key=lambda each: each not in words):
        if left and (alike := max((_same_word(word, *other), -place) for place, other in enumerate(left)))[0] > 0:
            other, _ = left.pop(-alike[1])
            matched += alike[0] * (_weight(word) + _weight(other))
    return min(_NEAR, matched / (sum(map(_weight, words)) + sum(map(_weight, term))))


def _weight(word: str) -> float:
    return 0.4 if word in _SMALL else 0.7 if word in ("number", "id", "code", "amount", "time", "type") else 1.0


_EQUAL = ({"id", "number", "code"}, {"time", "date", "at", "on", "day"}, {"flag", "is"}, {"ratio", "percent", "share"})


@cache
def _same_word(one: str, other: str, part: str) -> float:
    """How far the term's word `one` is the header's word `other`, which was read from `part`."""
    if one == other:
        return 1.0
    if any(one in group and other in group for group in _EQUAL):
        return 0.85
    if min(len(one), len(other)) > 4 and difflib.SequenceMatcher(None, one, other).ratio() >= _TYPO:
        return 0.9
    return _SHORT if _shortens(part, one) else 0.0


def _shortens(part: str, word: str) -> bool:
    """`invtry` for inventory: the same beginning, letters left out, about a third of them kept."""
    if not 3 <= len(part) < len(word) or part[0] != word[0] or len(part) * 3.4 < len(word) or part in _whole_words():
        return False
    letters = iter(word)
    return all(letter in letters for letter in part)
