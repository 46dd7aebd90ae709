"""What `--json` prints: an answer in the very shape in which the API gives it."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import BaseModel

    from graph.errors import YujingError


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


def print_problem(problem: "YujingError") -> None:
    """The problem that the API would answer (RFC 9457), on standard output, where a program reads."""
    from api.problems import kind_of

    kind = kind_of(problem)
    told = {"type": kind.type, "title": kind.title, "status": kind.status, "detail": problem.message}
    told |= {name: text for name, text in (("field", problem.field), ("fix", problem.fix)) if text}
    print(json.dumps(told, ensure_ascii=False))
