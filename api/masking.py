"""Personal values leave masked. Inside they are tokens; what cannot be revealed keeps a short, stable stand-in."""

import re

_TOKEN = re.compile(r"p:([0-9a-f]{32})")
_TOKEN_BYTES = re.compile(rb"p:([0-9a-f]{4})[0-9a-f]{28}")


def is_token(text: str) -> bool:
    """Whether a value is the token of a personal one."""
    return _TOKEN.fullmatch(text) is not None


def stand_in(token: str) -> str:
    """What is shown for a token whose value is not to be seen: the same person is the same four digits."""
    return f"自然人·{token[2:6]}"


def mask_tokens(content: bytes) -> bytes:
    """An answer without a single token, whichever field or sentence one stood in."""
    return _TOKEN_BYTES.sub(lambda found: "自然人·".encode() + found[1], content)
