"""Training a network on normal windows: Adam, mini-batches, early stopping."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from detector.base import Floats, Progress, Step
from detector.errors import DataError
from detector.networks.base import Network
from detector.networks.cnn_lstm import CnnLstmAutoencoder, one_thread

EPOCHS = 60
"""At most so many passes over the training windows."""
BATCH = 64
"""Windows in a mini-batch."""
RATE = 2e-3
"""Adam's first learning rate."""
PATIENCE = 8
"""Epochs without a better held-out loss after which training stops."""


@dataclass
class History:
    """The course of a training.

    Attributes
    ----------
    loss, held_out
        Mean squared error after each epoch, on the training and the held-out windows.
    best
        Number of the epoch whose weights were kept, counted from 1.
    stopped
        Why it ended: ``early`` (no better for `PATIENCE` epochs), ``epochs`` or ``interrupted``.
    """

    loss: list[float] = field(default_factory=list)
    held_out: list[float] = field(default_factory=list)
    best: int = 0
    stopped: str = "epochs"


def pick_device(name: str) -> torch.device:
    """Return the device of a name.

    Raises
    ------
    DataError
        If it is neither ``cpu`` nor ``cuda``, or if there is no CUDA device: falling back in
        silence would hide why a training takes so long.
    """
    if name not in ("cpu", "cuda"):
        raise DataError(f"unknown device {name!r}. Known: cpu, cuda.")
    if name == "cuda" and not torch.cuda.is_available():
        raise DataError("device 'cuda' was asked for, but torch finds none here. Use --device cpu.")
    return torch.device(name)


@one_thread()
def train(
    windows: Floats,
    held_out: Floats,
    network: Callable[[int], Network] = CnnLstmAutoencoder,
    *,
    seed: int = 0,
    epochs: int = EPOCHS,
    device: str = "cpu",
    progress: Progress | None = None,
) -> tuple[Network, History]:
    """Train a network on normal windows.

    Ctrl-C ends the training and keeps the best epoch so far; before the first epoch is through
    there is nothing to keep, and it interrupts as usual.

    Parameters
    ----------
    windows
        Scaled normal windows to learn from, ``(N, 24, C)``.
    held_out
        Later normal windows that decide when to stop, ``(M, 24, C)``.
    network
        Makes the network for a number of channels.
    seed
        Seed of the first weights and of the order of the windows.
    epochs
        At most so many passes.
    device
        ``cpu`` or ``cuda``.
    progress
        Called after each epoch.

    Returns
    -------
    tuple
        The network of the best epoch, on the CPU, and the history.

    Raises
    ------
    DataError
        If the device is unknown or absent.
    """
    target = pick_device(device)
    # One copy in float32: sliding windows over the same rows would otherwise be copied per batch.
    training = torch.tensor(np.ascontiguousarray(windows), dtype=torch.float32, device=target)
    validation = torch.tensor(np.ascontiguousarray(held_out), dtype=torch.float32, device=target)

    # torch draws first weights from its global generator: forked, so that the caller's stays as is.
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = network(windows.shape[2]).to(target)
    order = torch.Generator().manual_seed(seed)

    optimiser = torch.optim.Adam(model.parameters(), lr=RATE)
    # The rate falls along half a cosine: large steps first, small ones to settle.
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=epochs)
    history = History()
    kept: dict[str, Tensor] = {}
    lowest = float("inf")
    try:
        for number in range(1, epochs + 1):
            shuffled = torch.randperm(len(training), generator=order)
            learned = _pass(model, optimiser, training, shuffled)
            schedule.step()
            error = _loss(model, validation)
            history.loss.append(learned)
            history.held_out.append(error)
            if error < lowest:
                lowest = error
                history.best = number
                kept = copy.deepcopy(model.state_dict())
            if progress is not None:
                progress(Step(number, epochs, learned, error))
            if number - history.best >= PATIENCE:
                history.stopped = "early"
                break
    except KeyboardInterrupt:
        if not kept:
            raise
        history.stopped = "interrupted"
    model.load_state_dict(kept)
    return model.cpu(), history


def _pass(
    model: Network, optimiser: torch.optim.Optimizer, windows: Tensor, order: Tensor
) -> float:
    """Learn from every window once, in the given order; return the mean loss on the way."""
    model.train()
    total = 0.0
    for batch in torch.split(order.to(windows.device), BATCH):
        inputs = windows[batch]
        optimiser.zero_grad()
        found = model.loss(inputs)
        found.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        total += found.item() * len(batch)
    return total / len(windows)


@torch.no_grad()
def _loss(model: Network, windows: Tensor) -> float:
    """Return the mean loss over all windows."""
    model.eval()
    total = 0.0
    for batch in torch.split(windows, 512):
        total += model.loss(batch).item() * len(batch)
    return total / len(windows)
