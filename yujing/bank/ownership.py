"""Who owns, controls and runs the firms: holding chains, cross-holdings, controllers of several firms, kin."""

from dataclasses import dataclass

import numpy as np

from yujing.bank.firms import GUARANTEE_COMPANY, STATE_OWNER, Firms, Persons
from yujing.bank.plan import BankPlan, Bools, Days, Floats, Ints

_ROLES = ("legal_representative", "director", "supervisor", "manager", "finance_head")
KINSHIPS = (("配偶", 1), ("父母子女", 1), ("兄弟姐妹", 2), ("姻亲", 3))


@dataclass(frozen=True)
class Holdings:
    """A holding an entry; `by_firm` says whether `holder` is a firm or a person."""

    by_firm: Bools
    holder: Ints
    firm: Ints
    share: Floats
    since: Days


@dataclass(frozen=True)
class Posts:
    """A post an entry: who serves whom, and as what (the position in `role_names`)."""

    person: Ints
    firm: Ints
    role: Ints

    role_names = _ROLES


@dataclass(frozen=True)
class Ties:
    """Ties between two persons: kin (`kind` is a position in `KINSHIPS`) or acting in concert (no kind)."""

    first: Ints
    second: Ints
    kind: Ints


@dataclass(frozen=True)
class Ownership:
    """`parent` is the firm that holds the majority (-1: none), `controller` the person behind the firm (-1: the state)."""

    holdings: Holdings
    posts: Posts
    kin: Ties
    concert: Ties
    parent: Ints
    group: Ints  # the topmost firm above each firm; itself where it has no parent
    controller: Ints
    filed: Bools  # whether the group of this topmost firm is known to the bank as a group


def invent_ownership(plan: BankPlan, firms: Firms, persons: Persons) -> Ownership:
    """Draws parents first, then the person behind each topmost firm, then the shares that make it so."""
    rng = plan.rng("ownership")
    parent = _parents(rng, firms)
    group = _tops(parent)
    controller = _controllers(rng, firms, persons, group)
    spouses = np.arange(persons.count) ^ 1  # persons 2k and 2k+1 are married where both exist
    return Ownership(
        holdings=_holdings(rng, firms, persons, parent, controller),
        posts=_posts(rng, firms, persons, controller),
        kin=_kin(rng, persons, controller, spouses),
        concert=_concert(rng, firms, controller, persons),
        parent=parent,
        group=group,
        controller=controller,
        filed=rng.random(firms.count) < 0.65,
    )


