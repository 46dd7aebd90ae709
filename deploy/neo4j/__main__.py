"""`python -m deploy.neo4j start|status|stop [HOME]`: the helper behind `make neo4j`."""

import sys
from pathlib import Path

from deploy.neo4j import server
from graph.errors import YujingError

_USAGE = "usage: python -m deploy.neo4j start|status|stop [HOME]"


def main(arguments: list[str]) -> int:
    """Runs one command and says what to do next. Exit 0 done, 1 not running, 2 refused."""
    command = arguments[0] if arguments else ""
    home = Path(arguments[1] if len(arguments) > 1 else server.DEFAULT_CACHE / "home")
    if command == "start":
        return _say(server.start(server.ServerOptions(home)))
    running = server.current(home)
    if command == "status":
        return _say(running) if running else _not_running(home)
    if command == "stop":
        if running:
            server.stop(running)
        print("Neo4j is stopped.")
        return 0
    print(_USAGE, file=sys.stderr)
    return 2


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
