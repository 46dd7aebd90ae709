"""Writes docs/rules.md and the editors' JSON Schema from the packs and the catalogue: `python -m alerts.rules.page`."""

import json
from collections.abc import Iterator
from pathlib import Path

from alerts.facts.catalogue import CATALOGUE
from alerts.facts.kinds import Fact
from alerts.rules.load import shipped_packs
from alerts.rules.rule import NEVER, PackDoc, Rule, SpeaksOf
from alerts.said import Citation, RuleStatus, Stage

PAGE = Path("docs/rules.md")
SCHEMA = Path("alerts/packs/schema.json")

_STAGES = {
    Stage.PRE_LOAN: "Before the loan 贷前 (red declines, orange refers, yellow is a note)",
    Stage.DRAWDOWN: "At drawdown 贷中 (red blocks, orange holds, yellow is a note)",
    Stage.POST_LOAN: "After the loan 贷后 (alerts: red, orange, yellow)",
}
_STATUS = {RuleStatus.CONFIRMED: "confirmed", RuleStatus.TO_CONFIRM: "**to confirm**", RuleStatus.HOUSE: "house"}

_INTRO = """# Rules and facts

This page is written by `python -m alerts.rules.page` from `alerts/packs` and `alerts/facts`; a test keeps it so.

A rule is a condition over named facts, a sentence in both languages, a citation and what to do. *Confirmed* means that the
figure was seen in a public text of the cited document, *to confirm* that it still has to be, *house* that it is the bank's own
threshold and cites nothing. A fact without a value never fires a rule: the alert says what could not be seen. A rule applies by
the day of the decision; where its source spares earlier contracts, by the day the contract was signed.

Conditions are SQL: comparisons, `AND`, `OR`, `NOT`, `+ - * /`, `IS NULL`, `IN`, `BETWEEN`, `COALESCE`, `ABS`, `LEAST`, `GREATEST`
over the facts below, and nothing else. Packs are YAML; editors read `alerts/packs/schema.json`. Post-loan rules of one cause
make one alert a firm, updated from day to day. Early warning speaks of *performing clients*: at most 90 days past due here and
nothing classed substandard or worse; on the others only overdue, classification and limits are raised. Beside the rules, the scan
raises the firms with the highest probability of default that are not overdue yet, as many as officers can look at in a month.

In a sentence `{fact:day/days}` is the word for one or for many, and of `[part|part]` only the parts that say something are told;
`[fact: words]` are told where the fact does.

House thresholds are calibrated on the invented bank (2,549 clients on 2026-03-31): before, 3,499 alerts, 343 clients with a red
one; now 985 alerts (0.39 a client), 140 clients (5.5%) with a red one.
"""

_EXAMPLES = """
## Requests

`yujing decide pre-loan BODY.json` and `POST /v1/decisions/pre-loan`:

```json
{"applicant": {"name": "示例纺织有限公司"}, "amount_fen": 500000000, "on": "2026-01-31",
 "product": "working_capital", "term_months": 12, "guarantors": [{"name": "示例印染有限公司"}],
 "collateral": [], "purpose": "采购原料", "declared": {"net_assets_fen": 2000000000}}
```

`yujing decide drawdown BODY.json` and `POST /v1/decisions/drawdown`:

```json
{"contract": "HT-2026-0001", "amount_fen": 300000000, "on": "2026-01-31",
 "payee": {"firm": {"name": "示例棉业有限公司"}}, "entrusted": true, "purpose": "支付货款"}
```
"""


def rules_page() -> str:
    """The whole page as Markdown."""
    return "\n".join((_INTRO, *_rules(), _EXAMPLES, *_facts())) + "\n"


def pack_schema() -> str:
    """JSON Schema of a pack, for editors."""
    return json.dumps(PackDoc.model_json_schema(), ensure_ascii=False, indent=2) + "\n"


def _rules() -> Iterator[str]:
    for stage, title in _STAGES.items():
        yield f"\n## {title}\n"
        yield "| rule | grade | fires when | says | source | status |"
        yield "| --- | --- | --- | --- | --- | --- |"
        yield from (_rule_line(rule) for rule in shipped_packs().of(stage))


def _rule_line(rule: Rule) -> str:
    says = f"{rule.sentence.zh}<br>{rule.sentence.en}"
    when = f"`{' '.join(rule.condition.text.split())}`"
    if rule.speaks_of is SpeaksOf.PERFORMING:
        when += ", performing clients"
    return f"| `{rule.id}` v{rule.version} | {rule.grade.value} | {when} | {says} | {_source(rule)} | {_STATUS[rule.status]} |"


def _source(rule: Rule) -> str:
    if rule.status is RuleStatus.HOUSE:
        return "house"
    cited: Citation = rule.citation
    until = "" if cited.in_force_to == NEVER else f" to {cited.in_force_to}"
    spares = "; earlier contracts keep the old rule" if cited.spares_earlier_contracts else ""
    article = f" {cited.article}" if cited.article else ""
    return f"{cited.issuer}, {cited.document} ({cited.year}){article}, in force from {cited.in_force_from}{until}{spares}"


def _facts() -> Iterator[str]:
    yield "\n## Facts\n"
    yield "| fact | 含义 | meaning | kind | unit | read from | stages |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    yield from (_fact_line(fact) for fact in CATALOGUE.values())


def _fact_line(fact: Fact) -> str:
    source = ", ".join(fact.feeds) or (", ".join(f"`{name}`" for name in fact.of) if fact.of else "the request")
    kind = fact.kind.value + (f": {', '.join(fact.values)}" if fact.values else "")
    stages = "all" if len(fact.stages) == len(Stage) else ", ".join(stage.value for stage in fact.stages)
    return f"| `{fact.name}` | {fact.zh} | {fact.en} | {kind} | {fact.unit.value} | {source} | {stages} |"


if __name__ == "__main__":
    PAGE.write_text(rules_page(), "utf-8")
    SCHEMA.write_text(pack_schema(), "utf-8")