def _parents(rng: np.random.Generator, firms: Firms) -> Ints:
    """One firm in six has a parent, which is bigger or comes earlier, so that no chain returns to itself."""
    n = firms.count
    parent = np.full(n, -1, dtype=np.int64)
    order = np.lexsort((rng.random(n), firms.size))
    order = order[~np.isin(order, (STATE_OWNER, GUARANTEE_COMPANY))]
    heads = order[: max(4, n // 18)]
    free = order[len(heads) :]
    children = rng.choice(free, int(n * 0.16), replace=False)
    popularity = rng.pareto(1.6, len(heads)) + 0.3
    parent[children] = rng.choice(heads, len(children), p=popularity / popularity.sum())
    upper = rng.choice(heads[len(heads) // 2 :], len(heads) // 6, replace=False)
    parent[upper] = rng.choice(heads[: len(heads) // 2], len(upper))
    parent[firms.state_owned & (parent < 0)] = STATE_OWNER
    parent[STATE_OWNER], parent[GUARANTEE_COMPANY] = -1, STATE_OWNER
    return parent


def _tops(parent: Ints) -> Ints:
    top = np.where((parent < 0) | (parent == STATE_OWNER), np.arange(len(parent)), parent)
    for _ in range(6):
        top = top[top]
    return top


def _controllers(rng: np.random.Generator, firms: Firms, persons: Persons, group: Ints) -> Ints:
    """One person a topmost firm; an eighth of these firms have one who controls another already."""
    tops = np.unique(group)
    behind = np.full(firms.count, -1, dtype=np.int64)
    behind[tops] = rng.choice(persons.count, len(tops), replace=False)
    many = rng.permutation(tops)[: len(tops) // 8]
    few = rng.choice(np.setdiff1d(tops, many), max(1, len(many) * 2 // 3), replace=False)
    behind[many] = behind[rng.choice(few, len(many))]
    controller = behind[group]
    state = firms.state_owned[group] | np.isin(group, (STATE_OWNER, GUARANTEE_COMPANY))
    return np.where(state, -1, controller)


def _holdings(rng: np.random.Generator, firms: Firms, persons: Persons, parent: Ints, controller: Ints) -> Holdings:
    """Parent or controller holds the majority, others the rest; a few firms hold each other crosswise."""
    n = firms.count
    every = np.arange(n)
    major = np.where(rng.random(n) < 0.3, 1.0, np.round(rng.uniform(0.51, 0.95, n), 4))
    owned, private = parent >= 0, (parent < 0) & (controller >= 0)
    rest = 1.0 - major
    second = rng.integers(0, persons.count, n)
    split = (rest > 0.12) & (rng.random(n) < 0.5)
    third = rng.integers(0, persons.count, n)
    second_share = np.where(split, np.round(rest * 0.6, 4), rest)
    has_second = (rest > 0) & (owned | private)
    crossed = np.flatnonzero((rest > 0.2) & private & ~split)
    crossed = rng.permutation(crossed)[: max(2, n // 50)]
    pairs = crossed[: len(crossed) // 2 * 2].reshape(-1, 2)
    has_second[pairs.ravel()] = False
    partner = np.full(n, -1, dtype=np.int64)
    partner[pairs[:, 0]], partner[pairs[:, 1]] = pairs[:, 1], pairs[:, 0]
    cross = np.flatnonzero(partner >= 0)
    parts = (
        (True, parent[owned], every[owned], major[owned]),
        (False, controller[private], every[private], major[private]),
        (False, second[has_second], every[has_second], second_share[has_second]),
        (False, third[split & has_second], every[split & has_second], (rest - second_share)[split & has_second]),
        (True, partner[cross], every[cross], rest[cross]),
    )
    firm = np.concatenate([part[2] for part in parts])
    return Holdings(
        by_firm=np.concatenate([np.full(len(part[1]), part[0]) for part in parts]),
        holder=np.concatenate([part[1] for part in parts]),
        firm=firm,
        share=np.round(np.concatenate([part[3] for part in parts]), 4),
        since=firms.established[firm],
    )


def _posts(rng: np.random.Generator, firms: Firms, persons: Persons, controller: Ints) -> Posts:
    """The controller is the legal representative of four firms in five; other posts go to anyone, some to several."""
    n = firms.count
    every = np.arange(n)
    anyone = rng.integers(0, persons.count, (n, len(_ROLES)))
    legal = np.where((controller >= 0) & (rng.random(n) < 0.8), controller, anyone[:, 0])
    holders = [legal, *(anyone[:, k] for k in range(1, len(_ROLES)))]
    keep = [np.ones(n, bool), firms.size <= 2, firms.size <= 1, firms.size <= 2, firms.size <= 1]
    return Posts(
        person=np.concatenate([h[k] for h, k in zip(holders, keep, strict=True)]),
        firm=np.concatenate([every[k] for k in keep]),
        role=np.concatenate([np.full(int(k.sum()), i) for i, k in enumerate(keep)]),
    )


def _kin(rng: np.random.Generator, persons: Persons, controller: Ints, spouses: Ints) -> Ties:
    """Controllers are married; some are kin of another firm's controller."""
    behind = np.unique(controller[controller >= 0])
    married = behind[(spouses[behind] < persons.count) & (rng.random(len(behind)) < 0.7)]
    related = rng.permutation(behind)[: len(behind) // 8 // 2 * 2].reshape(-1, 2)
    first = np.concatenate([married, related[:, 0]])
    second = np.concatenate([spouses[married], related[:, 1]])
    kind = np.concatenate([np.zeros(len(married), np.int64), rng.integers(1, 4, len(related))])
    low, high = np.minimum(first, second), np.maximum(first, second)
    _, once = np.unique(low * persons.count + high, return_index=True)
    return Ties(low[once], high[once], kind[once])


def _concert(rng: np.random.Generator, firms: Firms, controller: Ints, persons: Persons) -> Ties:
    chosen = rng.permutation(np.flatnonzero(controller >= 0))[: max(3, firms.count // 60)]
    other = rng.integers(0, persons.count, len(chosen))
    apart = controller[chosen] != other
    return Ties(controller[chosen][apart], other[apart], np.zeros(int(apart.sum()), np.int64))
