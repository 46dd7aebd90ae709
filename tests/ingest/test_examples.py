"""The two examples on real files: a slice of each loads, and every mangled copy is refused with place and fix."""

import gzip
import os
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest
import yaml

from graph.ledger import Ledger
from graph.stores import LadybugStore, build_ladybug
from graph.verify import verify
from ingest.manifest import read_manifest
from tests.ingest.command import Command

EXAMPLES = Path(__file__).parents[2] / "examples"
DATA = Path(os.environ.get("YUJING_DATA", EXAMPLES.parents[1] / "shared" / "data"))
_LINES = 300

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not (DATA / "sme-invoices").is_dir(), reason=f"the shared data folder is not at {DATA} (YUJING_DATA)"),
]


class Example:
    """A copy of an example with the first lines of each of its files, free to be mangled."""

    def __init__(self, name: str, root: Path) -> None:
        self.folder = root / name
        shutil.copytree(EXAMPLES / name, self.folder)
        self.manifest = self.folder / "manifest.yaml"
        self.data = root / "data"
        plain = yaml.safe_load(self.manifest.read_text("utf-8"))
        for file in plain["files"]:
            file["rows"] = {}
            for path in sorted(DATA.glob(file["path"])):
                self._slice(path)
        plain["on_unknown_end"] = "stub"  # a slice is not closed
        plain["max_bad_share"] = 0.1
        self.manifest.write_text(yaml.safe_dump(plain, allow_unicode=True), "utf-8")

    def file(self, name: str) -> Path:
        return next(self.data.rglob(name))

    def rename(self, file: Path, name: str) -> None:
        """Makes the manifest read `name`, beside `file`, in its place."""
        text = self.manifest.read_text("utf-8")
        relative = file.relative_to(self.data).as_posix()
        self.manifest.write_text(text.replace(relative, str(Path(relative).with_name(name))), "utf-8")

    def _slice(self, path: Path) -> None:
        target = self.data / path.relative_to(DATA)
        target.parent.mkdir(parents=True, exist_ok=True)
        packed = path.suffix == ".gz"
        with gzip.open(path, "rb") if packed else path.open("rb") as source:
            lines = b"".join(source.readline() for _ in range(_LINES))
        target.write_bytes(gzip.compress(lines) if packed else lines)


@pytest.fixture(params=["sme-invoices", "finbench"])
def example(request: pytest.FixtureRequest, tmp_path: Path) -> Example:
    return Example(request.param, tmp_path)


@pytest.fixture
def firm_file(example: Example) -> Path:
    return example.file({"sme-invoices": "credit_history_enterprises.csv", "finbench": "Company.csv"}[example.folder.name])


def test_the_example_loads_and_a_second_run_adds_nothing(example: Example, command: Command) -> None:
    assert command.run("ingest", str(example.manifest), data=example.data).code in (0, 3)
    again = command.run("ingest", str(example.manifest), "--json", data=example.data)
    assert '"accepted": 0, "duplicate"' in again.out
    assert '"batch_seq": null' in again.out


def _wrong_encoding(path: Path) -> None:
    text = path.read_text("utf-8-sig")
    header, rows = text.split("\n", 1)
    path.write_bytes(f"{header}\n{rows.replace('a', 'é')}".encode("gb18030"))


def _missing_column(path: Path) -> None:
    delimiter = "|" if path.name == "Company.csv" else ","
    frame = pl.read_csv(path, separator=delimiter, infer_schema=False)
    frame.drop(frame.columns[1]).write_csv(path, separator=delimiter)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _binary(path: Path) -> None:
    path.write_bytes(b"PK\x03\x04" + os.urandom(500))


MANGLED: dict[str, tuple[Callable[[Path], None], str]] = {
    "wrong encoding": (_wrong_encoding, "is not utf-8"),
    "missing column": (_missing_column, "missing column"),
    "empty file": (_empty, "is empty"),
    "a binary renamed .csv": (_binary, "zip or xlsx"),
}


