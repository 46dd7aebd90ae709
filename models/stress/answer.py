"""What a stress run says, in the shape that files, the command line and the API share. Money is fen, days are dates."""

from datetime import date
from typing import Annotated

from pydantic import Field

from models.contagion.settings import Strict
from models.stress.scenario import Scenario

Fen = Annotated[int, Field(description="fen of CNY")]


class Said(Strict):
    """Chinese and English."""

    zh: str
    en: str


class Place(Strict):
    """The row that tells of an edge: what the bank handed in."""

    table: str
    id: str
    file: str
    sheet: str
    line: int | None
    batch: str


class Edge(Strict):
    """By what it was hit: a call of a guarantee, a trade debt or a holding in `sender`, which fell in `round` - 1."""

    kind: str
    said: Said
    round: int
    sender: str
    sender_name: str
    lost_fen: Fen
    asked_fen: Annotated[int, Field(description="fen; of a guarantee what was called, else as lost_fen")]
    row: Place | None


class Fall(Strict):
    """A firm that fell: in which round, why, and what the bank loses by it."""

    firm: str
    name: str
    industry: str | None
    region: str | None
    branch: str | None
    round: Annotated[int, Field(description="0: hit by the scenario itself")]
    reason: str
    said: Said
    equity_fen: Annotated[int | None, Field(description="fen; null where it is not known")]
    lost_fen: Annotated[int, Field(description="fen that it lost in all, the shock included")]
    credit_fen: Fen
    guarantors_paid_fen: Fen
    bank_loss_fen: Fen
    edges: Annotated[tuple[Edge, ...], Field(description="the largest first, those that arrived by the round of its fall")]


class Spread(Strict):
    """The central run: the scenario as told, nobody drawn."""

    shocked: Annotated[int, Field(description="firms that fell in round 0")]
    fell: int
    rounds: int
    by_round: tuple[int, ...]
    credit_fen: Fen
    guarantors_paid_fen: Fen
    bank_loss_fen: Fen
    distressed: Annotated[float, Field(description="linear DebtRank: part of all credit that is distressed beyond the shock")]
    unpaid_trade_fen: Annotated[int, Field(description="clearing with default costs: trade debt left unpaid because of the shock")]


class Quantile(Strict):
    level: float
    loss_fen: Fen


class Part(Strict):
    """One branch, industry or region. `expected_fen`: mean over runs, or of the central run where nothing was drawn."""

    value: str
    firms: int
    credit_fen: Fen
    expected_fen: Fen
    fell: Annotated[float, Field(description="firms that fell, mean over runs")]
    quantile_99_fen: int | None


class Drawing(Strict):
    """Over all runs. `own_fen`: on firms that fell in round 0; the rest of `expected_fen` came by contagion."""

    runs: int
    seed: int
    correlation: float
    score_run: str
    model: str
    horizon_days: int
    scored: int
    unscored: Annotated[int, Field(description="performing firms with credit that have no score: they are not drawn")]
    expected_fen: Fen
    standard_error_fen: Fen
    own_fen: Fen
    quantiles: tuple[Quantile, ...]
    shortfall_99_fen: Annotated[int, Field(description="mean loss of the worst 1% of runs, fen")]


class Likely(Strict):
    """A firm that falls in many runs; `alone`: in how many of them by itself."""

    firm: str
    name: str
    fell: Annotated[float, Field(description="share of runs")]
    alone: Annotated[float, Field(description="share of runs")]
    expected_fen: Fen


class GroupMove(Strict):
    """A group client or a set of connected clients: how much of it falls."""

    kind: str
    group: str
    members: int
    fell: int
    fell_mean: float
    credit_fen: Fen
    expected_fen: Fen


class LimitMove(Strict):
    """A use of a limit whose level is another one after the losses. Capital is less by the expected loss."""

    subject: str
    name: str
    rule: str
    before: str
    after: str
    use_before: float | None
    use_after: float | None
    amount_before_fen: Fen
    amount_after_fen: Fen
    limit_before_fen: int
    limit_after_fen: int


class Limits(Strict):
    """`capital_fen` net capital before and after; `levels`: uses by level, before and after. None of it where not computed."""

    capital_before_fen: int | None
    capital_after_fen: int | None
    levels: dict[str, tuple[int, int]]
    moves: tuple[LimitMove, ...]
    said: Said | None


class StressAnswer(Strict):
    """One scenario on one day."""

    as_of: date
    ledger_seq: int
    scenario: Scenario
    scope: str
    firms: int
    edges: int
    central: Spread
    falls: Annotated[tuple[Fall, ...], Field(description="the largest losses of the bank first, as many as were asked for")]
    drawing: Drawing | None
    likely: tuple[Likely, ...]
    branches: tuple[Part, ...]
    industries: tuple[Part, ...]
    regions: tuple[Part, ...]
    groups: tuple[GroupMove, ...]
    limits: Limits
    left_out: Annotated[dict[str, int], Field(description="what reading the network left out or assumed, in counts")]
    assumptions: Annotated[tuple[Said, ...], Field(description="what this rests on")]


class Change(Strict):
    """One figure under two scenarios."""

    what: str
    said: Said
    first: float
    second: float


class Comparison(Strict):
    """Two scenarios of one day and one seed; `only_first`, `only_second`: firms that fall in the one alone (central run)."""

    first: StressAnswer
    second: StressAnswer
    changes: tuple[Change, ...]
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
