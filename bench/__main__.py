"""`make bench`: every measurement of docs/bench.md, one after the other."""

import subprocess
import sys

for _name in (
    "network",
    "ingest",
    "snapshot",
    "neo4j",
    "knowledge",
    "circles",
    "groups",
    "exposure",
    "flows",
    "contagion",
    "features",
    "gnn",
    "finbench",
):
    print(f"== bench.{_name}", flush=True)
    subprocess.run([sys.executable, "-m", f"bench.{_name}"], check=True)
