"""What a draft consists of: guesses, each with its confidence (0 to 1) and the reason for it."""

from dataclasses import dataclass, field

from graph.ontology import LedgerType, Property
from ingest.manifest import DateForm
from ingest.propose.look import Look, SetAside
from ingest.propose.profile import Profile

SURE = 0.75
"""Below it a guess is marked for a person to confirm."""
LIKELY = 0.55
"""Below it a guess is only written as a comment."""


@dataclass(frozen=True)
class Guess:
    """One column in one place."""

    column: str
    score: float
    why: str


@dataclass(frozen=True)
class PropertyGuess(Guess):
    """A column as a property, with what the manifest says of its values.

    `unmatched` words mean no value that is known; `loosely` has the known word for each that was read by it alone (流动资金类).
    """

    prop: Property
    unit: str = ""
    dates: tuple[DateForm, ...] = ()
    values: dict[str, str] = field(default_factory=dict)
    unmatched: tuple[str, ...] = ()
    loosely: dict[str, str] = field(default_factory=dict)
    rounded: bool = False

    @property
    def usable(self) -> bool:
        """A choice of whose words none is known would refuse every row."""
        return not (self.unmatched and not self.values)


@dataclass(frozen=True)
class EndGuess(Guess):
    """A column as the key of a record: the row's own, an end, or a subject."""

    type: str
    source: str
    personal: str = ""


@dataclass(frozen=True)
class ClockGuess(Guess):
    """A column as a clock, or a constant day where no column says one."""

    dates: tuple[DateForm, ...] = ()
    constant: str = ""


@dataclass(frozen=True)
class Identity:
    """How rows are told apart: `key` unique, or `identify_by` counted."""

    unique: bool
    columns: tuple[str, ...]
    why: str


@dataclass
class YieldDraft:
    """What each row says, as far as found. `ends`: role (id, src, dst, subject) to guess."""

    kind: LedgerType
    score: float
    ends: dict[str, EndGuess]
    properties: dict[str, PropertyGuess]
    why: str
    clocks: dict[str, ClockGuess] = field(default_factory=dict)
    currency: Guess | None = None
    identity: Identity | None = None
    when: tuple[str, str | None] | None = None  # column, and what it must say; None: anything

    @property
    def columns(self) -> set[str]:
        """Columns that it reads, but for those that only tell rows apart."""
        named = {guess.column for guess in (*self.ends.values(), *self.properties.values(), *self.clocks.values())}
        named |= {self.currency.column} if self.currency else set()
        return (named | ({self.when[0]} if self.when else set())) - {""}


@dataclass
class FileDraft:
    """One source with what it yields. `ignored` says of every other column why it is left out; `doubtful` what it might be."""

    look: Look
    profiles: dict[str, Profile]
    yields: list[YieldDraft] = field(default_factory=list)
    ignored: dict[str, str] = field(default_factory=dict)
    doubtful: list[PropertyGuess] = field(default_factory=list)


@dataclass(frozen=True)
class Draft:
    """A whole proposal."""

    name: str
    files: tuple[FileDraft, ...]
    aside: tuple[SetAside, ...] = ()
    ontology: str = ""
