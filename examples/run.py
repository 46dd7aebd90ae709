"""`python -m examples.run NAME`: one example the whole way, each step the command that a user would type.

State goes to `<home>/examples/NAME`, so that examples never meet each other or the demo.
"""

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
    "finbench": (("ingest",), ("graph", "build"), ("graph", "verify"), ("reads",), ("neo4j",)),
}
_LOADED = (0, 3)  # clean, or loaded with quarantine

console = Console()


def main() -> None:
    """Runs the steps of one example and stops at the first that fails."""
    if len(sys.argv) != 2 or sys.argv[1] not in STEPS:
        console.print(f"usage: python -m examples.run {'|'.join(STEPS)}")
        sys.exit(2)
    name = sys.argv[1]
    environment = os.environ | {"YUJING_HOME": str(Settings().home / "examples" / name), "PYTHONPATH": str(HERE.parent)}
    for step in STEPS[name]:
        _run(step, name, environment)
    console.print(f"[green]{name}: done.[/] State is in {environment['YUJING_HOME']}; compare with examples/{name}/README.md")


def _run(step: tuple[str, ...], name: str, environment: dict[str, str]) -> None:
    if step == ("ingest",):
        _command(["-m", "yujing", "ingest", str(HERE / name / "manifest.yaml")], environment, _LOADED)
    elif step == ("score",):
        _command([str(HERE / name / "score.py")], environment)
    elif step == ("reads",):
        _command(["-m", f"examples.{name}_reads"], environment)
    elif step == ("neo4j",):
        _on_neo4j(environment, ("reads",) in STEPS[name] and name)
    else:
        _command(["-m", "yujing", *step], environment)


def _on_neo4j(environment: dict[str, str], reads: str | bool) -> None:
    """The same graph on a Neo4j server of its own, started for this and stopped after it."""
    if reason := server.why_unavailable():
        console.print(f"Neo4j: left out, for {reason}.")
        return
    with server.running(server.ServerOptions(Path(environment["YUJING_HOME"]) / "neo4j", heap="1g")) as neo4j:
        named = {"NEO4J_URI": neo4j.uri, "NEO4J_USER": neo4j.user, "NEO4J_PASSWORD": neo4j.password}
        there = environment | named | {"YUJING_STORE": "neo4j"}
        _command(["-m", "yujing", "graph", "build"], there)
        _command(["-m", "yujing", "graph", "verify"], there)
        if reads:
            _command(["-m", f"examples.{reads}_reads"], there)


def _command(arguments: Sequence[str], environment: dict[str, str], accepted: Sequence[int] = (0,)) -> None:
    console.print(Rule(" ".join(arguments[1:]) if arguments[0] == "-m" else arguments[0], align="left"))
    code = subprocess.run([sys.executable, *arguments], env=environment, check=False).returncode
    if code not in accepted:
        console.print(f"[red]stopped:[/] the step ended with exit code {code}")
        sys.exit(code)


if __name__ == "__main__":
    main()
