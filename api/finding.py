"""From what a caller writes to an entity id: the id itself, or a Unified Social Credit Code."""

import re

from api.platform import Platform
from graph.errors import InputError, NotFoundError

_ENTITY = re.compile(r"Firm-[0-9a-f]{32}")
_CODE = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}")


def find_firm(platform: Platform, text: str) -> str:
    """The entity id of the firm. InputError for what is neither id nor code, NotFoundError for a code nobody has."""
    if _ENTITY.fullmatch(text):
        return text
    code = text.upper()
    if not _CODE.fullmatch(code):
        raise InputError(
            f"'{text[:60]}' is neither an entity id (Firm-…) nor an 18-character credit code.",
            "Search by name: GET /v1/firms?q=…",
            "firm",
        )
    hits = [hit for hit in platform.store.find_firms(code, 5) if hit.uscc == code]
    if not hits:
        raise NotFoundError(f"No firm has the credit code {code}.", "Search by name: GET /v1/firms?q=…", "firm")
    return hits[0].id
