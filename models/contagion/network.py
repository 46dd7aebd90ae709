"""The network that everything here runs on: firms with their balance sheets, claims between them, guarantees, the bank's credit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
from scipy import sparse

from graph.errors import NotFoundError
from models.contagion.arrays import Flags, Floats, Index, claims_matrix, leverage, numbered, summed
from models.contagion.clearing import Balances
from models.contagion.guarantees import Guarantees

TRADE, HOLDING, GUARANTEE = 0, 1, 2
KINDS = ("trade", "holding", "guarantee")


@dataclass(frozen=True)
class Sheets:
    """Fen, [firms]. `equity` > 0, infinite where it is not known: such a firm absorbs, and pays no guarantee. `cash`: liquid funds.

    `credit`: what it owes this bank; `collateral`: what its own collateral brings, net of haircuts; `realty`: the part of
    that which moves with property prices. `performing`: not in default.
    """

    equity: Floats
    assets: Floats
    liabilities: Floats
    cash: Floats
    revenue: Floats
    credit: Floats
    collateral: Floats
    realty: Floats
    performing: Flags


@dataclass(frozen=True)
class Claims:
    """Firm `creditor[k]` has `amount[k]` fen at stake in `debtor[k]`; `kind`: TRADE or HOLDING.

    `types`, `rels`: the relation that tells it; where several rows make one claim (invoices of one pair), the largest.
    """

    creditor: Index
    debtor: Index
    amount: Floats
    kind: Index
    types: pa.Array
    rels: pa.Array


@dataclass(frozen=True)
class FirmNetwork:
    """`firms`: entity ids in ascending order; `about`: columns name, industry, region, branch, in that order of firms.

    `told`: what was left out or assumed in reading, in counts.
    """

    firms: pa.Array
    about: pa.Table
    sheets: Sheets
    claims: Claims
    guarantees: Guarantees
    guarantee_rels: pa.Array
    told: Mapping[str, int]

    @property
    def size(self) -> int:
        return len(self.firms)

    @cached_property
    def _places(self) -> dict[str, int]:
        return numbered(self.firms.to_pylist())

    def place(self, firm: str) -> int:
        """Position of a firm. NotFoundError for one that is not in the network."""
        if firm not in self._places:
            raise NotFoundError(f"'{firm}' is not in this network.", "Ask for a firm that the bank knew on that day.", "firm")
        return self._places[firm]

    def places(self, firms: Iterable[str]) -> Index:
        """Positions of those of `firms` that are in the network."""
        found = [self._places[firm] for firm in firms if firm in self._places]
        return np.array(found, np.int64)

    @cached_property
    def by_debtor(self) -> tuple[Index, Index]:
        """Claims in order of their debtors, and the offsets of each."""
        order = np.argsort(self.claims.debtor, kind="stable")
        counts = np.bincount(self.claims.debtor, minlength=self.size)
        return order, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

    @cached_property
    def called(self) -> Floats:
        """What a guarantor stands to pay if the debtor fails and all others can pay: fen, [guarantees].

        The uncovered part of the debt is borne by joint guarantors in proportion to caps, by ordinary ones where nobody is joint.
        """
        book = self.guarantees
        uncovered = np.maximum(self.sheets.credit - self.sheets.collateral, 0.0)
        caps = summed(book.debtor, np.where(book.joint, book.cap, 0.0), self.size)
        every = summed(book.debtor, book.cap, self.size)
        total = np.where(caps > 0, caps, every)[book.debtor]
        weight = np.where(book.joint | (caps[book.debtor] == 0), book.cap, 0.0)
        part = np.divide(weight, total, out=np.zeros_like(total), where=total > 0)
        return np.asarray(np.minimum(book.cap, uncovered[book.debtor] * part), np.float64)

    @cached_property
    def exposures(self) -> sparse.csr_array:
        """claims[i, j]: what i loses if j fails and nothing comes back: trade debt, holdings, guarantees called. Fen."""
        ends = [(self.claims.creditor, self.claims.debtor, self.claims.amount)]
        ends.append((self.guarantees.guarantor, self.guarantees.debtor, self.called))
        creditor, debtor, amount = (np.concatenate(each) for each in zip(*ends, strict=True))
        return claims_matrix(creditor, debtor, amount, self.size)

    @cached_property
    def leverage(self) -> sparse.csr_array:
        """`exposures` over the creditor's equity, as DebtRank takes it."""
        return leverage(self.exposures, self.sheets.equity)

    def balances(self, lost: Floats | None = None) -> Balances:
        """For clearing: trade debt is owed between firms; all other debt to outside, pari passu; assets outside are what is left
        of all assets without that trade, less `lost`. Holdings are no debt and stay among the assets. Without a balance sheet a
        firm is taken to have assets for all that it owes.
        """
        trade = self.claims.kind == TRADE
        parts = (self.claims.debtor[trade], self.claims.creditor[trade], self.claims.amount[trade])
        owed_by = claims_matrix(*parts, self.size)
        owes = np.asarray(owed_by.sum(axis=1)).ravel()
        gets = np.asarray(owed_by.sum(axis=0)).ravel()
        debts = np.maximum(self.sheets.liabilities, self.sheets.credit)
        outside = np.maximum(debts - owes, 0.0)
        known = np.isfinite(self.sheets.equity)
        assets = np.where(known, np.maximum(self.sheets.assets, self.sheets.equity + owes + outside), owes + outside + gets)
        left = np.maximum(assets - gets - (0.0 if lost is None else lost), 0.0)
        return Balances(owed_by, left, outside)

    def without_claims(self) -> "FirmNetwork":
        """Guarantees alone."""
        none = np.empty(0, np.int64)
        return replace(self, claims=Claims(none, none, np.empty(0), none, self.claims.types[:0], self.claims.rels[:0]))

    def with_sheets(self, **changed: Floats | Flags) -> "FirmNetwork":
        """The same network with other figures."""
        sheets = replace(self.sheets, **changed)  # type: ignore[arg-type]
        return replace(self, sheets=sheets)
