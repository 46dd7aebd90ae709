"""Where money ends, and by what one knows it: ownership and loan rows (certain), or a word (a hint, cited)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import yaml

ENDS = (
    "unspent",
    "borrower",
    "group",
    "guarantor",
    "repaid",
    "other_loan",
    "property",
    "securities",
    "private_lending",
    "cash",
    "third_party",
    "outside",
    "hub_cut",
    "loan",
    "untold",
)
"""In the order of their numbers. The last two end a trace backward: a loan of ours, and money of which nothing is told."""
NUMBER = {name: number for number, name in enumerate(ENDS)}

HOWS = ("ends", "rests", "hops", "small", "hub")
"""`ends`: the payment itself says so. `rests`: on the account until the window closed. The others: a bound cut the trace there."""
HOW = {name: number for number, name in enumerate(HOWS)}

HUB_CUT = NUMBER["hub_cut"]

BY_WORD = tuple(NUMBER[name] for name in ("other_loan", "property", "securities", "private_lending", "cash"))


@dataclass(frozen=True)
class Lexicon:
    """The words of `lexicon.yaml`, the longest first; of each its end."""

    version: str
    purpose: Mapping[str, str]
    industry: Mapping[str, str]
    relation: Mapping[str, str]

    def of_payments(self, table: pl.DataFrame) -> pl.DataFrame:
        """Of each payment `end` (its number, 0 for none) and the `word` that says so. Each purpose is looked at once."""
        said = table.select("type", "purpose")
        kinds = said.unique()
        read = [self._read(*row) for row in kinds.iter_rows()]
        found = kinds.with_columns(
            pl.Series("end", [NUMBER.get(end, 0) for end, _ in read], pl.Int8), pl.Series("word", [w for _, w in read], pl.String)
        )
        return said.join(found, ["type", "purpose"], "left", nulls_equal=True, maintain_order="left").select("end", "word")

    def of_industry(self, code: str | None) -> tuple[int, str]:
        """The end that a payee's trade speaks of, and the beginning of its code; (0, "") for none."""
        for start, end in self.industry.items():
            if code and code.startswith(start):
                return NUMBER[end], start
        return 0, ""

    def _read(self, kind: str, purpose: str | None) -> tuple[str, str]:
        if kind in self.relation:
            return self.relation[kind], kind
        text = (purpose or "").casefold()
        return next(((end, word) for word, end in self.purpose.items() if word in text), ("", ""))


@cache
def lexicon() -> Lexicon:
    """The lexicon that is shipped."""
    told: dict[str, Any] = yaml.safe_load(files("graph.knowledge.flows").joinpath("lexicon.yaml").read_text("utf-8"))
    tables: dict[str, dict[str, str]] = {"purpose": {}, "industry": {}, "relation": {}}
    for end, words in told["ends"].items():
        for kind, listed in words.items():
            tables[kind].update({str(word).casefold() if kind == "purpose" else str(word): end for word in listed})
    longest = ({word: table[word] for word in sorted(table, key=lambda w: (-len(w), w))} for table in tables.values())
    return Lexicon(told["version"], *longest)


def numbers(names: tuple[str, ...]) -> npt.NDArray[np.int8]:
    """The numbers of some ends."""
    return np.array([NUMBER[name] for name in names], np.int8)
