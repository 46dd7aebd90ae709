"""ontology.json: the core types and every addition that was ever ingested with, beside the data they explain."""

import json
import os
from dataclasses import asdict
from pathlib import Path

from filelock import FileLock

from graph.errors import InputError
from graph.ontology import Ontology, core_ontology, extend_ontology
from graph.ontology.load import OntologyAdditions


class OntologyFile:
    """Reads and extends the ledger's ontology; a process that only reads sees what another one added."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._ontology = core_ontology()

    def read(self) -> Ontology:
        """The core and all additions so far."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return self._ontology
        stamp = (found.st_mtime_ns, found.st_size)
        if stamp != self._stamp:
            self._ontology = self._merge(self._additions())
            self._stamp = stamp
        return self._ontology

    def extend(self, additions: OntologyAdditions) -> Ontology:
        """Adds for good; InputError, and nothing written, where an addition redefines something."""
        with FileLock(f"{self._path}.lock"):
            before = self.read()
            after = extend_ontology(before, additions)
            if (after.hash, after.targets) != (before.hash, before.targets) or not self._path.exists():
                self._write(after, [*self._additions(), additions])
        return self.read()

    def _additions(self) -> list[OntologyAdditions]:
        if not self._path.exists():
            return []
        try:
            kept = json.loads(self._path.read_text("utf-8"))["additions"]
            return [OntologyAdditions.model_validate(each) for each in kept]
        except (ValueError, KeyError, TypeError) as problem:
            raise InputError(
                f"{self._path}: the ledger's ontology cannot be read: {problem}", "Restore it from a backup."
            ) from problem

    @staticmethod
    def _merge(additions: list[OntologyAdditions]) -> Ontology:
        ontology = core_ontology()
        for each in additions:
            ontology = extend_ontology(ontology, each)
        return ontology

    def _write(self, ontology: Ontology, additions: list[OntologyAdditions]) -> None:
        plain = {
            "hash": ontology.hash,
            "additions": [each.model_dump(mode="json", exclude_defaults=True) for each in additions],
            "types": asdict(ontology),
        }
        draft = self._path.with_suffix(".json.new")
        with draft.open("w", encoding="utf-8") as file:
            json.dump(plain, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
