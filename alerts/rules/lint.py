"""Figures that circulate wrongly, and the right ones: a pack that cites a document with a figure it does not hold is refused.

The right figures are those of docs/rules.md; a house rule may set any threshold, for it claims no document.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alerts.said import RuleStatus

if TYPE_CHECKING:
    from alerts.rules.rule import Rule


@dataclass(frozen=True)
class WrongFigure:
    """What is wrong, where, and what the document says."""

    field: str
    says: str
    right: str


@dataclass(frozen=True)
class _Known:
    """The only figures that a document has for some facts (a name that begins so), and how a sentence would show a wrong one."""

    document: str
    facts: tuple[str, ...]
    right: tuple[float, ...]
    wrong_words: str
    says: str


_KNOWN = (
    _Known(
        "金融资产风险分类办法",
        ("days_past_due",),
        (0, 90, 270, 360),
        r"(180天|180日|180 days)",
        "Overdue over 90 days is substandard at least, over 270 doubtful, over 360 loss (not 180).",
    ),
    _Known(
        "金融资产风险分类办法",
        ("days_since_restructuring",),
        (365, 366),
        r"(六个月|6个月|半年|six months)",
        "A restructured loan is observed for at least one year (not six months).",
    ),
    _Known("金融资产风险分类办法", ("npl_share_here",), (0.10, 1), r"$^", "Over 10% of a debtor's claims at this bank."),
    _Known("金融资产风险分类办法", ("overdue_90_share_all_banks",), (0.20,), r"$^", "Over 20% of a debtor's debt across banks."),
    _Known(
        "大额风险暴露管理办法", ("loans_over", "loans_after"), (0.10,), r"$^", "Loans to one client: at most 10% of net capital."
    ),
    _Known(
        "大额风险暴露管理办法", ("exposure_over", "exposure_after"), (0.15, 0.025), r"$^", "One client: at most 15% of net tier 1."
    ),
    _Known("大额风险暴露管理办法", ("group_exposure",), (0.20,), r"$^", "Connected clients: at most 20% of net tier 1."),
    _Known(
        "关联交易管理办法",
        (),
        (0.10, 0.15, 0.50),
        r"25\s*%",
        "Related parties: one 10%, its group 15%, all 50% of last quarter's net capital (not 25%).",
    ),
)


def wrong_figures(rule: "Rule") -> Iterator[WrongFigure]:
    """Each figure in the rule's condition or sentences that the document it cites does not hold."""
    if rule.status is RuleStatus.HOUSE:
        return
    for known in _KNOWN:
        if known.document in rule.citation.document:
            yield from _in_condition(rule, known)
            yield from _in_sentences(rule, known)


def _in_condition(rule: "Rule", known: _Known) -> Iterator[WrongFigure]:
    for fact, figure in rule.condition.comparisons():
        about = not known.facts or fact.startswith(known.facts)
        if about and not any(abs(figure - right) < 1e-9 for right in known.right):
            yield WrongFigure("when", f"{rule.citation.document} has no figure {figure:g} for {fact}.", known.says)


def _in_sentences(rule: "Rule", known: _Known) -> Iterator[WrongFigure]:
    for field, text in (("says.zh", rule.sentence.zh), ("says.en", rule.sentence.en)):
        found = re.search(known.wrong_words, text)
        if found:
            yield WrongFigure(field, f"'{found.group()}' is not what {rule.citation.document} says.", known.says)
