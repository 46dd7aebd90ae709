"""The model, as a declared table: what is compared between two firms, and how much each likeness weighs.

Fellegi and Sunter (1969): a level that true pairs show with probability m and chance pairs with probability u adds
log2(m / u) to the match weight. The m stand here, set by judgement; the u are measured on the book by random pairs (Splink,
with a seed), so that a name that is common in a book weighs little there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import splink.comparison_level_library as levels
from splink.internals.comparison_level_creator import ComparisonLevelCreator


@dataclass(frozen=True)
class Level:
    """One degree of likeness: SQL over columns `x_l`, `x_r` (or a Splink level), its m, a first guess of u, and its words."""

    zh: str
    en: str
    m: float
    u: float
    sql: str = ""
    level: Any = field(default=None, compare=False)
    rare: str = ""  # a column whose rarer values weigh more

    def creator(self) -> ComparisonLevelCreator:
        """The same for Splink."""
        made = self.level if self.level is not None else levels.CustomLevel(self.sql, self.en)
        made = made.configure(m_probability=self.m, u_probability=self.u, fix_m_probability=True, label_for_charts=self.en)
        if self.rare:
            made = made.configure(tf_adjustment_column=self.rare, disable_tf_exact_match_detection=True)
        return made


@dataclass(frozen=True)
class Comparison:
    """One thing that is compared; levels from most alike to not alike, the last without condition."""

    name: str
    zh: str
    en: str
    columns: tuple[str, ...]
    levels: Sequence[Level]

    def for_splink(self) -> dict[str, Any]:
        """The settings' entry; nothing is said where either side tells nothing."""
        nothing = " OR ".join(f"{c}_l IS NULL OR {c}_r IS NULL" for c in self.columns[:1])
        made = [levels.CustomLevel(nothing, "nothing told").configure(is_null_level=True), *(e.creator() for e in self.levels)]
        return {"output_column_name": self.name, "comparison_levels": made}


def _else(m: float, u: float) -> Level:
    return Level("不同", "different", m, u, level=levels.ElseLevel())


def _array(column: str, size: int, said: tuple[str, str], m: float, u: float) -> Level:
    return Level(*said, m, u, level=levels.ArrayIntersectLevel(column, size))


_SAME_TRADE_NAME = "trade_name_l = trade_name_r"

FIRM: tuple[Comparison, ...] = (
    Comparison(
        "names",
        "名称",
        "name",
        ("name", "trade_name", "trade"),
        (
            Level("名称相同", "same name", 0.45, 1e-4, "name_l = name_r", rare="trade_name"),
            Level(
                "字号与行业词相同",
                "same trade name and trade",
                0.30,
                2e-4,
                f"{_SAME_TRADE_NAME} AND trade_l = trade_r",
                rare="trade_name",
            ),
            Level(
                "字号相同，行业词缺一方",
                "same trade name, trade not told by one",
                0.10,
                2e-4,
                f"{_SAME_TRADE_NAME} AND (trade_l IS NULL OR trade_r IS NULL)",
                rare="trade_name",
            ),
            Level("字号相同，行业词不同", "same trade name, another trade", 0.04, 5e-4, _SAME_TRADE_NAME, rare="trade_name"),
            Level("名称相近", "names alike", 0.08, 2e-3, level=levels.JaroWinklerLevel("name", 0.92)),
            _else(0.03, 0.995),
        ),
    ),
    Comparison(
        "regions",
        "地区",
        "region",
        ("region",),
        (Level("地区相同", "same region", 0.93, 0.12, "region_l = region_r"), _else(0.07, 0.88)),
    ),
    Comparison(
        "forms",
        "组织形式",
        "legal form",
        ("form",),
        (Level("组织形式相同", "same legal form", 0.95, 0.8, "form_l = form_r"), _else(0.05, 0.2)),
    ),
    Comparison(
        "codes",
        "信用代码",
        "credit code",
        ("code",),
        (
            Level(
                "代码只差一两个字符",
                "codes differ in one or two characters",
                0.7,
                1e-5,
                level=levels.DamerauLevenshteinLevel("code", 2),
            ),
            _else(0.3, 0.99999),
        ),
    ),
    Comparison(
        "addresses",
        "地址",
        "address",
        ("addresses",),
        (_array("addresses", 1, ("地址相同", "same address"), 0.6, 2e-4), _else(0.4, 0.9998)),
    ),
    Comparison(
        "phones",
        "电话",
        "phone",
        ("phones",),
        (_array("phones", 1, ("电话相同", "same phone"), 0.6, 1e-4), _else(0.4, 0.9999)),
    ),
    Comparison(
        "people",
        "人员",
        "people",
        ("people",),
        (
            _array("people", 2, ("至少两名高管或股东相同", "two officers or owners in common"), 0.35, 1e-5),
            _array("people", 1, ("一名高管或股东相同", "one officer or owner in common"), 0.35, 5e-4),
            _else(0.3, 0.9995),
        ),
    ),
    Comparison(
        "capitals",
        "注册资本",
        "registered capital",
        ("capital",),
        (Level("注册资本相同", "same registered capital", 0.75, 0.02, "capital_l = capital_r"), _else(0.25, 0.98)),
    ),
    Comparison(
        "founded",
        "成立日期",
        "day of founding",
        ("established",),
        (
            Level("成立日期相同", "founded on one day", 0.8, 5e-4, "established_l = established_r"),
            Level("成立年份相同", "founded in one year", 0.08, 0.05, "substr(established_l, 1, 4) = substr(established_r, 1, 4)"),
            _else(0.12, 0.95),
        ),
    ),
    Comparison(
        "industries",
        "行业",
        "industry",
        ("industry",),
        (Level("行业相同", "same industry", 0.85, 0.08, "substr(industry_l, 1, 3) = substr(industry_r, 1, 3)"), _else(0.15, 0.92)),
    ),
)
