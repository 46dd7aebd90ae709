"""Which ontology types a score is made from, so that a feed that stays silent can be named beside it."""

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from models import exposures, targets


def read_by_features(types: Iterable[str]) -> frozenset[str]:
    """Those of `types` that a feature, an exposure between firms, knowledge or performing is computed from: named in their SQL."""
    return frozenset(name for name in types if name in _words())


@lru_cache(maxsize=1)
def _words() -> frozenset[str]:
    from models.features.derived import READS

    bases, declared = Path(__file__).parent / "bases", Path(targets.__file__).parent / "targets.yaml"
    sources = [*sorted(bases.glob("*.sql")), Path(exposures.__file__), declared]
    words = (word for source in sources for word in re.findall(r"\w+?(?=_history\b)|\w+", source.read_text("utf-8")))
    return frozenset((*words, *READS))
