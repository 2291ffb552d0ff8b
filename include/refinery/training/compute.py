"""Run scikit-learn's parallel work where there are cores for it: on a cluster's engine, or on the task's own."""

from __future__ import annotations

import contextlib
import importlib.util
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from refinery.training.errors import ComputeLostError, FitError, TrainingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Engine = Literal["dask"]
# What joblib asks for the number of cores, as scikit-learn does for its own threads.
_CORES_VARIABLE = "LOKY_MAX_CPU_COUNT"
_CONNECT_TIMEOUT = 30  # seconds


@dataclass(frozen=True, slots=True)
class Compute:
    """Where parallel work goes.

    Attributes:
        engine: The engine.
        address: Its scheduler, such as "tcp://scheduler:8786".
    """

    engine: Engine
    address: str


@contextlib.contextmanager
def computing_on(compute: Compute | None, modules: Sequence[str] = ()) -> Iterator[None]:
    """Run what scikit-learn and joblib do in parallel in the block on an engine; None leaves it to this machine's cores.

    Args:
        compute: The engine.
        modules: Modules of the project that the work may need, such as "include.models.churn". Dask's workers must have them:
            joblib waits forever for work that a worker cannot read.

    Raises:
        TrainingError: The engine's package is not installed, or its workers have other versions of libraries.
        ComputeLostError: The engine does not answer, or lost its workers; trying again may help.
    """
    if compute is None:
        yield
        return
    with _dask(compute, modules):
        import joblib

        with joblib.parallel_config(backend=compute.engine):
            yield


@contextlib.contextmanager
def on_cores(cores: int | None) -> Iterator[None]:
    """Let scikit-learn and joblib use that many cores in the block, ``n_jobs=-1`` included; None leaves it to them.

    By themselves they count the cores that the process may use: its affinity, and its container's limit.
    """
    before = os.environ.get(_CORES_VARIABLE)
    if cores is not None:
        os.environ[_CORES_VARIABLE] = str(cores)
    try:
        yield
    finally:
        if cores is not None:
            os.environ.pop(_CORES_VARIABLE)
            if before is not None:
                os.environ[_CORES_VARIABLE] = before


@contextlib.contextmanager
def _dask(compute: Compute, modules: Sequence[str]) -> Iterator[None]:
    distributed = _import("distributed", compute, "dask[distributed]")
    try:
        client = _connect(distributed.Client, compute.address)
    except (OSError, TimeoutError) as error:
        raise ComputeLostError(_problem(compute, f"it does not answer: {error}")) from error
    except (ValueError, TypeError) as error:
        reason = f"the address, or Dask's own settings for it (TLS), cannot be used: {error}"
        raise TrainingError(_problem(compute, reason)) from error
    with client:
        _check_versions(client, compute)
        for module in modules:
            _check_module(client, compute, module)
        try:
            yield
        except FitError as error:
            if isinstance(error.__cause__, (distributed.KilledWorker, distributed.CommClosedError)):
                raise ComputeLostError(_problem(compute, str(error.__cause__))) from error
            raise


def _connect(client_class: Any, address: str | None) -> Any:
    """Connect to Dask's scheduler with a client that closes itself where it cannot.

    Left to the garbage collector, it would be closed at any moment: while another client starts, both would wait forever.
    """

    class Client(client_class):  # type: ignore[misc]
        def start(self, **kwargs: Any) -> None:
            try:
                super().start(**kwargs)
            except BaseException:
                self.close()
                raise

    return Client(address, timeout=_CONNECT_TIMEOUT)


def _check_versions(client: Any, compute: Compute) -> None:
    """Refuse workers that would unpickle what is sent to them with another library, or another Python."""
    versions = client.get_versions(packages=["sklearn", "numpy", "joblib"])
    workers = versions["workers"]
    if not workers:
        raise ComputeLostError(_problem(compute, "it has no workers"))
    ours = versions["client"]["packages"]
    for worker, reported in workers.items():
        for package in ("python", "sklearn", "numpy", "joblib"):
            theirs = reported["packages"].get(package)
            if theirs != ours[package]:
                reason = f"its worker {worker} has {package} {theirs}, and this task has {ours[package]}; install the same"
                raise TrainingError(_problem(compute, reason))


def _check_module(client: Any, compute: Compute, module: str) -> None:
    found = client.run(importlib.util.find_spec, module, on_error="return")
    for worker, spec in found.items():
        if spec is None or isinstance(spec, Exception):
            reason = f"its worker {worker} has no {module}; start Dask's workers with this project on their PYTHONPATH"
            raise TrainingError(_problem(compute, reason))


def _import(module: str, compute: Compute, packages: str) -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        reason = f"{error.name} is not installed; add to requirements.txt: {packages}"
        raise TrainingError(_problem(compute, reason)) from error


def _problem(compute: Compute, reason: str) -> str:
    return f"The compute engine {compute.engine} at {compute.address}: {reason}."
