"""Fitting the network: whole days as steps, early stopping on later days, and a checkpoint after every epoch.

The same seed gives the same weights, and so does a run that was killed and started again: each epoch draws its order and its
dropout from (seed, epoch) alone, and the checkpoint holds the optimiser's state.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from models.gnn.network import AdditiveNetwork, Batch, Shape, batch_of
from models.tensors import FIRM, GraphDay


@dataclass(frozen=True)
class Plan:
    """How long and how boldly to learn. `step_targets` bounds memory: a day with more targets is taken in several steps."""

    seed: int = 0
    epochs: int = 60
    patience: int = 8
    learning_rate: float = 3e-3
    weight_decay: float = 0.3
    step_targets: int = 16384
    threads: int = 2


@dataclass
class Progress:
    """Where a fit stands; what the checkpoint keeps beside the tensors."""

    epoch: int = 0
    best_epoch: int = -1
    best_loss: float = float("inf")
    losses: list[float] = field(default_factory=list)


def device() -> torch.device:
    """The first GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def batches(days: Sequence[GraphDay], shape: Shape, plan: Plan) -> list[Batch]:
    """Each day's targets in pieces of at most `step_targets`, each with the edges that reach it."""
    out = []
    for day in days:
        for start in range(0, len(day.targets), plan.step_targets):
            piece = slice(start, start + plan.step_targets)
            part = GraphDay(day.nodes, day.src, day.dst, day.channel, day.attributes, day.targets[piece], day.labels[piece])
            out.append(batch_of(part, shape.channels).to(device()))
    return out


class Fit:
    """One fit, resumable at every epoch. `work` holds its checkpoint and is the caller's to remove."""

    def __init__(self, shape: Shape, plan: Plan, work: Path) -> None:
        torch.set_num_threads(plan.threads)
        torch.use_deterministic_algorithms(True)
        torch.manual_seed(plan.seed)
        self.plan, self.shape = plan, shape
        self.network = AdditiveNetwork(shape).to(device())
        self.optimiser = torch.optim.AdamW(self.network.parameters(), lr=plan.learning_rate, weight_decay=plan.weight_decay)
        self.best = {name: value.clone() for name, value in self.network.state_dict().items()}
        self.progress = Progress()
        self.path = work / "checkpoint.safetensors"
        if self.path.exists():
            self._resume()

    def run(self, train: Sequence[Batch], validation: Sequence[Batch], tell: Callable[[Progress], None]) -> dict[str, Tensor]:
        """Weights of the epoch with the lowest validation loss."""
        if not self.progress.epoch:
            self.progress.best_loss = self.loss(validation)  # training must improve on its start, or the start is kept
        while not self._done():
            self._epoch(train)
            loss = self.loss(validation)
            self.progress.losses.append(loss)
            if loss < self.progress.best_loss:
                self.progress.best_loss, self.progress.best_epoch = loss, self.progress.epoch
                self.best = {name: value.clone() for name, value in self.network.state_dict().items()}
            self.progress.epoch += 1
            self._keep()
            tell(self.progress)
        return self.best

    @torch.no_grad()
    def loss(self, days: Sequence[Batch]) -> float:
        """Mean cross-entropy over all targets of `days`."""
        self.network.eval()
        sums = [binary_cross_entropy_with_logits(self.network.total(b), b.labels, reduction="sum").item() for b in days]
        return float(sum(sums) / max(1, sum(len(b.labels) for b in days)))

    def _done(self) -> bool:
        waited = self.progress.epoch - 1 - max(self.progress.best_epoch, 0)
        return self.progress.epoch >= self.plan.epochs or waited >= self.plan.patience

    def start(self, weights: Tensor, bias: float) -> None:
        """Let own(x) begin as a ridge-penalised logistic regression and keep its weights: defaults are few, the penalty matters."""
        linear = self.network.own.linear
        linear.weight.requires_grad_(False)
        if not self.progress.epoch:
            with torch.no_grad():
                linear.weight.copy_(weights.reshape(1, -1))
                linear.bias.fill_(bias)
            self.best = {name: value.clone() for name, value in self.network.state_dict().items()}

    def _epoch(self, train: Sequence[Batch]) -> None:
        step = self.plan.seed * 1_000_003 + self.progress.epoch
        torch.manual_seed(step)
        self.network.train()
        for index in np.random.default_rng(step).permutation(len(train)):
            batch = train[index]
            self.optimiser.zero_grad()
            loss = binary_cross_entropy_with_logits(self.network.total(batch), batch.labels)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
            self.optimiser.step()

    def _keep(self) -> None:
        """Write beside, then rename: a kill leaves the former checkpoint whole."""
        tensors = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        tensors |= {f"best.{name}": value for name, value in self.best.items()}
        for index, state in self.optimiser.state_dict()["state"].items():
            tensors |= {f"adam.{index}.{name}": value for name, value in state.items()}
        tensors = {name: value.detach().cpu().clone().contiguous() for name, value in tensors.items()}
        beside = self.path.with_suffix(".new")
        save_file(tensors, beside, metadata={"progress": json.dumps(asdict(self.progress)), "job": self._job()})
        beside.replace(self.path)

    def _resume(self) -> None:
        """Take up a checkpoint of the same job; of another job, begin afresh."""
        with safe_open(self.path, framework="pt") as file:
            about = file.metadata()
            if about.get("job") != self._job():
                return
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        self.progress = Progress(**json.loads(about["progress"]))
        self.network.load_state_dict(_part(tensors, "network."))
        self.best = {name: value.to(device()) for name, value in _part(tensors, "best.").items()}
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in _part(tensors, "adam.").items():
            index, key = name.split(".")
            state.setdefault(int(index), {})[key] = value
        self.optimiser.load_state_dict({"state": state, "param_groups": self.optimiser.state_dict()["param_groups"]})

    def _job(self) -> str:
        return json.dumps([asdict(self.shape), asdict(self.plan)], sort_keys=True)


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


@torch.no_grad()
def split(network: AdditiveNetwork, batch: Batch) -> tuple[Tensor, Tensor]:
    """(own [targets], contribution [last edges]) in double precision, so that their sums add up to 1e-9."""
    network.eval()
    own, contribution = network(batch)
    return own.double().cpu(), contribution.double().cpu()


@torch.no_grad()
def by_feature(network: AdditiveNetwork, batch: Batch) -> Tensor:
    """What each prepared feature brings to the own part, [targets, width]."""
    network.eval()
    return network.own.by_feature(batch.nodes[FIRM][batch.targets]).double().cpu()
