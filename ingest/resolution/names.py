"""Chinese company names, taken apart: region, trade name (字号), trade, legal form. A whole book at once.

    澄岭瑾泰五金制品有限公司  ->  region 澄岭, trade name 瑾泰, trade 五金制品, form ltd
    瑾泰五金制品(澄岭)有限責任公司  ->  the same

Names are written in one way first: NFKC, simplified characters (OpenCC), capitals, no punctuation. Provinces, legal forms and
common trades are listed in `lexicon.yaml`; places and trades that a book uses again and again are learnt from it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import opencc
import polars as pl
import yaml

_LEXICON = Path(__file__).with_name("lexicon.yaml")
_OFTEN = 5  # a beginning or an end counts as a place or a trade when so many distinct trade names go with it
_PLACE_ENDING = r"(?:特别行政区|壮族自治区|回族自治区|维吾尔自治区|自治区|自治州|自治县|省|市|县|区|旗)"
_PUNCTUATION = r"[\s\p{P}\p{S}]"


@dataclass(frozen=True)
class Words:
    """What names of a book begin and end with: places, trades."""

    places: frozenset[str]
    trades: frozenset[str]


@cache
def _lexicon() -> dict[str, object]:
    return dict(yaml.safe_load(_LEXICON.read_text("utf-8")))


@cache
def legal_forms() -> dict[str, str]:
    """Legal forms as written, the longest first, and what each is."""
    forms: dict[str, str] = _lexicon()["legal_forms"]  # type: ignore[assignment]
    return {text: forms[text] for text in sorted(forms, key=lambda text: (-len(text), text))}


def plain(names: pl.Series) -> pl.Series:
    """Names in one way of writing: full width and compatibility forms, traditional characters, capitals and punctuation aside."""
    folded = names.str.normalize("NFKC").str.to_uppercase().str.replace_all(r"\s*[\r\n]\s*", " ")
    simple = opencc.OpenCC("t2s").convert("\n".join(folded.fill_null("").to_list())).split("\n") if names.len() else []
    text = pl.Series(names.name, simple, dtype=pl.String)
    return text.str.replace_all(r"[（(]集团[）)]", "集团").str.replace_all(_PUNCTUATION, "")


def learn(names: pl.Series, places: Iterable[str] = ()) -> Words:
    """The places and trades of a book, from the names in it; `places` are known beforehand (the ledger's regions)."""
    known = {str(p) for p in _lexicon()["provinces"]} | {_without_ending(place) for place in places}  # type: ignore[attr-defined]
    body = pl.DataFrame({"body": _cut_form(plain(names.drop_nulls().unique()))["body"]})
    begins = body.select(part=pl.col("body").str.head(2), rest=pl.col("body").str.slice(2).str.head(2))
    ends = pl.concat(
        body.select(part=pl.col("body").str.tail(n), rest=pl.col("body").str.head(-n).str.tail(2)) for n in (2, 3, 4, 5)
    )
    listed = {str(t) for t in _lexicon()["trades"]}  # type: ignore[attr-defined]
    trades = set(listed)
    for end in sorted(_frequent(ends), key=len):
        if end[1:] not in trades:  # 泰贸易 is the end of a trade name, and a trade
            trades.add(end)
    return Words(frozenset(known | (_frequent(begins) - trades)) - {""}, frozenset(trades) - {""})


def parse(names: pl.Series, words: Words) -> pl.DataFrame:
    """`name` (plain), `region`, `trade_name`, `trade`, `form`, one row a name; what a name does not have is null.

    A trade name that is empty once the rest is taken away (北京贸易公司) is all of what stood before the legal form.
    """
    frame = _cut_form(plain(names)).with_columns(region=pl.lit(None, pl.String))
    place = "^(?:中国)?(" + "|".join(sorted(map(_escaped, words.places), key=lambda p: (-len(p), p))) + ")" + _PLACE_ENDING + "?"
    body = pl.col("body")
    for _ in range(2):  # a province and a city
        found = body.str.extract(place)
        frame = frame.with_columns(
            region=pl.coalesce(found, "region"), body=pl.when(found.is_not_null()).then(body.str.replace(place, "")).otherwise(body)
        )
    frame = frame.with_columns(region=pl.coalesce("region", body.str.extract(rf"^(\p{{Han}}{{2,3}}?){_PLACE_ENDING}")))
    frame = frame.with_columns(body=body.str.replace(rf"^\p{{Han}}{{2,3}}?{_PLACE_ENDING}", ""))
    ends = "(" + "|".join(sorted(map(_escaped, words.trades), key=lambda t: (-len(t), t))) + ")$"
    within = "(" + "|".join(sorted(map(_escaped, words.places), key=lambda p: (-len(p), p))) + ")$"
    at_end = body.str.extract(within)  # 瑾泰五金(澄岭)有限公司
    frame = frame.with_columns(
        region=pl.coalesce("region", at_end),
        body=pl.when(at_end.is_not_null() & (body.str.len_chars() > 2)).then(body.str.replace(within, "")).otherwise(body),
    )
    frame = frame.with_columns(trade=body.str.extract(ends), trade_name=body.str.replace(ends, ""))
    told = pl.when(pl.col("trade_name") == "").then(pl.coalesce("region", pl.lit("")) + body).otherwise("trade_name")
    return frame.select("name", "region", "trade", "form", trade_name=pl.when(told == "").then(None).otherwise(told))


def _cut_form(names: pl.Series) -> pl.DataFrame:
    """`name`, `body` (without legal form) and `form`."""
    forms = legal_forms()
    spelt = {form.replace(" ", ""): kind for form, kind in forms.items()}
    ending = "(" + "|".join(spelt) + ")$"
    name = pl.col("name")
    branch = name.str.contains("(" + "|".join(text for text, kind in spelt.items() if kind == "branch") + ")$")
    found = name.str.extract(ending)
    body = name.str.replace(ending, "").str.replace("集团$", "")
    form = pl.when(branch).then(pl.lit("branch")).otherwise(found.replace_strict(spelt, default=None, return_dtype=pl.String))
    return names.alias("name").to_frame().select("name", body=body, form=form)


def _frequent(parts: pl.DataFrame) -> set[str]:
    """Parts that go with many different others, as places and trades do and trade names do not."""
    full = parts.filter((pl.col("part").str.len_chars() >= 2) & (pl.col("rest").str.len_chars() == 2))
    often = full.group_by("part").agg(with_=pl.col("rest").n_unique()).filter(pl.col("with_") >= _least(full.height))
    return set(often["part"])


def _least(names: int) -> int:
    return max(_OFTEN, names // 400)


def _without_ending(place: str) -> str:
    return str(pl.Series([place]).str.replace(_PLACE_ENDING + "$", "").item())


def _escaped(text: str) -> str:
    return "".join(c if c.isalnum() else rf"\x{{{ord(c):x}}}" for c in text)
