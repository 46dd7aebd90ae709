"""The stage drawdown (signature landed first; the body follows)."""

from alerts.requests import DrawdownRequest
from alerts.said import Decision
from alerts.stages.desk import Desk


def drawdown(desk: Desk, request: DrawdownRequest, decision_id: str = "") -> Decision:
    """An advice on the request, with reasons and evidence. InputError or NotFoundError name the field that cannot be used.

    `decision_id` makes a repeated call the same decision (an API passes one derived from its idempotency key); empty: a new id.
    """
    raise NotImplementedError
