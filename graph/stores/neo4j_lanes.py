"""Several sessions write relationships at once without waiting for each other's nodes.

Neo4j locks both ends of a relationship that it creates, so two transactions that share nodes wait, or deadlock. Nodes
are dealt into twice as many heaps as there are lanes; in each round of a tournament every lane has two heaps to itself
and writes the relationships among them. After all rounds each pair of heaps has met once (the circle method).
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

AHEAD = 2  # batches that wait for a lane: what is read ahead is held in memory


def turns(lanes: int) -> list[list[int]]:
    """`turns(n)[a][b]` says when relationships from heap a to heap b are written: round * lanes + lane."""
    heaps, last = 2 * lanes, 2 * lanes - 1
    table = [[0] * heaps for _ in range(heaps)]
    for turn in range(last):
        for lane in range(lanes):
            one, other = ((turn + lane) % last, (turn - lane) % last) if lane else (turn, last)
            table[one][other] = table[other][one] = turn * lanes + lane
            if turn == 0:
                table[one][one] = table[other][other] = lane
    return table


class Lanes:
    """One thread a lane. What is given to a lane is done in order; an error there is raised at the next `give` or `meet`."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._threads = [ThreadPoolExecutor(1, f"neo4j-lane-{n}") for n in range(count)]
        self._waiting: list[deque[Future[None]]] = [deque() for _ in range(count)]

    def give(self, lane: int, work: Callable[[], None]) -> None:
        """Waits while the lane has enough to do."""
        waiting = self._waiting[lane]
        waiting.append(self._threads[lane].submit(work))
        while len(waiting) > AHEAD:
            waiting.popleft().result()

    def meet(self) -> None:
        """Returns when every lane has done all."""
        for waiting in self._waiting:
            while waiting:
                waiting.popleft().result()

    def __enter__(self) -> "Lanes":
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        for thread in self._threads:
            thread.shutdown(wait=True, cancel_futures=True)
