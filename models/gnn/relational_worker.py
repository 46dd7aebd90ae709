"""`python -m models.gnn.relational_worker FOLDER`: the process that fits relational networks. Files in, files out, no pickle.

Reads `job.json` (shape, plan, seeds), `fit-*.safetensors` (graphs with labels), `tell-*.safetensors`; writes for each seed
`weights-SEED.safetensors` and for each graph to tell `told-SEED-*.safetensors` (log_odds). A seed whose weights are there is not
fitted again.
"""

import json
import sys
import warnings
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import load_file, save_file

from models.gnn.relational import RelationalShape, compile_graph
from models.gnn.relational_training import RelationalPlan, fit_member, tell_rows
from models.tensors import RelationalGraph


def main() -> None:
    """Fit every seed of the job, and tell every graph's rows."""
    warnings.filterwarnings("ignore", message="Sparse CSR tensor support")
    folder = Path(sys.argv[1])
    job = json.loads((folder / "job.json").read_text("utf-8"))
    shape, plan, seeds = RelationalShape(**job["shape"]), RelationalPlan(**job["plan"]), job["seeds"]
    fitted, told = (
        [compile_graph(RelationalGraph.load(path), shape.relations) for path in sorted(folder.glob(f"{name}-*.safetensors"))]
        for name in ("fit", "tell")
    )
    columns = (TextColumn("GNN"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=plan.epochs * len(seeds))
        for done, seed in enumerate(seeds):
            path = folder / f"weights-{seed}.safetensors"
            if not path.exists():
                weights = fit_member(
                    fitted,
                    shape,
                    plan,
                    seed,
                    lambda epoch, d=done: bar.update(task, completed=d * plan.epochs + epoch),  # type: ignore[misc]
                )
                beside = path.with_suffix(".new")
                save_file({name: value.cpu().contiguous() for name, value in weights.items()}, beside)
                beside.replace(path)
            weights = load_file(path)
            for i, graph in enumerate(told):
                save_arrays({"log_odds": tell_rows(shape, weights, graph)}, folder / f"told-{seed}-{i:04}.safetensors")


if __name__ == "__main__":
    main()
