"""Which ontology types a score is made from, so that a feed that stays silent can be named beside it."""

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from models import exposures


def read_by_features(types: Iterable[str]) -> frozenset[str]:
    """Those of `types` that some feature, or an exposure between firms, is computed from: named in their SQL."""
    return frozenset(name for name in types if name in _words())


@lru_cache(maxsize=1)
def _words() -> frozenset[str]:
    sources = [*sorted((Path(__file__).parent / "bases").glob("*.sql")), Path(exposures.__file__)]
    return frozenset(word for source in sources for word in re.findall(r"\w+?(?=_history\b)|\w+", source.read_text("utf-8")))
