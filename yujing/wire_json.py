"""What `--json` prints: an answer in the very shape in which the API gives it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import BaseModel


def print_wire(answer: "BaseModel | Mapping[str, BaseModel]") -> None:
    """One JSON object, no personal value in it; several answers of one command by name."""
    from api.answers import to_json
    from api.masking import mask_tokens

    if isinstance(answer, Mapping):
        parts = [b'"' + name.encode() + b'":' + to_json(each) for name, each in answer.items()]
        content = b"{" + b",".join(parts) + b"}"
    else:
        content = to_json(answer)
    print(mask_tokens(content).decode())
