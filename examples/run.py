"""`python -m examples.run NAME [--scale S]`: one example the whole way, each step the command that a user would type.

State goes to `<home>/examples/NAME`, so that examples never meet each other or the demo.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.rule import Rule

from deploy.neo4j import server
from yujing.settings import Settings

HERE = Path(__file__).resolve().parent
STEPS: dict[str, tuple[tuple[str, ...], ...]] = {
    "sme-invoices": (("ingest",), ("graph", "build"), ("graph", "verify"), ("neo4j",), ("score",)),
    "smesd": (("ingest",), ("graph", "build"), ("graph", "verify"), ("study",)),
    "finbench": (("ingest",), ("graph", "build"), ("graph", "verify"), ("reads",), ("neo4j",)),
}
SCALES = {"finbench": {"0.01": "manifest.yaml", "0.1": "manifest-sf0.1.yaml"}}  # the first is the usual one
_LOADED = (0, 3)  # clean, or loaded with quarantine

console = Console()


def main() -> None:
    """Runs the steps of one example and stops at the first that fails."""
    name, scale = _told()
    scales = SCALES.get(name, {"": "manifest.yaml"})
    usual = scale in {"", next(iter(scales))}
    home = Settings().home / "examples" / (name if usual else f"{name}-{scale}")
    environment = os.environ | {"YUJING_HOME": str(home), "PYTHONPATH": str(HERE.parent)}
    for step in STEPS[name]:
        _run(step, HERE / name / (scales[scale] if scale else next(iter(scales.values()))), environment)
    console.print(f"[green]{home.name}: done.[/] State is in {environment['YUJING_HOME']}; compare with examples/{name}/README.md")


def _told() -> tuple[str, str]:
    parser = argparse.ArgumentParser(prog="python -m examples.run")
    parser.add_argument("name", choices=STEPS)
    parser.add_argument("--scale", default="", help=f"the size of the data: {SCALES}")
    told = parser.parse_args()
    if told.scale and told.scale not in SCALES.get(told.name, {}):
        parser.error(f"{told.name} has no scale '{told.scale}'; it has {', '.join(SCALES.get(told.name, {})) or 'one only'}")
    return told.name, told.scale


def _run(step: tuple[str, ...], manifest: Path, environment: dict[str, str]) -> None:
    if step == ("ingest",):
        _command(["-m", "yujing", "ingest", str(manifest)], environment, _LOADED)
    elif step == ("score",):
        _command([str(manifest.with_name("score.py"))], environment)
    elif step == ("study",):
        _command(["-m", "yujing", "study", str(manifest.with_name("study.yaml")), "--no-ingest"], environment)
    elif step == ("reads",):
        _command(["-m", "examples.finbench_reads", "--data", str(_finbench(manifest))], environment)
    elif step == ("neo4j",):
        _on_neo4j(environment, manifest)
    else:
        _command(["-m", "yujing", *step], environment)


def _finbench(manifest: Path) -> Path:
    scale = next(scale for scale, name in SCALES["finbench"].items() if name == manifest.name)
    return (Settings().data / f"finbench-sf{scale}").resolve()


def _on_neo4j(environment: dict[str, str], manifest: Path) -> None:
    """The same graph on a Neo4j server of its own, started for this and stopped after it."""
    if reason := server.why_unavailable():
        console.print(f"Neo4j: left out, for {reason}.")
        return
    home = Path(environment["YUJING_HOME"]) / "neo4j"
    with server.running(server.ServerOptions(home, heap="1g")) as neo4j:
        named = {"NEO4J_URI": neo4j.uri, "NEO4J_USER": neo4j.user, "NEO4J_PASSWORD": neo4j.password}
        there = environment | named | {"YUJING_STORE": "neo4j"}
        first = () if neo4j.container or (home / ".imported").exists() else ("--import", str(home))
        _command(["-m", "yujing", "graph", "build", *first], there)
        (home / ".imported").touch()
        _command(["-m", "yujing", "graph", "verify"], there)
        if ("reads",) in STEPS[manifest.parent.name]:
            _run(("reads",), manifest, there)


def _command(arguments: Sequence[str], environment: dict[str, str], accepted: Sequence[int] = (0,)) -> None:
    console.print(Rule(" ".join(arguments[1:]) if arguments[0] == "-m" else arguments[0], align="left"))
    code = subprocess.run([sys.executable, *arguments], env=environment, check=False).returncode
    if code not in accepted:
        console.print(f"[red]stopped:[/] the step ended with exit code {code}")
        sys.exit(code)


if __name__ == "__main__":
    main()
