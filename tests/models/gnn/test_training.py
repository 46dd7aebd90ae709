"""Fitting: it learns planted contagion, repeats by seed, and goes on after a kill as if it had not been killed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from models.gnn.network import AdditiveNetwork, Shape, batch_of
from models.gnn.training import Fit, Plan, Progress, batches, split
from models.tensors import GraphDay

SHAPE = Shape(widths={"Firm": 2}, channels=2, edge_width=1, hidden=8, dropout=0.1)
PLAN = Plan(seed=5, epochs=6, patience=6, learning_rate=0.02, threads=1)


def world(seed: int, firms: int = 400) -> GraphDay:
    """Firm i defaults for its own first feature, or because the firm it guarantees (channel 0) is in trouble (second feature)."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(firms, 2)).astype(np.float32)
    src, dst = draw.integers(0, firms, 2 * firms), draw.integers(0, firms, 2 * firms)
    keep = src != dst
    src, dst = src[keep], dst[keep]
    channel = draw.integers(0, 2, len(src))
    troubled = x[:, 1] > 1
    arrives = np.zeros(firms)
    np.add.at(arrives, dst[(channel == 0) & troubled[src]], 1.0)
    odds = -3 + 1.5 * x[:, 0] + 3 * arrives
    labels = (draw.random(firms) < 1 / (1 + np.exp(-odds))).astype(np.float32)
    return GraphDay({"Firm": x}, src, dst, channel, np.ones((len(src), 1), np.float32), np.arange(firms), labels)


def fit(work: Path, plan: Plan, stop_after: int | None = None) -> dict[str, torch.Tensor]:
    work.mkdir(exist_ok=True)
    job = Fit(SHAPE, plan, work)
    job.start(torch.tensor([1.0, 0.0]), -3.0)
    train, validation = batches([world(1), world(2)], SHAPE, plan), batches([world(3)], SHAPE, plan)

    def tell(at: Progress) -> None:
        if stop_after is not None and at.epoch == stop_after:
            raise KeyboardInterrupt

    try:
        return job.run(train, validation, tell)
    except KeyboardInterrupt:
        return {}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(tmp_path: Path) -> None:
    first = fit(tmp_path / "a", PLAN)
    assert same(first, fit(tmp_path / "b", PLAN))
    assert not same(first, fit(tmp_path / "c", replace(PLAN, seed=6)))


def test_a_fit_killed_and_started_again_ends_in_the_same_weights(tmp_path: Path) -> None:
    straight = fit(tmp_path / "straight", PLAN)
    fit(tmp_path / "killed", PLAN, stop_after=3)
    assert same(straight, fit(tmp_path / "killed", PLAN))


def test_a_checkpoint_of_another_job_is_not_taken_up(tmp_path: Path) -> None:
    fit(tmp_path / "work", replace(PLAN, seed=6), stop_after=3)
    assert same(fit(tmp_path / "fresh", PLAN), fit(tmp_path / "work", PLAN))


def test_it_learns_over_which_channel_trouble_arrives(tmp_path: Path) -> None:
    plan = replace(PLAN, epochs=60, patience=20, weight_decay=0.01)
    network = AdditiveNetwork(SHAPE)
    network.load_state_dict(fit(tmp_path, plan))
    unseen = world(9)
    batch = batch_of(unseen, SHAPE.channels)
    own, contribution = split(network, batch)
    troubled = unseen.nodes["Firm"][batch.last[0].numpy(), 1] > 1
    guarantees = batch.last_channel.numpy() == 0
    brought = contribution.numpy()

    def gap(channel: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
        """How much more a troubled sender brings than one that is well."""
        return float(brought[channel & troubled].mean() - brought[channel & ~troubled].mean())

    assert gap(guarantees) > 1.5
    assert abs(gap(~guarantees)) < 0.5
    assert np.corrcoef(own.numpy(), unseen.nodes["Firm"][:, 0])[0, 1] > 0.8
