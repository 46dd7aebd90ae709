"""Personal values: encrypted in one table, matched by keyed tokens, referenced by those tokens everywhere else.

A token is `p:` and 32 hex digits of HMAC-SHA256(key, kind ␟ normalised value): equal values have equal tokens, and
without the key a token says nothing. The value itself is sealed with AES-256-GCM under a key derived from the same
file. Only this table may be deleted from.
"""

import hmac
import os
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from deltalake import DeltaTable
from filelock import FileLock

from graph.erasures import Erasures
from graph.errors import InputError
from graph.ids import SEPARATOR
from graph.ledger.delta import TableFiles, append

SCHEMA = pa.schema([("token", pa.string()), ("kind", pa.string()), ("sealed", pa.binary())])

ERASED = "已删除 erased"
"""What stands where a person's value was erased at their request."""

UNREAD, WHOLE_ROW = PROSE = ("cell", "row")
"""Kinds of sealed text in which anything may stand: cells of refused rows that no yield reads, and whole refused rows."""

_KEY_BYTES = 32
_NONCE_BYTES = 12
_AS_WRITTEN = frozenset(("name", "value", "address"))  # kinds in which case may matter; all others are upper case


def normalise(value: str, kind: str) -> str:
    """The form in which equal values are equal: NFKC, no outer spaces, identifiers in upper case."""
    plain = unicodedata.normalize("NFKC", value).strip()
    return plain if kind in _AS_WRITTEN else plain.upper()


def mask(value: str, kind: str) -> str:
    """What may be shown without a reason: the first character of a name, four characters at either end of a number."""
    shown = (1, 0) if kind in _AS_WRITTEN else (4, 4)
    if len(value) <= sum(shown):
        return "*" * len(value)
    return value[: shown[0]] + "*" * (len(value) - sum(shown)) + value[len(value) - shown[1] :]


