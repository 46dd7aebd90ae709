"""What one firm is answered: what the bank has out to it, each limit that speaks of it, and what a new loan would do."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from graph.errors import InputError
from graph.knowledge.exposure.capital import Capital
from graph.knowledge.exposure.rules import LimitRule, LimitSettings

LOANS = ("working_capital", "fixed_asset", "advance", "other")
LINE = "credit_line"


@dataclass(frozen=True)
class Item:
    """A note or a line, as told and as counted. `gross_fen` null: no rate for its currency. `place`: file and line."""

    item: str
    component: str
    product: str | None
    amount_fen: int
    currency: str
    gross_fen: int | None
    margin_fen: int | None
    factor: float
    exposure_fen: int | None
    negative: bool
    row_type: str
    row_id: str
    file: str = ""
    sheet: str = ""
    line: int | None = None
    batch: str = ""


@dataclass(frozen=True)
class Amounts:
    """Fen: gross by component, what is taken off, and what each document counts."""

    drawn_fen: int
    off_balance_fen: int
    undrawn_fen: int
    margin_fen: int
    collateral_fen: int
    exposure_fen: int
    related_fen: int
    lex_fen: int


@dataclass(frozen=True)
class Group:
    """Who stands together with the firm, and what is out to all of them."""

    kind: str
    group: str
    members: tuple[str, ...]
    interbank: bool
    amounts: Amounts


@dataclass(frozen=True)
class LimitUse:
    """How far one limit is used. Null capital: no figure for that day; null `use`: nothing may be lent at all, or not known."""

    rule: LimitRule
    subject: str
    pending: bool
    amount_fen: int
    capital_fen: int | None
    capital_on: date | None
    limit_fen: int | None
    headroom_fen: int | None
    share: float | None
    use: float | None
    large: bool | None
    level: str
    missing: tuple[str, ...]


@dataclass(frozen=True)
class ExposureAnswer:
    """Everything about one firm on one day. `grouped`: `book`, `given`, or `not_computed`: then connected clients are not known."""

    firm: str
    day: date
    ledger_seq: int
    capital: Capital
    interbank: bool
    amounts: Amounts
    guaranteed_fen: int
    missing: tuple[str, ...]
    items: tuple[Item, ...]
    groups: tuple[Group, ...]
    grouped: str
    limits: tuple[LimitUse, ...]

    @property
    def binding(self) -> LimitUse | None:
        """The limit with the least headroom."""
        return tightest(self.limits)


def tightest(limits: tuple[LimitUse, ...]) -> LimitUse | None:
    """The limit that binds: the least headroom, of equal ones the first declared."""
    told = [(limit.headroom_fen, number) for number, limit in enumerate(limits) if limit.headroom_fen is not None]
    return limits[min(told)[1]] if told else None


def counted(add_fen: int, product: str, amount: str, settings: LimitSettings) -> int:
    """Fen by which a new credit raises an amount. It is taken to be new credit, not a drawing under an approved line.

    InputError for a product that nobody declares.
    """
    if product in LOANS:
        return add_fen
    factors: dict[str, Decimal] = {LINE: settings.factors.undrawn}
    factors.update((name, factor) for name, factor in settings.factors.off_balance.items())
    if product not in factors:
        raise InputError(f"There is no product '{product}'.", f"Known: {', '.join((*LOANS, *factors))}.", "product")
    if amount == "loans":
        return 0
    return int((add_fen * factors[product]).quantize(Decimal(1), ROUND_HALF_UP))


def after_loan(limits: tuple[LimitUse, ...], add_fen: int, product: str, settings: LimitSettings) -> tuple[LimitUse, ...]:
    """Each limit once the credit is granted. InputError for an amount below nothing."""
    if add_fen < 0:
        raise InputError(f"A new loan cannot be of {add_fen} fen.", "Ask with an amount of 0 or more.", "add_fen")
    return tuple(_raised(limit, counted(add_fen, product, limit.rule.amount, settings), settings) for limit in limits)


def _raised(limit: LimitUse, more: int, settings: LimitSettings) -> LimitUse:
    amount = limit.amount_fen + more
    if limit.capital_fen is None or limit.limit_fen is None:
        return replace(limit, amount_fen=amount)
    most = max(limit.capital_fen, 0) * limit.rule.limit
    large = settings.large.exposure if limit.rule.amount == "exposure" else settings.large.lex
    threshold = limit.capital_fen * large if limit.rule.capital == "tier1" else None
    return replace(
        limit,
        amount_fen=amount,
        headroom_fen=limit.limit_fen - amount,
        share=round(amount / limit.capital_fen, 9) if limit.capital_fen > 0 else None,
        use=round(amount / float(most), 9) if most > 0 else None,
        large=limit.large if threshold is None or limit.large is None else amount > 0 and amount > int(threshold),
        level=_level(amount, most, settings.warning, bool(limit.missing)),
    )


def _level(amount: int, most: Decimal, warning: Decimal, missing: bool) -> str:
    """As the book has it (`graph.knowledge.exposure.work`)."""
    if amount > most:
        return "over"
    if amount > 0 and amount >= most * warning:
        return "near"
    return "not_determinable" if missing else "within"
