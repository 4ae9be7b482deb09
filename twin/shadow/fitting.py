"""The demands behind a shadow's frames: fitted anew where a frame says something new of them.

What is known of an hour's demands counts by its information, the inverse of its covariance: a
district whose pumps stood still may only now show in a flow, and one whose pumps have just stopped
was well known before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.shadow.network import ShadowNetwork
from twin.tags import Values

Mask = NDArray[np.bool_]

READING = 0.005
"""L/s or m: what two decimals leave open."""
_NUDGE = 0.02  # of a multiplier, for its derivative
_STEPS = 8  # Gauss–Newton steps where demands are fitted anew
_FEW = 3  # where only a tank's inlet has shut or opened
_FAR = 0.01  # a change of a multiplier beyond which the network is linearised anew
_CLOSE = 3e-4  # a change of every multiplier below this ends them
_LONGEST_STEP = 0.3  # of a multiplier at once
_HIGHEST = 3.0  # beyond any multiplier
_FARTHEST = 50.0  # L/s, m; a forged reading pulls no further
_MOST = 50.0  # times what rounding leaves open; a forged reading speaks no louder against a side
_BESIDE = 0.003  # m from a tank's rim or bottom: the other side of what rounding shows as at it
_EXACT = 3e-5  # m; a level shown so close to a rim is more likely at it than beside it
_UNLIKELY = 25.0  # what the less likely side of a rim costs: five standard deviations of a reading


@dataclass(frozen=True, slots=True)
class Instant:
    """What is believed of a frame.

    Attributes
    ----------
    levels, before : ndarray of shape (tanks,)
        Now, and at the frame before [m].
    seconds : float
        For how long since then the demands have been the same.
    opened : ndarray of shape (drives,)
    seen : ndarray of shape (flows + pressures,)
        As `ShadowNetwork.solve` orders them; NaN where a reading is missing.
    """

    levels: Values
    before: Values
    seconds: float
    opened: Mask
    seen: Values


@dataclass(frozen=True, slots=True)
class Balance:
    """What tanks gained, as equations on the demands.

    Attributes
    ----------
    tanks : ndarray
        Indices of the tanks.
    off : ndarray
        By how much they gained more than expected [L/s].
    spread : ndarray
        Its standard deviation [L/s].
    """

    tanks: NDArray[np.intp]
    off: Values
    spread: Values


@dataclass(slots=True)
class Fit:
    """What came of a fit.

    Attributes
    ----------
    demands : ndarray of shape (DMAs,)
    root : ndarray of shape (DMAs, DMAs)
        The square root of the information: its transpose times itself is that.
    shut : ndarray of shape (tanks,)
        Which tanks were taken for full, their inlets closed, or empty.
    expected : ndarray of shape (flows + pressures,)
    inflows : ndarray of shape (tanks,)
        [L/s].
    residual, projected : ndarray of shape (flows + pressures,)
        Seen less expected, 0 where missing; and the part of it that no demand explains.
    steps : ndarray of shape (DMAs,)
        By how much the residual alone would move the demands.
    cost : float
        How unlikely it is; the least of several counts.
    """

    demands: Values
    root: Values
    shut: Mask
    expected: Values
    inflows: Values
    residual: Values
    projected: Values
    steps: Values
    cost: float


class DemandFit:
    """Fits the demands of an hour, frame by frame.

    Jacobians are kept within an hour only, while the demands are the same: what a frame's fit
    gives then depends on its hour and not on what was seen long ago.

    Parameters
    ----------
    network : ShadowNetwork
    """

    def __init__(self, network: ShadowNetwork):
        self._network = network
        tanks = network.tanks
        self._lowest, self._highest = np.array(tanks.lowest), np.array(tanks.highest)
        self._shut = np.zeros(len(tanks.names), dtype=bool)
        self._jacobians: dict[bytes, tuple[Values, Values, Values]] = {}

    def begin(self, mean: Values, spread: Values) -> None:
        """Begin an hour whose demands have this mean and standard deviation; each (DMAs,)."""
        self._jacobians.clear()
        self._demands = mean
        self._root = np.diag(1.0 / spread)

    def explain(self, at: Instant, balance: Balance | None, anew: bool) -> Fit:
        """Fit the demands to a frame.

        Where a tank is so close to its rim or bottom that rounding hides on which side, both are
        tried.

        Parameters
        ----------
        at : Instant
        balance : Balance, optional
            Weighed in where given.
        anew : bool
            Whether flows and pressures say something new; they do too where a tank's inlet shuts
            or opens.

        Raises
        ------
        PlantError
            If EPANET cannot solve it.
        """
        best: Fit | None = None
        for levels in self._sides(at.levels):
            shut = self._network.closing & (levels >= self._highest) | (levels <= self._lowest)
            refit = anew or bool((shut != self._shut).any())
            steps = _STEPS if anew else _FEW if refit else balance is not None
            fit = self._fit(at, levels, shut, balance, steps)
            fit.cost += self._oddness(at, levels, fit)
            if best is None or fit.cost < best.cost:
                best = fit
            if not refit and fit.cost < len(at.seen):
                break
        assert best is not None
        self._demands, self._root, self._shut = best.demands, best.root, best.shut
        return best

    def _near(self, levels: Values) -> tuple[Mask, Mask]:
        full = self._network.closing & (np.abs(levels - self._highest) <= READING)
        return full, np.abs(levels - self._lowest) <= READING

    def _sides(self, levels: Values) -> Iterator[Values]:
        """Yield levels on either side of each rim or bottom, first those as at the last frame."""
        full, empty = self._near(levels)
        rim = np.where(full, self._highest, self._lowest)
        near = full | empty
        inside = np.clip(levels, self._lowest + _BESIDE, self._highest - _BESIDE)
        within = np.where(np.abs(levels - rim) <= _EXACT, inside, levels)
        usual = np.where(near, np.where(self._shut, rim, within), levels)
        yield usual
        for tank in np.flatnonzero(near):
            other = usual.copy()
            other[tank] = within[tank] if self._shut[tank] else rim[tank]
            yield other

    def _oddness(self, at: Instant, levels: Values, fit: Fit) -> float:
        """Return what speaks against a side: a level beyond the rim by now, or shown elsewhere."""
        full, empty = self._near(at.levels)
        near = full | empty
        if not near.any():
            return 0.0
        rates = np.array(self._network.tanks.rates(levels.tolist(), fit.inflows.tolist()))
        now = at.before + rates * at.seconds
        beyond = np.where(full, now - self._highest, self._lowest - now)[near]
        rim = np.where(full, self._highest, self._lowest)
        odd = fit.shut != (np.abs(at.levels - rim) <= _EXACT)
        squares = np.clip(beyond / READING, 0.0, _MOST) ** 2
        return float(squares.sum() + _UNLIKELY * odd[near].sum())

    def _fit(
        self, at: Instant, levels: Values, shut: Mask, balance: Balance | None, steps: int
    ) -> Fit:
        network, known = self._network, np.isfinite(at.seen)
        network.impose(levels, at.opened)
        key = b"".join(mask.tobytes() for mask in (at.opened, shut, known))
        before, root = self._demands, self._root
        demands, (expected, inflows) = before, network.solve(before)
        if key not in self._jacobians:
            self._jacobians[key] = self._jacobian(known, demands, expected, inflows)
        slope, tank_slope, inverse = self._jacobians[key]
        residual = np.where(known, at.seen - expected, 0.0)
        told = root
        if steps:
            for step in range(steps):
                rows = [slope / READING, root]
                pull = np.clip(residual, -_FARTHEST, _FARTHEST)
                targets = [pull / READING, root @ (before - demands)]
                if balance is not None:
                    rows.append(tank_slope[balance.tanks] / balance.spread[:, None])
                    targets.append(np.clip(balance.off / balance.spread, -30.0, 30.0))
                move = np.linalg.lstsq(np.concatenate(rows), np.concatenate(targets), rcond=None)[0]
                move = np.clip(move, -_LONGEST_STEP, _LONGEST_STEP)
                if not len(move) or np.abs(move).max() < _CLOSE:
                    break
                moved = np.clip(demands + move, 0.0, _HIGHEST)
                solution = network.solve(moved)
                left = np.where(known, at.seen - solution[0], 0.0)
                if step and left @ left > residual @ residual:
                    break
                demands, residual = moved, left
                expected, inflows = solution
                if steps == _STEPS and np.abs(move).max() > _FAR:
                    found = self._jacobian(known, demands, expected, inflows)
                    self._jacobians[key] = slope, tank_slope, inverse = found
            news = slope / READING
            if balance is not None:
                news = tank_slope[balance.tanks] / balance.spread[:, None]
            # The root of the information, not itself: squares of a dry network's slopes swamp it.
            told = np.linalg.qr(np.concatenate([root, news])).R
        moves = inverse @ residual
        squares = np.clip(residual / READING, -_MOST, _MOST) ** 2
        cost = float(squares.sum() + ((root @ (before - demands)) ** 2).sum())
        projected = residual - slope @ moves
        return Fit(demands, told, shut, expected, inflows, residual, projected, moves, cost)

    def _jacobian(
        self, known: Mask, demands: Values, expected: Values, inflows: Values
    ) -> tuple[Values, Values, Values]:
        """Return how flows and pressures, and tanks' inflows, answer to demands, and an inverse."""
        slope = np.empty((len(expected), len(demands)))
        tank_slope = np.empty((len(inflows), len(demands)))
        for i in range(len(demands)):
            nudged = demands.copy()
            nudged[i] += _NUDGE
            there, filling = self._network.solve(nudged)
            slope[:, i] = np.where(known, there - expected, 0.0) / _NUDGE
            tank_slope[:, i] = (filling - inflows) / _NUDGE
        return slope, tank_slope, np.asarray(np.linalg.pinv(slope, rcond=1e-3), dtype=float)
