"""Personal values leave the ingest only as tokens; a dry run computes them and keeps nothing."""

from collections.abc import Callable

import polars as pl
import pyarrow as pa

from graph.personal import Vault

Tokenise = Callable[[pl.Series, str], pl.Series]
"""Personal values (null where empty) and their kind to tokens."""


def tokeniser(vault: Vault, *, keep: bool, passing: frozenset[str] = frozenset()) -> Tokenise:
    """Tokens by the vault's key; `keep` seals the values in it as well. What is in `passing` is a token already and stays."""

    def tokenise(values: pl.Series, kind: str) -> pl.Series:
        filled = values.set(values == "", None)
        if passing and (ready := filled.is_in(list(passing)).fill_null(False)).any():
            return filled.zip_with(ready, tokenise(filled.set(ready, None), kind))
        return pl.Series(values.name, _kept(filled, kind) if keep else _computed(filled, kind), dtype=pl.String)

    def _kept(values: pl.Series, kind: str) -> list[str | None]:
        tokens: list[str | None] = vault.tokenise(values.to_arrow().cast(pa.string()), kind).to_pylist()
        return tokens

    def _computed(values: pl.Series, kind: str) -> list[str | None]:
        known = {value: vault.token(value, kind) for value in values.drop_nulls().unique().to_list()}
        return [known.get(value) for value in values.to_list()]

    return tokenise
