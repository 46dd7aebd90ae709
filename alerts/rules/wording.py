"""What a sentence template may hold, and how it becomes a sentence.

`{fact}` is the fact's figure with its unit, `{fact:day/days}` the first word for one and the second for any other number.
`[a|b|c]` is a list of parts: a part is told only where it says something, and what is left is joined. A part says something
when none of its figures is unknown, no, zero, or the usual state of affairs; `[fact: words]` asks that of a fact it does not show.
"""

import re
from collections.abc import Callable, Mapping
from string import Formatter

from alerts.facts.catalogue import find_fact
from alerts.facts.kinds import FactKind
from alerts.rules.figures import shown
from alerts.said import FigureValue, Sentence, Stage
from graph.errors import InputError

_LIST = re.compile(r"\[([^\[\]]*)\]")
_GUARD = re.compile(r"([a-z][a-z0-9_]*):\s*")
_PLURAL = re.compile(r"[^/{}]+/[^/{}]+")
_USUAL = ("active", "normal")

_Told = Callable[[str, FigureValue], str]
_Joined = Callable[[list[str]], str]


def facts_named(template: str) -> set[str]:
    """The facts that a template shows or asks about. ValueError where braces do not match."""
    guards = {guard.group(1) for listed in _LIST.findall(template) for guard in map(_GUARD.match, listed.split("|")) if guard}
    return guards | {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def check_template(field: str, template: str, stage: Stage) -> None:
    """InputError where the template holds more than its grammar, or a fact that the stage does not know."""
    try:
        parts = list(Formatter().parse(template))
        names = facts_named(template)
    except ValueError as problem:
        raise InputError(f"'{template[:40]}' is no template: {problem}.", "Write {fact}.", field) from None
    if re.search(r"[\[\]]", _LIST.sub("", template)):
        raise InputError(f"'{template[:40]}' has a bracket without its other half.", "Write [part|part].", field)
    for _, name, form, conversion in parts:
        if name is not None and (conversion or not name.isidentifier() or (form and not _counts(name, form))):
            raise InputError(f"'{{{name}}}' is more than a fact's name.", "Write {fact}, or {fact:one/many} after a number.", field)
    for name in sorted(names):
        if stage not in find_fact(name).stages:
            raise InputError(f"Fact '{name}' is not known at stage {stage.value}.", "", field)


def fill(template: Sentence, figures: Mapping[str, FigureValue]) -> Sentence:
    """The sentence with its figures; a null outside a list reads "未知 / unknown"."""
    return Sentence(
        _filled(template.zh, figures, lambda name, value: shown(name, value).zh, _joined_zh),
        _filled(template.en, figures, lambda name, value: shown(name, value).en, _joined_en),
    )


def _counts(name: str, form: str) -> bool:
    return _PLURAL.fullmatch(form) is not None and find_fact(name).kind is FactKind.NUMBER


def _filled(template: str, figures: Mapping[str, FigureValue], told: _Told, joined: _Joined) -> str:
    listed = _LIST.sub(lambda found: joined(_said(found.group(1), figures)), template)
    return "".join(
        text + (_one(name, form or "", figures[name], told) if name is not None else "")
        for text, name, form, _ in Formatter().parse(listed)
    )


def _one(name: str, form: str, value: FigureValue, told: _Told) -> str:
    if not form:
        return told(name, value)
    one, many = form.split("/")
    return one if value == 1 else many


def _said(listed: str, figures: Mapping[str, FigureValue]) -> list[str]:
    """The parts of a list that say something, without their guards."""
    return [_bare(part) for part in listed.split("|") if all(_tells(figures.get(name)) for name in facts_named(f"[{part}]"))]


def _bare(part: str) -> str:
    guard = _GUARD.match(part)
    return part[guard.end() :] if guard else part


def _tells(value: FigureValue) -> bool:
    return bool(value) and value not in _USUAL


def _joined_zh(parts: list[str]) -> str:
    return "，".join(parts)


def _joined_en(parts: list[str]) -> str:
    return " and ".join(part for part in (", ".join(parts[:-1]), *parts[-1:]) if part)