@pytest.mark.parametrize("how", MANGLED)
def test_a_mangled_file_is_refused_with_exit_2_and_nothing_is_loaded(
    example: Example, firm_file: Path, command: Command, how: str
) -> None:
    mangle, said = MANGLED[how]
    mangle(firm_file)
    done = command.run("ingest", str(example.manifest), data=example.data)
    assert done.code == 2
    assert said in done.error
    assert firm_file.name in done.error
    assert "fix:" in done.error
    assert "Traceback" not in done.out + done.error
    assert not (command.home / "ledger" / "batches").exists()


def test_a_truncated_gzip_is_refused_with_exit_2(example: Example, firm_file: Path, command: Command) -> None:
    cut = firm_file.with_name(firm_file.name + ".gz")
    cut.write_bytes(gzip.compress(firm_file.read_bytes())[:-30])
    example.rename(firm_file, cut.name)
    done = command.run("ingest", str(example.manifest), data=example.data)
    assert done.code == 2
    assert "cut off" in done.error
    assert cut.name in done.error


def test_a_broken_manifest_is_refused_with_exit_2_and_its_line(example: Example, command: Command) -> None:
    example.manifest.write_text("name: x\nfiles: [\n", "utf-8")
    done = command.run("ingest", str(example.manifest), data=example.data)
    assert done.code == 2
    assert "line 3" in done.error


def test_text_in_a_number_column_is_quarantined_and_the_rest_is_loaded(example: Example, firm_file: Path, command: Command) -> None:
    name, column, separator = {
        "sme-invoices": (firm_file.name, "月交易频率", ","),
        "finbench": ("Loan.csv", "loanAmount", "|"),
    }[example.folder.name]
    path = example.file(name)
    frame = pl.read_csv(path, separator=separator, infer_schema=False)
    frame.with_columns(pl.when(pl.int_range(pl.len()) == 4).then(pl.lit("不详")).otherwise(column).alias(column)).write_csv(
        path, separator=separator
    )
    done = command.run("ingest", str(example.manifest), "--json", data=example.data)
    assert done.code == 3
    found = pl.read_parquet(next((command.home / "quarantine").glob("*/quarantine.parquet")))
    bad = found.filter(pl.col("reason") == "not_a_number")
    assert bad.select("line", "column", "value").rows() == [(6, column, "不详")]


@pytest.mark.parametrize(("manifest", "scale"), [("manifest.yaml", "0.01"), ("manifest-sf0.1.yaml", "0.1")])
def test_the_manifests_name_every_file_of_the_data_they_are_about(manifest: str, scale: str) -> None:
    read, _ = read_manifest(EXAMPLES / "finbench" / manifest)
    named = {DATA / file.path for file in read.files}
    assert named == set((DATA / f"finbench-sf{scale}" / "snapshot").glob("*.csv"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("manifest", "rows", "quarantined"), [("manifest.yaml", 36_881, 2), ("manifest-sf0.1.yaml", 67_754, 2)], ids=["0.01", "0.1"]
)
def test_finbench_loads_whole_at_both_scales_and_the_embedded_graph_is_the_ledgers(
    command: Command, manifest: str, rows: int, quarantined: int
) -> None:
    done = command.run("ingest", str(EXAMPLES / "finbench" / manifest), "--json", data=DATA)
    assert done.code == 3, done.error
    (found,) = (command.home / "quarantine").glob("*/quarantine.parquet")
    assert pl.read_parquet(found)["reason"].to_list() == ["self_loop"] * quarantined
    with closing(Ledger.open(command.home / "ledger")) as ledger:
        built = build_ladybug(ledger, command.home / "graph")
        assert sum(n for name, n in built.relations.items() if not name.startswith("STATE_")) > rows / 2
        store = LadybugStore(command.home / "graph")
        assert verify(store, ledger).equal
        store.close()
