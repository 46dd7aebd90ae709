"""Reads ahead: the next chunks are read in a thread while this one is checked."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from queue import Full, Queue
from typing import TypeVar

_T = TypeVar("_T")
_AHEAD = 2
_PATIENCE = 0.1


class _End:
    def __init__(self, error: BaseException | None) -> None:
        self.error = error


@contextmanager
def ahead(items: Iterable[_T]) -> Iterator[Iterator[_T]]:
    """The same items, two of them ready before they are asked for. What reading raises is raised here; leaving stops it."""
    ready: Queue[_T | _End] = Queue(_AHEAD)
    stopped = threading.Event()

    def put(item: _T | _End) -> None:
        while not stopped.is_set():
            try:
                ready.put(item, timeout=_PATIENCE)
                return
            except Full:
                continue

    def read() -> None:
        try:
            for item in items:
                put(item)
                if stopped.is_set():
                    return
        except BaseException as error:
            put(_End(error))
        else:
            put(_End(None))

    def taken() -> Iterator[_T]:
        while True:
            item = ready.get()
            if isinstance(item, _End):
                if item.error:
                    raise item.error
                return
            yield item

    reader = threading.Thread(target=read, name="yujing-read-ahead", daemon=True)
    reader.start()
    try:
        yield taken()
    finally:
        stopped.set()
        reader.join()
