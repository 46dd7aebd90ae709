"""Who is behind the ends of payments, seen from each borrower: itself, its group, a guarantor, somebody else, or nobody known."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.knowledge.flows.moves import Bools, Ints

NOBODY = -1
OTHER, HOME, GROUP, GUARANTOR = 0, 1, 2, 3


@dataclass(frozen=True)
class Parties:
    """`owner`: of each node the number of who owns it (a firm or a person owns itself), NOBODY where that is not told.

    `says`: of each node the end that its owner's trade speaks of (`ends.Words`), 0 for none; `is_note`: whether it is a loan.
    `roles`: borrower and other, as borrower number times `scale` plus other, sorted; `role` beside it.
    """

    owner: Ints
    says: npt.NDArray[np.int8]
    is_note: Bools
    scale: int
    roles: Ints
    role: npt.NDArray[np.int8]

    @classmethod
    def of(
        cls, owner: Ints, says: npt.NDArray[np.int8], is_note: Bools, told: tuple[Ints, Ints, npt.NDArray[np.int8]]
    ) -> "Parties":
        """`told`: borrower, other, role. Of several roles the first of HOME, GROUP, GUARANTOR counts."""
        scale = max(len(owner), 1)
        keys = told[0] * scale + told[1]
        order = np.lexsort((told[2], keys))
        keys, role = keys[order], told[2][order]
        first = np.ones(len(keys), bool)
        first[1:] = keys[1:] != keys[:-1]
        return cls(owner, says, is_note, scale, keys[first], role[first])

    def seen_from(self, borrower: Ints, node: Ints) -> npt.NDArray[np.int8]:
        """The role of each node's owner for each borrower."""
        owner = self.owner[node]
        wanted = borrower * self.scale + owner
        at = np.minimum(np.searchsorted(self.roles, wanted), max(len(self.roles) - 1, 0))
        found = np.zeros(len(node), np.int8)
        if len(self.roles):
            found = np.where((self.roles[at] == wanted) & (owner >= 0), self.role[at], np.int8(OTHER))
        return np.where((owner == borrower) & (owner >= 0), np.int8(HOME), found).astype(np.int8)
