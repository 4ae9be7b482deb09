"""Control charts: each tag alone against its own mean, by EWMA or CUSUM."""

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.base import Floats, Training
from detector.methods.windowed import WindowDetector
from detector.registry import register

_NEWEST = 0.2  # the newest row's weight in the EWMA (Roberts 1959 has .05 to .25)
_SLACK = 0.5  # standard deviations that the CUSUM lets pass (Page 1954)


class PerTag(WindowDetector):
    """The worst of the tags, each a chart of its standardised rows over a day."""

    seeded = False
    includes_row = True
    reach = 1

    @abstractmethod
    def chart(self, z: Floats) -> Floats:
        """Return the chart's value at the end of standardised windows, ``(N, rows, C)``."""

    def learn(  # noqa: D102 - see base class
        self, windows: Floats, held_out: Floats, training: Training
    ) -> None:
        rows = windows[:, -1]
        deviation = rows.std(axis=0)
        self._mean, self._deviation = rows.mean(axis=0), np.where(deviation > 0, deviation, 1.0)

    def errors(self, windows: Floats) -> Floats:  # noqa: D102 - see base class
        return self.chart((windows - self._mean) / self._deviation)

    def total(self, errors: Floats) -> Floats:  # noqa: D102 - see base class
        worst: Floats = errors.max(axis=-1)
        return worst

    def tensors(self) -> dict[str, NDArray[Any]]:  # noqa: D102 - see base class
        return {"mean": self._mean, "deviation": self._deviation}

    def restore(self, tensors: dict[str, NDArray[Any]]) -> None:  # noqa: D102 - see base class
        self._mean, self._deviation = tensors["mean"], tensors["deviation"]


@register("ewma")
class Ewma(PerTag):
    """Scores a row by the tag whose exponentially weighted mean is farthest from normal."""

    def chart(self, z: Floats) -> Floats:  # noqa: D102 - see base class
        weights = _NEWEST * (1 - _NEWEST) ** np.arange(z.shape[1])[::-1]
        mean = np.einsum("t,ntc->nc", weights, z)
        deviations: Floats = np.abs(mean) / np.sqrt((weights**2).sum())
        return deviations


@register("cusum")
class Cusum(PerTag):
    """Scores a row by the tag whose excess over normal, summed up over a day, is largest."""

    def chart(self, z: Floats) -> Floats:  # noqa: D102 - see base class
        up, down = np.zeros_like(z[:, 0]), np.zeros_like(z[:, 0])
        for row in z.transpose(1, 0, 2):
            up = np.maximum(up + row - _SLACK, 0.0)
            down = np.maximum(down - row - _SLACK, 0.0)
        return np.maximum(up, down)
