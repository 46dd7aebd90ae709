"""What one firm is answered: who controls it over which chains, its beneficial owners, what is not known, what contradicts."""

from dataclasses import dataclass

from graph.network import Cut
from graph.store import Moment

_SEEN = 1e-7  # less is the order in which numbers were added


@dataclass(frozen=True)
class Link:
    """One relation of a chain, as the store tells it. Shares null where the source tells none."""

    rel: str
    type: str
    src: str
    dst: str
    equity: float | None
    votes: float | None
    valid_from: int


@dataclass(frozen=True)
class Chain:
    """A way of holdings down to the firm: `share` is the product of its equity shares, 60% of 60% being 36%.

    `steps`: of each step every relation that tells it; parallel ones are added up. `counted`: of each step the share that it counts
    for: below what is told where the shares of a firm add up to more than 1, and are scaled to 1.
    """

    nodes: tuple[str, ...]
    steps: tuple[tuple[Link, ...], ...]
    share: float
    counted: tuple[float, ...] = ()


@dataclass(frozen=True)
class Controller:
    """An entity that controls the firm. `acts_with`: the agreements by which it does, where it does so `joint`ly only."""

    id: str
    votes: float
    interest: float
    ultimate: bool
    joint: bool
    state: bool
    chains: tuple[Chain, ...]
    acts_with: tuple[Link, ...] = ()

    @property
    def beyond_chains(self) -> float:
        """Of `interest`, what no chain here tells: ways round a circle of holdings, and ways beyond those listed."""
        return _beyond(self.interest, self.chains)


@dataclass(frozen=True)
class BeneficialOwner:
    """A person who meets a test of article 6, or who stands in by a post."""

    id: str
    interest: float
    votes: float
    tests: tuple[str, ...]
    chains: tuple[Chain, ...]
    told_by: tuple[Link, ...] = ()  # the filed control, or the post

    @property
    def beyond_chains(self) -> float:
        """As of a controller."""
        return _beyond(self.interest, self.chains)


@dataclass(frozen=True)
class Missing:
    """A firm some of whose holders are not told, and how much of the firm asked for lies behind that.

    The firm asked for is named with a weight of 0 where it is the state's own: nobody but the state lies behind it.
    """

    id: str
    untold: float  # of that firm's own shares
    weight: float  # of the firm asked for


@dataclass(frozen=True)
class Finding:
    """Something that contradicts: its kind, the other entity, and the relation that tells it."""

    finding: str
    entity: str | None
    rel: str | None


@dataclass(frozen=True)
class ControlAnswer:
    """Everything about one firm on one day. `complete`: nothing was cut on the way up."""

    firm: str
    when: Moment
    version: str
    control: str
    owners: str
    known_equity: float
    known_votes: float
    unknown: float
    exempt: bool
    controllers: tuple[Controller, ...]
    deadlocked: tuple[str, ...]
    beneficial_owners: tuple[BeneficialOwner, ...]
    missing: tuple[Missing, ...]
    findings: tuple[Finding, ...]
    entities: int
    complete: bool
    cuts: tuple[Cut, ...]

    def links(self) -> tuple[Link, ...]:
        """Every relation that the answer rests on, each once."""
        found: dict[str, Link] = {}
        chains = [chain for each in self.controllers for chain in each.chains]
        chains += [chain for each in self.beneficial_owners for chain in each.chains]
        told = [link for each in self.controllers for link in each.acts_with]
        told += [link for each in self.beneficial_owners for link in each.told_by]
        found.update((link.rel, link) for chain in chains for step in chain.steps for link in step)
        found.update((link.rel, link) for link in told)
        return tuple(found.values())

    def mentioned(self) -> tuple[str, ...]:
        """Every entity that the answer names, each once."""
        ends = [end for link in self.links() for end in (link.src, link.dst)]
        named = [each.id for each in self.controllers] + [each.id for each in self.beneficial_owners]
        named += [each.id for each in self.missing]
        others = [each.entity for each in self.findings if each.entity]
        return tuple(dict.fromkeys([self.firm, *ends, *named, *self.deadlocked, *others]))


def _beyond(interest: float, chains: tuple[Chain, ...]) -> float:
    beyond = round(interest - sum(chain.share for chain in chains), 9)
    return beyond if beyond > _SEEN else 0.0
