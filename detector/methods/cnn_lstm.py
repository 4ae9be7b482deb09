"""The CNN-LSTM autoencoder as a detector."""

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from detector.base import USUAL, ColumnsWanted, Floats, NoOptions, Training
from detector.errors import DataError
from detector.methods.network import NetworkDetector, NetworkOptions
from detector.networks.base import Network
from detector.networks.cnn_lstm import WINDOW, CnnLstmAutoencoder
from detector.registry import register


class CnnLstmOptions(NetworkOptions):
    """The options of the CNN-LSTM: how a window is labelled, and which channels it sees."""

    label: Literal["next", "last"] = Field(
        "next", description="the row a window scores: the next one, as published, or its last"
    )
    variance: float = Field(
        0.0, ge=0, description="channels whose scaled variance is less are left out"
    )
    correlation: float = Field(
        1.0, gt=0, le=1, description="of two channels correlated more than this, the later goes"
    )
    diet: Literal["tags", "residuals"] = Field(
        "tags", description="what it sees: the tags, or a shadow twin's residuals and the statuses"
    )


@register("cnn-lstm")
class CnnLstm(NetworkDetector):
    """Scores a row by how badly the network reconstructs the 24 rows before it.

    Window i holds rows i to i + 23 and is labelled by row i + 24: the score of row t is the mean
    squared error, over 24 hours and all channels, of rows t - 24 to t - 1. Of 4177 rows 4153 are
    scored, and what happens in row t shows from row t + 1 on. A constant channel that moves adds to
    the score in row t already, and for the 24 rows after it.
    """

    length = WINDOW
    includes_row = False
    reach = WINDOW + 1
    Options: ClassVar[type[NoOptions]] = CnnLstmOptions

    _seen: NDArray[np.bool_]

    @classmethod
    def wants(cls, training: Training = USUAL) -> ColumnsWanted:  # noqa: D102 - see base class
        options = cls.options(training)
        assert isinstance(options, CnnLstmOptions)
        return "tags" if options.diet == "tags" else "tags+shadow"

    def configure(self, options: NoOptions) -> None:  # noqa: D102 - see base class
        assert isinstance(options, CnnLstmOptions)
        self.includes_row = options.label == "last"
        self.columns_wanted = "tags" if options.diet == "tags" else "tags+shadow"

    def learn(  # noqa: D102 - see base class
        self, windows: Floats, held_out: Floats, training: Training
    ) -> None:
        options = self.options(training)
        assert isinstance(options, CnnLstmOptions)
        self._seen = _chosen(windows[:, -1], self.tags, options)
        if not self._seen.any():
            raise DataError("no channel is left: lower `variance`, or raise `correlation`")
        super().learn(windows[:, :, self._seen], held_out[:, :, self._seen], training)

    def network(self, channels: int) -> Network:  # noqa: D102 - see base class
        return CnnLstmAutoencoder(channels)

    def channels(self) -> int:  # noqa: D102 - see base class
        return int(self._seen.sum())

    def errors(self, windows: Floats) -> Floats:  # noqa: D102 - see base class
        errors = np.zeros((len(windows), windows.shape[2]))
        errors[:, self._seen] = super().errors(windows[:, :, self._seen])
        return errors

    def slopes(self, window: Floats) -> Floats:  # noqa: D102 - see base class
        slopes = np.zeros(window.shape[1])
        slopes[self._seen] = super().slopes(window[:, self._seen])
        return slopes

    def tensors(self) -> dict[str, NDArray[Any]]:  # noqa: D102 - see base class
        seen = {} if self._seen.all() else {"seen": self._seen}
        return {**super().tensors(), **seen}

    def restore(self, tensors: dict[str, NDArray[Any]]) -> None:  # noqa: D102 - see base class
        kept = dict(tensors)
        self._seen = kept.pop("seen", np.ones(len(self.tags), dtype=np.bool_))
        super().restore(kept)


def _chosen(rows: Floats, names: tuple[str, ...], options: CnnLstmOptions) -> NDArray[np.bool_]:
    """Return which channels the network sees, ``(C,)``, from scaled normal rows ``(N, C)``."""
    chosen: NDArray[np.bool_] = rows.var(axis=0) >= options.variance
    if options.diet == "residuals":
        shadow = np.array([":" in name for name in names])
        chosen &= shadow | np.isin(rows, (0.0, 1.0)).all(axis=0)
    if options.correlation < 1:
        moving = rows.std(axis=0) > 0
        with np.errstate(invalid="ignore"):
            alike = np.abs(np.nan_to_num(np.corrcoef(rows.T))) > options.correlation
        for channel in np.flatnonzero(chosen & moving):
            chosen[channel] = not alike[channel, :channel][chosen[:channel]].any()
    return chosen
