"""Reads rule packs and refuses what is wrong with a message that names file, rule and field."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from alerts.rules.condition import parse_condition
from alerts.rules.lint import wrong_figures
from alerts.rules.rule import HOUSE, PackDoc, Rule, RuleDoc, SpeaksOf, cite
from alerts.rules.wording import check_template, facts_named
from alerts.said import RuleStatus, Sentence, Stage
from graph.errors import InputError


@dataclass(frozen=True)
class Packs:
    """Rules of all packs in order, and a hash that changes with any of them."""

    rules: tuple[Rule, ...]
    hash: str

    def of(self, stage: Stage) -> tuple[Rule, ...]:
        """The rules of one stage."""
        return tuple(rule for rule in self.rules if rule.stage is stage)


@cache
def shipped_packs() -> Packs:
    """The packs that Yujing ships with (`alerts/packs`)."""
    folder = files("alerts").joinpath("packs")
    texts = {item.name: item.read_text("utf-8") for item in folder.iterdir() if item.name.endswith(".yaml")}
    return _packs(sorted(texts.items()))


def load_packs(paths: Iterable[Path]) -> Packs:
    """A bank's own packs. InputError names the file, the rule and the field of the first mistake."""
    texts = []
    for path in sorted(paths):
        try:
            texts.append((path.name, path.read_text("utf-8")))
        except (OSError, UnicodeDecodeError) as problem:
            raise InputError(f"{path}: the pack cannot be read: {problem}", "Write it as a UTF-8 YAML file.", "pack") from None
    return _packs(texts)


def _packs(texts: Sequence[tuple[str, str]]) -> Packs:
    rules: list[Rule] = []
    for name, text in texts:
        for rule in _pack(name, text):
            if any(rule.id == other.id for other in rules):
                raise InputError(f"{name}: rule '{rule.id}': the id is taken already.", "Ids are unique over all packs.", "id")
            rules.append(rule)
    digest = hashlib.sha256("\x1f".join(part for pair in texts for part in pair).encode()).hexdigest()
    return Packs(tuple(rules), digest[:16])


def _pack(name: str, text: str) -> list[Rule]:
    try:
        plain = yaml.safe_load(text)
        doc = PackDoc.model_validate(plain)
    except yaml.YAMLError as problem:
        raise InputError(f"{name}: this is no YAML: {problem}", "Check indentation and quotes.", "pack") from None
    except ValidationError as problem:
        raise _misshapen(name, plain, problem) from None
    return [_rule(name, doc, rule) for rule in doc.rules]


def _misshapen(name: str, plain: Any, problem: ValidationError) -> InputError:
    first = problem.errors()[0]
    loc = list(first["loc"])
    where = f"{name}: "
    if len(loc) > 1 and loc[0] == "rules" and isinstance(loc[1], int):
        rule = plain["rules"][loc[1]]
        label = rule.get("id", f"number {loc[1] + 1}") if isinstance(rule, dict) else f"number {loc[1] + 1}"
        where, loc = f"{name}: rule '{label}': ", loc[2:]
    field = ".".join(str(part) for part in loc)
    return InputError(f"{where}{field}: {first['msg']}.", "alerts/packs/schema.json describes every field.", field)


def _rule(name: str, doc: PackDoc, rule: RuleDoc) -> Rule:
    try:
        return _made(doc, rule)
    except InputError as problem:
        raise InputError(f"{name}: rule '{rule.id}': {problem.field}: {problem.message}", problem.fix, problem.field) from None


def _made(doc: PackDoc, rule: RuleDoc) -> Rule:
    if (rule.status is RuleStatus.HOUSE) != (rule.source is None):
        raise InputError("A house rule has no source, every other rule has one.", "Set status or source.", "status")
    if rule.source is not None and rule.source not in doc.sources:
        raise InputError(f"The pack has no source '{rule.source}'.", f"Its sources: {', '.join(doc.sources)}.", "source")
    for field, template in (("says.zh", rule.says.zh), ("says.en", rule.says.en), ("do.zh", rule.do.zh), ("do.en", rule.do.en)):
        check_template(field, template, rule.stage)
    if facts_named(rule.says.zh) != facts_named(rule.says.en):
        raise InputError("The Chinese and the English sentence tell different figures.", "Name the same facts in both.", "says")
    made = Rule(
        id=rule.id,
        version=rule.version,
        pack=doc.pack,
        stage=rule.stage,
        grade=rule.grade,
        cause=rule.cause or rule.id,
        condition=parse_condition(rule.when, rule.stage),
        sentence=Sentence(rule.says.zh, rule.says.en),
        advice=Sentence(rule.do.zh, rule.do.en),
        citation=cite(doc.sources[rule.source] if rule.source else HOUSE, rule.article),
        status=rule.status,
        speaks_of=_speaks_of(doc, rule),
    )
    for wrong in wrong_figures(made):
        raise InputError(wrong.says, wrong.right, wrong.field)
    return made


def _speaks_of(doc: PackDoc, rule: RuleDoc) -> SpeaksOf:
    if rule.stage is Stage.POST_LOAN:
        return rule.speaks_of or doc.speaks_of
    if rule.speaks_of is not None:
        raise InputError("Only a post-loan rule chooses its clients.", "Take 'speaks_of' out.", "speaks_of")
    return SpeaksOf.EVERYONE
