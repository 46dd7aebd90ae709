"""A Neo4j server whose files are on this machine: its own programs start, stop and fill it."""

import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from graph.errors import InputError, UnavailableError

_SAID = 1200  # characters of a program's last words that go into an error


@dataclass(frozen=True)
class Neo4jHome:
    """`control` is `bin/neo4j` (start, stop, status), `admin` is `bin/neo4j-admin`, or what the bank has in their place."""

    folder: Path
    control: tuple[str, ...]
    admin: tuple[str, ...]

    @classmethod
    def of(cls, folder: Path, control: str = "", admin: str = "") -> "Neo4jHome":
        """The home `folder` with its own programs, or with those given. InputError where there are none."""
        folder = folder.resolve()
        home = cls(folder, _command(control, folder / "bin" / "neo4j"), _command(admin, folder / "bin" / "neo4j-admin"))
        for program in (home.control[0], home.admin[0]):
            if program.startswith(str(folder)) and not Path(program).is_file():
                raise InputError(
                    f"There is no {program}: {folder} is not the home of a Neo4j on this machine.",
                    "Name the folder that holds its bin/; or set YUJING_NEO4J_CONTROL and YUJING_NEO4J_ADMIN to what the bank has "
                    "in place of bin/neo4j and bin/neo4j-admin; or use --prepare FOLDER and run the import where the server is.",
                    "import",
                )
        return home

    @property
    def running(self) -> bool:
        return self._run([*self.control, "status"]).returncode == 0

    def start(self) -> None:
        """Returns when the program says that it started the server; whether it answers is another question."""
        self._must([*self.control, "start"])

    def stop(self) -> None:
        """Returns when the server has let go of its files."""
        self._must([*self.control, "stop"])

    def import_full(self, arguments: Sequence[str], where: Path) -> None:
        """`neo4j-admin database import full` in the folder of the files. UnavailableError with what it said last."""
        self._must([*self.admin, "database", "import", "full", *arguments], where)

    def _must(self, command: list[str], where: Path | None = None) -> None:
        done = self._run(command, where)
        if done.returncode != 0:
            said = (done.stdout + done.stderr).strip()[-_SAID:]
            raise UnavailableError(
                f"'{shlex.join(command[:5])}' ended with {done.returncode}: {said}", f"Its home is {self.folder}."
            )

    def _run(self, command: list[str], where: Path | None = None) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(command, cwd=where, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        except OSError as problem:
            raise UnavailableError(f"'{command[0]}' cannot be run: {problem.strerror}.", f"Its home is {self.folder}.") from None


def _command(told: str, program: Path) -> tuple[str, ...]:
    return tuple(shlex.split(told)) or (str(program),)
