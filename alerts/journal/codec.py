"""What was said as JSON and back, and what of it counts as its content."""

import hashlib
import json
from typing import Any

from pydantic import TypeAdapter

from alerts.said import Alert, Decision

_ALERT: TypeAdapter[Alert] = TypeAdapter(Alert)
_DECISION: TypeAdapter[Decision] = TypeAdapter(Decision)
_WHEN = ("as_of", "ledger_seq", "created_at")


def alert_to_json(alert: Alert) -> dict[str, Any]:
    """The alert as plain JSON values."""
    body: dict[str, Any] = _ALERT.dump_python(alert, mode="json")
    return body


def alert_from_json(body: dict[str, Any]) -> Alert:
    """The alert back from its JSON."""
    return _ALERT.validate_python(body)


def decision_to_json(decision: Decision) -> dict[str, Any]:
    """The decision as plain JSON values."""
    body: dict[str, Any] = _DECISION.dump_python(decision, mode="json")
    return body


def decision_from_json(body: dict[str, Any]) -> Decision:
    """The decision back from its JSON."""
    return _DECISION.validate_python(body)


def canonical(body: object) -> str:
    """JSON that is equal for equal values: what is hashed."""
    return json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def content_of(body: dict[str, Any]) -> str:
    """A hash of what an alert says, whenever it says it."""
    return hashlib.sha256(canonical({k: v for k, v in body.items() if k not in _WHEN}).encode()).hexdigest()
