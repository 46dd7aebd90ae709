"""How far a feed's tables and topics were read: kept in the summary of the batch that loaded them, so with it or not at all."""

import json
from collections.abc import Mapping

from graph.errors import ConflictError
from graph.ledger import Ledger
from ingest.readers import Mark


def read_marks(ledger: Ledger, feed: str) -> dict[str, Mark]:
    """The marks of a feed's last batch that has any; each batch carries those of all before it."""
    batches = ledger.batches()
    told = zip(batches.column("feed").to_pylist(), batches.column("summary").to_pylist(), strict=True)
    for summary in reversed([summary for name, summary in told if name == feed and summary]):
        marks: dict[str, Mark] = json.loads(summary).get("read_to") or {}
        if marks:
            return marks
    return {}


def stop_if_overtaken(ledger: Ledger, feed: str, began_at: Mapping[str, Mark]) -> None:
    """ConflictError where another load of the feed committed since this one began to read: a mark never goes back."""
    if read_marks(ledger, feed) != began_at:
        raise ConflictError(f"Feed {feed}: another load of it was committed meanwhile.", "Run again: it goes on from there.")
