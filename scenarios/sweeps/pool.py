"""The processes that do a sweep's runs: local ones, or those of a Dask cluster.

Both are executors of `concurrent.futures`. A worker that dies takes no run with it: what it was
doing is done again, and a run that kills its worker again and again is told as failed.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED as FIRST
from concurrent.futures import CancelledError, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Protocol, TypeVar

from scenarios.sweeps.job import Record, versions
from twin.errors import InputError, RunError

_SUSPECT, _DEADLY = 3, 6
"""Deaths of workers a run was with after which it is done alone, and after which it is blamed."""
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Work(Protocol):
    """What is done as one: a run, for instance; see `scenarios.sweeps.job.Job`."""

    @property
    def key(self) -> str:
        """A hash of all that its record depends on."""
        ...

    @property
    def detectors(self) -> Sequence[str | None]:
        """The detectors that its record has a row of."""
        ...

    @property
    def out(self) -> str:
        """The folder that it writes to."""
        ...


_J = TypeVar("_J", bound=Work)


class Engine(Protocol):
    """Where runs are done."""

    @property
    def width(self) -> int:
        """How many runs are handed over at a time."""
        ...

    @property
    def deaths(self) -> tuple[type[BaseException], ...]:
        """What a run raises whose worker died."""
        ...

    def executor(self) -> Executor:
        """Return an executor that works, a new one where the last broke."""
        ...

    def close(self) -> None:
        """End the workers that it started."""
        ...


class LocalProcesses:
    """Processes on this machine, each with one run at a time.

    Parameters
    ----------
    workers : int
    """

    deaths: tuple[type[BaseException], ...] = (BrokenProcessPool,)

    def __init__(self, workers: int):
        if workers < 1:
            raise InputError(f"--workers is a number from 1 on, not {workers}")
        self.width = 2 * workers
        self._workers = workers
        self._context = multiprocessing.get_context("spawn")
        self._began = self._context.Event()
        self._executor: ProcessPoolExecutor | None = None
        self._broke = 0

    def executor(self) -> Executor:
        """Return the pool of processes, a new one where the last one's processes died."""
        if self._executor is not None and not _broken(self._executor):
            return self._executor
        self._broke += self._executor is not None
        if self._broke >= _SUSPECT and not self._began.is_set():
            raise RunError(
                "the worker processes end before they begin: in a Python file, start a sweep under "
                "`if __name__ == '__main__':`, for each worker reads that file too"
            )
        for name in _THREADS:  # of each worker: the cores are for the workers
            os.environ.setdefault(name, "1")
        self._executor = ProcessPoolExecutor(
            self._workers, self._context, initializer=_begin, initargs=(self._began,)
        )
        return self._executor

    def close(self) -> None:
        """End the processes, without waiting for what they are doing."""
        if self._executor is None:
            return
        processes = list((self._executor._processes or {}).values())
        self._executor.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            with contextlib.suppress(OSError, ValueError):
                process.terminate()
        for process in processes:
            process.join()


def _broken(executor: ProcessPoolExecutor) -> bool:
    return bool(executor._broken)


def _begin(began: Any) -> None:
    """Let this worker end with the process that started it, even one that is killed."""
    began.set()
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


class DaskCluster:
    """The workers of a Dask scheduler.

    Parameters
    ----------
    address : str
        Like `tcp://10.0.0.1:8786`; or `local` for a cluster on this machine.
    workers : int
        Of a local one.

    Raises
    ------
    InputError
        If Dask is not installed, or no scheduler answers.
    """

    def __init__(self, address: str, workers: int):
        try:
            from distributed import Client, KilledWorker, LocalCluster
        except ImportError:
            message = "--dask needs Dask: pip install 'hydrotwin[cluster]'"
            raise InputError(message) from None
        self.deaths: tuple[type[BaseException], ...] = (KilledWorker, CancelledError)
        self._address = address
        self._cluster = None
        if address == "local":
            self._cluster = LocalCluster(
                n_workers=workers, threads_per_worker=1, dashboard_address=None
            )
        try:
            self._client = Client(self._cluster or address, timeout="10s")
            self._client.wait_for_workers(1, timeout=30)
        except (OSError, TimeoutError, ValueError) as error:
            raise InputError(f"--dask {address}: no scheduler with workers: {error}") from None
        self._executor: Executor = self._client.get_executor(pure=False, retries=0)

    @property
    def width(self) -> int:
        """Twice as many runs as there are workers now, so that none waits for the next."""
        return max(2 * sum(map(int, self._client.nthreads().values())), 2)

    def executor(self) -> Executor:
        """Return the client's executor.

        Raises
        ------
        RunError
            If the scheduler is gone.
        """
        if self._client.status != "running":
            message = f"the Dask scheduler at {self._address} is gone: start it and the sweep again"
            raise RunError(message)
        return self._executor

    def close(self) -> None:
        """Leave the cluster; a local one ends."""
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()


def records(jobs: Iterator[_J], engine: Engine, do: Callable[[_J], Record]) -> Iterator[Record]:
    """Do jobs and yield the record of each as it ends.

    Parameters
    ----------
    jobs : iterator of Work
        Taken as workers get free.
    engine : Engine
    do : callable
        Does one in a worker and returns its record.

    Raises
    ------
    RunError
        If nothing can be done any more: no workers, or no place to write to.
    """
    deaths: Counter[str] = Counter()
    again: deque[_J] = deque()
    pending: dict[Future[Record], _J] = {}
    while True:
        alone = any(deaths[job.key] >= _SUSPECT for job in (*again, *pending.values()))
        while len(pending) < (1 if alone else engine.width):
            job = again.popleft() if again else next(jobs, None)
            if job is None:
                break
            try:
                pending[engine.executor().submit(do, job)] = job
            except engine.deaths:
                again.appendleft(job)
        if not pending:
            if again:
                continue
            return
        ended, _ = wait(pending, return_when=FIRST)
        for future in ended:
            job = pending.pop(future)
            try:
                yield future.result()
            except engine.deaths:
                deaths[job.key] += 1
                if deaths[job.key] < _DEADLY:
                    again.append(job)
                else:
                    yield _lost(job)
            except OSError as error:
                message = f"{error.filename or job.out}: {error.strerror or error}. What is done is"
                raise RunError(f"{message} kept: mend it and start the sweep again") from None


def _lost(job: Work) -> Record:
    """Return the record of a run whose workers died; a sweep that is started again redoes it."""
    error = f"the process that ran it died {_DEADLY} times: is there too little memory?"
    rows = [{"detector": name, "status": "failed", "error": error} for name in job.detectors]
    return {"key": job.key, "rows": rows, "wall_s": 0.0, "host": "", "versions": versions(),
            "lost": True}  # fmt: skip
