"""Templates into answers: escaped always, words by language, figures as officers read them."""

from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from math import exp
from typing import Any

from fastapi import Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from alerts.facts import CATALOGUE, Unit
from alerts.said import FigureValue, Row, ScoreSplit, Sentence
from api.answers import readable
from api.console import words
from api.console.page import Page
from api.console.words import Language
from api.masking import mask_tokens
from graph.ontology import Kind, Ontology

_BAR = 600.0  # width of the score bar in its own units
_FULL_AT = 0.4  # a probability that fills the bar; above it the bar's scale is the probability itself


@dataclass(frozen=True)
class ScoreBar:
    """A score as two stretches of one bar: alone, and what relations add (or take away)."""

    alone: float
    probability: float
    own_width: float
    contagion_width: float


def score_bar(score: ScoreSplit) -> ScoreBar:
    """`alone` = 1 / (1 + exp(-own)): the probability without the part that arrives over relations."""
    alone = 1 / (1 + exp(-score.own))
    scale = _BAR / max(_FULL_AT, alone, score.probability)
    low, high = sorted((alone, score.probability))
    return ScoreBar(alone, score.probability, round(low * scale, 1), round((high - low) * scale, 1))


def render(page: Page, template: str, **values: Any) -> Response:
    """A page that browsers may keep but must ask about again."""
    return readable(page.request, _text(page, template, values), "text/html; charset=utf-8")


def render_error(page: Page, status: int, **values: Any) -> HTMLResponse:
    """A page that says what is wrong; never kept."""
    return HTMLResponse(_text(page, "error.html", values), status, {"Cache-Control": "no-store"})


def render_refused_sign_in(page: Page, message: str) -> HTMLResponse:
    """The form again, and why the key was not taken; never kept."""
    return HTMLResponse(_text(page, "sign_in.html", {"refused": message}), 401, {"Cache-Control": "no-store"})


def _text(page: Page, template: str, values: dict[str, Any]) -> bytes:
    return mask_tokens(_environment().get_template(template).render(page=page, **_helpers(page.language), **values).encode())


@cache
def _environment() -> Environment:
    loader = PackageLoader("api.console")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def _helpers(language: Language) -> dict[str, Any]:
    return {
        "t": partial(words.say, language=language),
        "s": partial(_sentence, language=language),
        "money": partial(words.money, language=language),
        "day": partial(words.day, language=language),
        "odds": partial(words.odds, language=language),
        "percent": words.percent,
        "score_bar": score_bar,
        "fact": partial(_fact_name, language=language),
        "figure": partial(_figure, language=language),
    }


def _sentence(sentence: Sentence, language: Language) -> str:
    return sentence.zh if language == "zh" else sentence.en


def _fact_name(name: str, language: Language) -> str:
    fact = CATALOGUE.get(name)  # an alert of long ago may name a fact that is no more
    if fact is None:
        return words.say(name, language)
    return fact.zh if language == "zh" else fact.en


def _figure(name: str, value: FigureValue, language: Language) -> str:
    """A fact's value in the unit that the catalogue gives it."""
    match value:
        case None:
            return "—"
        case bool():
            return words.say("yes" if value else "no", language)
        case date():
            return words.day(value, language)
        case str():
            return words.say(value, language)
    unit = CATALOGUE[name].unit if name in CATALOGUE else Unit.NONE
    if unit is Unit.CNY:
        return words.money(round(value * 100), language)
    return words.percent(value) if unit is Unit.SHARE else f"{value:,.4g}"


def property_label(ontology: Ontology, type_name: str, name: str, language: Language) -> str:
    """What a column of the ledger is called: 借据状态 · 逾期天数."""
    if language == "en" or type_name not in ontology.types:
        return f"{type_name} · {name}".replace("_", " ")
    kind = ontology.types[type_name]
    label = next((p.zh for p in kind.properties if p.name == name), name)
    return f"{kind.zh} · {label}"


def property_value(ontology: Ontology, row: Row, language: Language) -> str:
    """A row's value as its property's kind is read: money in 万 or million, choices by their word."""
    properties = ontology.types[row.type].properties if row.type in ontology.types else ()
    kind = next((p.kind for p in properties if p.name == row.property), Kind.TEXT)
    if kind is Kind.MONEY and row.value.lstrip("-").isdigit():
        return words.money(int(row.value), language)
    return words.say(row.value, language) if kind is Kind.CHOICE else row.value
