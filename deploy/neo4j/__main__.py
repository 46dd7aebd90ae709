"""`python -m deploy.neo4j start|status|stop [HOME]`: the helper behind `make neo4j`, and behind `bin/neo4j` of its homes."""

import argparse
import sys
from pathlib import Path

from deploy.neo4j import server
from graph.errors import YujingError


def main(arguments: list[str]) -> int:
    """Runs one command and says what to do next. Exit 0 done, 1 not running, 2 refused."""
    told = _parser().parse_args(arguments)
    home: Path = told.home or told.cache / "home"
    if told.command == "start":
        options = server.ServerOptions(home, told.cache, heap=told.heap, page_cache=told.page_cache)
        return _say(server.start(options))
    running = server.current(home)
    if told.command == "status":
        return _say(running) if running else _not_running(home)
    if running:
        server.stop(running)
    print("Neo4j is stopped.")
    return 0


def _parser() -> argparse.ArgumentParser:
    default = server.ServerOptions(Path())
    parser = argparse.ArgumentParser(prog="python -m deploy.neo4j")
    parser.add_argument("command", choices=["start", "status", "stop"])
    parser.add_argument("home", nargs="?", type=Path)
    parser.add_argument("--cache", type=Path, default=default.cache, help="where the jars are")
    parser.add_argument("--heap", default=default.heap)
    parser.add_argument("--page-cache", default=default.page_cache)
    return parser


def _say(running: server.RunningServer) -> int:
    print(f"Neo4j answers on {running.uri}. To use it:\n")
    print(f"export NEO4J_URI={running.uri} NEO4J_USER={running.user} NEO4J_PASSWORD={running.password} YUJING_STORE=neo4j")
    return 0


def _not_running(home: Path) -> int:
    print(f"No Neo4j runs in {home}.")
    return 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except YujingError as problem:
        print(problem, file=sys.stderr)
        sys.exit(2)
