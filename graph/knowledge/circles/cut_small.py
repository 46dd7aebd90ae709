"""The cheapest cut of many small circles at once, by the best order of their members.

A cut leaves no circle exactly where what is left leads onward in some order of the members. Of the best order of a set S of
members that come first, with v last of them, the arcs from v back into S are cut:

    C[S] = min over v in S of  C[S - v] + cost of arcs from v to S - v

(Lawler, A comment on minimum feedback arc sets, IEEE Transactions on Circuit Theory 11, 1964). 2^n n steps for circles of n,
each an operation over all circles of that size.
"""

import numpy as np
from numpy.typing import NDArray

MOST = 8  # members and knots


def best_orders(cost: NDArray[np.int64]) -> NDArray[np.int64]:
    """The place of each member in a best order, (k, n), for costs (k, n, n) of k circles; of two equal the lower number is last."""
    circles, n, _ = cost.shape
    least = np.zeros((1 << n, circles), np.int64)
    last = np.zeros((1 << n, circles), np.int8)
    back = np.zeros((1 << n, n, circles), np.int64)  # cost of arcs from v into S
    for member in range(n):
        bit = 1 << member
        back[bit : 2 * bit] = back[:bit] + cost[:, :, member].T
    for chosen in range(1, 1 << n):
        members = [v for v in range(n) if chosen >> v & 1]
        tried = np.stack([least[chosen ^ 1 << v] + back[chosen ^ 1 << v, v] for v in members])
        first = tried.argmin(axis=0)
        least[chosen] = tried[first, np.arange(circles)]
        last[chosen] = np.array(members, np.int8)[first]
    place = np.zeros((circles, n), np.int64)
    left = np.full(circles, (1 << n) - 1)
    every = np.arange(circles)
    for at in range(n - 1, -1, -1):
        member = last[left, every].astype(np.int64)
        place[every, member] = at
        left ^= 1 << member
    return place
