"""Runs and versions in MLflow: joined, not rewritten. Telemetry is off: a bank's models are nobody else's business."""

import logging
import os
from pathlib import Path
from typing import Any

EXPERIMENT = "yujing"
PREFIX = "yujing-"


def track(url: str, manifest: dict[str, Any], root: Path) -> str:
    """One run with parameters, metrics and tags, and one registered version that points to our folder; the run's id."""
    client = _client(url)
    from mlflow.entities import Metric, Param, RunTag

    experiment = client.get_experiment_by_name(EXPERIMENT)
    where = (root / "mlflow").resolve().as_uri()
    experiment_id = experiment.experiment_id if experiment else client.create_experiment(EXPERIMENT, artifact_location=where)
    run = client.create_run(experiment_id, run_name=f"{manifest['name']} {manifest['version']}")
    at = int(manifest["trained_at"] // 1000)
    metrics = [
        Metric(f"{name}.{metric}", float(value), at, 0)
        for name, values in manifest["metrics"].items()
        for metric, value in values.items()
        if value is not None
    ]
    told = ("kind", "horizon_days", "seed", "ledger_seq", "feature_version", "ontology_hash")
    params = [Param(key, str(manifest[key])) for key in told]
    params += [Param(f"days.{name}", f"{days[0]}..{days[-1]}") for name, days in manifest["days"].items()]
    tags = [RunTag("weights_sha256", " ".join(manifest["files"].values())), RunTag("calibration", str(manifest["calibration"]))]
    client.log_batch(run.info.run_id, metrics=metrics, params=params, tags=tags)
    client.set_terminated(run.info.run_id)
    _register(client, manifest, root, run.info.run_id)
    return str(run.info.run_id)


def mark_champion(url: str, name: str, version: str) -> None:
    """Move the alias `champion` to this version, and off every other model."""
    client = _client(url)
    for model in client.search_registered_models(filter_string=f"name LIKE '{PREFIX}%'"):
        if "champion" in model.aliases:
            client.delete_registered_model_alias(model.name, "champion")
    found = client.search_model_versions(f"name = '{PREFIX}{name}'")
    for candidate in found:
        if candidate.tags.get("yujing_version") == version:
            client.set_registered_model_alias(PREFIX + name, "champion", candidate.version)


def _register(client: Any, manifest: dict[str, Any], root: Path, run_id: str) -> None:
    from mlflow.exceptions import MlflowException

    name = PREFIX + manifest["name"]
    try:
        client.get_registered_model(name)
    except MlflowException:
        client.create_registered_model(name)
    source = (root / manifest["name"] / manifest["version"]).resolve().as_uri()
    client.create_model_version(name, source=source, run_id=run_id, tags={"yujing_version": manifest["version"]})


def _client(url: str) -> Any:
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["DO_NOT_TRACK"] = "true"
    from mlflow import MlflowClient

    for name in ("mlflow", "mlflow.store.db.utils", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    return MlflowClient(tracking_uri=url, registry_uri=url)
