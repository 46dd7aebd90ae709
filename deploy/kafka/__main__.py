"""`python -m deploy.kafka start|status|stop [HOME]`: a broker for trying a manifest that reads a topic."""

import sys
from pathlib import Path

from deploy.kafka import server
from graph.errors import YujingError

_USAGE = "usage: python -m deploy.kafka start|status|stop [HOME]"


def main(arguments: list[str]) -> int:
    """Runs one command and says what to do next. Exit 0 done, 1 not running, 2 refused."""
    command = arguments[0] if arguments else ""
    home = Path(arguments[1] if len(arguments) > 1 else server.DEFAULT_CACHE / "home").resolve()
    if command == "start":
        return _say(server.start(server.ServerOptions(home)))
    running = server.current(home)
    if command == "status":
        return _say(running) if running else _not_running(home)
    if command == "stop":
        if running:
            server.stop(running)
        print("Kafka is stopped.")
        return 0
    print(_USAGE, file=sys.stderr)
    return 2


def _say(running: server.RunningServer) -> int:
    print(f"Kafka answers on {running.servers}. In a manifest:\n\n  - kafka: {{servers: '{running.servers}', topic: …}}")
    return 0


def _not_running(home: Path) -> int:
    print(f"No Kafka runs in {home}.")
    return 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except YujingError as problem:
        print(problem, file=sys.stderr)
        sys.exit(2)
