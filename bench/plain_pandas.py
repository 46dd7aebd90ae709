"""The invoices as one would load them with pandas: read, check, map, number equal rows, write Parquet. The peer of `bench.ingest`.

Every check of the example's manifest that can strike an invoice is here: keys, days, amounts in whole fen, known states, both
ends distinct; bad rows are set aside with file, line, column, value and reason; ids and contents are hashed as the ledger's are.
"""

from hashlib import md5, sha256
from pathlib import Path

import pandas as pd

_RENAMED = {"发票号码": "number", "开票日期": "day", "金额": "net", "税额": "tax", "价税合计": "gross", "发票状态": "state"}
_LARGEST = 10**17


def load(files: list[Path], out: Path) -> int:
    """Loads invoice files into a folder of Parquet files; returns the rows read."""
    frames = [_checked(path, out) for path in files]
    rows = sum(read for read, _ in frames)
    told = pd.concat([good for _, good in frames], ignore_index=True)
    again = told.groupby("ident").cumcount()
    first = [sha256(f"INVOICES\x1fsme\x1fFirm\x1fFirm\x1f{ident}".encode()).hexdigest()[:32] for ident in told["ident"]]
    told["id"] = [
        one if not n else sha256(f"{one}\x1f{n + 1}".encode()).hexdigest()[:32] for one, n in zip(first, again, strict=True)
    ]
    said = _joined(told, ["src", "dst", "number", "net", "tax", "gross", "state"])
    told["content"] = [md5(text.encode()).hexdigest() for text in said]
    firms = pd.unique(pd.concat([told["src_key"], told["dst_key"]]))
    stubs = pd.DataFrame({"key": firms, "id": [_record(key) for key in firms]})
    told.drop(columns=["ident", "src_key", "dst_key"]).to_parquet(out / "invoices.parquet", compression="zstd")
    stubs.to_parquet(out / "firms.parquet", compression="zstd")
    return rows


def _checked(path: Path, out: Path) -> tuple[int, pd.DataFrame]:
    raw = pd.read_csv(path, dtype=str, keep_default_na=False)
    other = "销方单位代号" if "销方单位代号" in raw.columns else "购方单位代号"
    raw = raw.rename(columns=_RENAMED)
    for column in raw.columns:
        raw[column] = raw[column].str.strip()
    seller, buyer = ("企业代号", other) if other == "购方单位代号" else (other, "企业代号")
    issues: list[pd.DataFrame] = []

    def refuse(bad: pd.Series, column: str, reason: str) -> None:
        found = raw.loc[bad, column]
        issues.append(pd.DataFrame({"line": found.index + 2, "column": column, "value": found, "reason": reason}))

    good = pd.DataFrame({"src_key": raw[seller], "dst_key": raw[buyer], "number": raw["number"]})
    refuse(raw[seller] == "", seller, "missing_value")
    refuse(raw[buyer] == "", buyer, "missing_value")
    refuse(raw[seller] == raw[buyer], buyer, "self_loop")
    good["valid_from"] = pd.to_datetime(raw["day"], format="%Y/%m/%d", errors="coerce")
    refuse(good["valid_from"].isna(), "day", "not_a_date")
    refuse((good["valid_from"].dt.year < 1900) | (good["valid_from"].dt.year > 2199), "day", "date_range")
    for column in ("net", "tax", "gross"):
        amount = pd.to_numeric(raw[column].str.replace(",", ""), errors="coerce")
        fen = (amount * 100).round()
        refuse(amount.isna(), column, "not_a_number")
        refuse((amount * 100 - fen).abs() > 1e-6 * fen.abs().clip(lower=1), column, "not_whole")
        refuse(fen.abs() > _LARGEST, column, "amount_size")
        good[column] = fen.astype("Int64")
    good["state"] = raw["state"].map({"有效发票": "valid", "作废发票": "voided"})
    refuse(good["state"].isna(), "state", "unknown_value")
    good.loc[(good["state"] == "valid") & (good["net"] < 0), "state"] = "red"
    good["ident"] = _joined(raw, ["企业代号", other, "number", "day", "net", "tax", "gross"])
    for end in ("src", "dst"):
        known = {key: _record(key) for key in pd.unique(good[f"{end}_key"])}
        good[end] = good[f"{end}_key"].map(known)
    good["file"], good["line"] = path.name, raw.index + 2
    refused = pd.concat(issues)
    refused.assign(file=path.name).to_parquet(out / f"{path.name}.refused.parquet")
    return len(raw), good.drop(index=refused.index.unique())


def _record(key: str) -> str:
    return sha256(f"Firm\x1fsme\x1f{key}".encode()).hexdigest()[:32]


def _joined(frame: pd.DataFrame, columns: list[str]) -> pd.Series:
    first, *rest = (frame[column].astype(str) for column in columns)
    joined: pd.Series = first.str.cat(rest, sep="\x1f")  # type: ignore[arg-type]  # the stubs know no list of series
    return joined