class Vault:
    """Turns personal values into tokens and, for whoever holds the key, back."""

    def __init__(self, root: Path, key: bytes) -> None:
        self._path = root / "personal"
        self._files = TableFiles(self._path)
        self._lock = FileLock(root / "personal.lock")  # nothing is kept while something is erased
        self.erasures = Erasures(root)
        self._engine = duckdb.connect()
        self._key = key
        self._cipher = AESGCM(HKDF(SHA256(), _KEY_BYTES, None, b"yujing personal values").derive(key))

    @classmethod
    def open(cls, root: Path, key_path: Path) -> "Vault":
        """The vault of the ledger under `root`. The key file is made, for its owner's eyes only, where there is none.

        InputError where the file is no key, or where values are kept and their key is gone.
        """
        if not key_path.exists():
            if (root / "personal").exists():
                raise InputError(f"{key_path}: the key of {root / 'personal'} is missing.", "Restore it; no other key opens them.")
            _create_key(key_path)
        key = key_path.read_bytes()
        if len(key) != _KEY_BYTES:
            raise InputError(f"{key_path} is no key: it must be {_KEY_BYTES} bytes (got {len(key)}).", "Restore it from a backup.")
        return cls(root, key)

    def token(self, value: str, kind: str) -> str:
        """The token of one value, whether or not it is kept."""
        said = f"{kind}{SEPARATOR}{normalise(value, kind)}".encode()
        return "p:" + hmac.digest(self._key, said, "sha256").hex()[:32]

    def tokenise(self, values: pa.Array | pa.ChunkedArray, kind: str) -> pa.Array:
        """Tokens of `values`, null for null; values not seen before are sealed and kept first."""
        coded = pa.chunked_array(values).combine_chunks() if isinstance(values, pa.ChunkedArray) else values
        coded = coded.cast(pa.string()).dictionary_encode()
        plain = coded.dictionary.to_pylist()
        tokens = [self.token(value, kind) for value in plain]
        self._keep(dict(zip(tokens, plain, strict=True)), kind)
        return pa.array(tokens, pa.string()).take(coded.indices)

    def reveal(self, tokens: Iterable[str]) -> dict[str, str]:
        """The values of those tokens that are kept. InputError where the key is not theirs."""
        found = self._select(tokens, "token, any_value(kind) AS kind, any_value(sealed) AS sealed")
        return {row["token"]: self._unseal(row) for row in found.to_pylist()}

    def is_erased(self, token: str) -> bool:
        """Whether the value was erased at its person's request, and may not be kept again."""
        return token in self.erasures.current().tokens

    def kept(self, tokens: Iterable[str]) -> set[str]:
        """Those of the tokens whose values are kept."""
        return set(self._select(tokens, "token")["token"].to_pylist())

    def kinds(self) -> list[str]:
        """Kinds of which values are kept."""
        if not self._files.current().paths:
            return []
        return sorted(row["kind"] for row in self._read("SELECT DISTINCT kind FROM personal").to_pylist())

    def holding(self, values: Sequence[str], kinds: Sequence[str]) -> list[str]:
        """Tokens of kept values, of kinds that are prose, in which one of `values` stands in any form."""
        if not values or not set(kinds) & set(self.kinds()):
            return []
        plain = [_loose(value) for value in values]
        listed = ", ".join(f"'{kind}'" for kind in kinds)
        rows = self._read(f"SELECT token, sealed FROM personal WHERE kind IN ({listed})").to_pylist()
        return [row["token"] for row in rows if any(value in _loose(self._unseal(row)) for value in plain)]

    def erase(self, tokens: Iterable[str]) -> int:
        """Deletes values for good, from the files too; returns how many. What refers to them keeps the token."""
        with self._lock:
            gone = sorted(self.kept(tokens))
            if gone:
                table = DeltaTable(str(self._path))
                table.delete("token IN (" + ", ".join(f"'{token}'" for token in gone) + ")")
            if self._path.exists():
                table = DeltaTable(str(self._path))
                table.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False, full=True)
            return len(gone)

    def fingerprint(self, without: Iterable[str] = ()) -> str:
        """How many values are kept beside those `without`, and a checksum of their tokens and sealed bytes."""
        if not self._files.current().paths:
            return "0:0"
        row = "md5_number(token || '|' || kind || '|' || hex(sealed))"
        left = ", ".join(f"'{token}'" for token in sorted(set(without))) or "''"
        sql = f"SELECT count(*) AS kept, coalesce(bit_xor({row}), 0)::VARCHAR AS checksum FROM personal WHERE token NOT IN ({left})"
        found = self._read(sql).to_pylist()[0]
        return f"{found['kept']}:{found['checksum']}"

    def _keep(self, values: dict[str, str], kind: str) -> None:
        if values.keys() <= self.kept(values):
            return
        with self._lock:
            stays = self.kept(values) | self.erasures.current().tokens
            fresh = {token: value for token, value in values.items() if token not in stays}
            if fresh:
                sealed = [self._seal(token, value) for token, value in fresh.items()]
                append(self._path, pa.table([list(fresh), [kind] * len(fresh), sealed], SCHEMA))

    def _select(self, tokens: Iterable[str], columns: str) -> pa.Table:
        if not self._files.current().paths:
            return SCHEMA.empty_table()
        wanted = pa.table({"token": pa.array(sorted(set(tokens)), pa.string())})
        return self._read(f"SELECT {columns} FROM personal SEMI JOIN wanted USING (token) GROUP BY token", wanted)

    def _read(self, sql: str, wanted: pa.Table | None = None) -> pa.Table:
        """A query over the table; once more where an erasure took a file away in between."""
        for last in (False, True):
            with self._engine.cursor() as connection:
                if wanted is not None:
                    connection.register("wanted", wanted)
                connection.execute("SET VARIABLE files = ?", [list(self._files.current().paths)])
                try:
                    told = f"WITH personal AS (FROM read_parquet(getvariable('files'))) {sql}"
                    return connection.sql(told).to_arrow_table()
                except duckdb.IOException:
                    if last:
                        raise
        raise AssertionError("unreachable")

    def _seal(self, token: str, value: str) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, value.encode(), token.encode())

    def _unseal(self, row: dict[str, bytes]) -> str:
        sealed, token = row["sealed"], str(row["token"])
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], token.encode()).decode()
        except InvalidTag:
            raise InputError("Personal values were sealed with another key.", "Restore the ledger's own key.", "keys") from None


def _loose(text: str) -> str:
    """Text in which a value is looked for, whatever its width and case."""
    return unicodedata.normalize("NFKC", text).upper()


def _create_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(os.urandom(_KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
