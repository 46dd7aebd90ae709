"""What a build did."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class BuildReport:
    """Nodes and relation versions by type (written by this build), and how far the store now reaches."""

    engine: str
    through_seq: int
    nodes: dict[str, int]
    relations: dict[str, int]
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """Plain values; types without rows are left out."""
        plain = asdict(self)
        return {**plain, **{group: {k: n for k, n in plain[group].items() if n} for group in ("nodes", "relations")}}
