"""Every statement that runs on a graph, one named file each; a file per engine only where the dialects differ."""

from cypher.loader import statement, union

__all__ = ["statement", "union"]
