"""The explorer of nets: they train again whenever a slider moves."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any, Generic, TypeVar

from .curves import Curves
from .explorer import Explorer
from .figures import Axis, Kind, NetPicture, Shown
from .panel import Control, Value
from .run import code
from .trainer import train
from .training import Data, Training

Key = TypeVar("Key", bound=Hashable)


class SlicedRun(Generic[Key]):
    """Trainings under way, in slices of time; see `explorer.Run`.

    Args:
        trainings: what is trained.
        data: as for `train`.
    """

    def __init__(self, trainings: Mapping[Key, Training], data: Data) -> None:
        self.curves = {key: Curves(training) for key, training in trainings.items()}
        self.iterations: dict[Key, int] = {}
        self.done, self.seconds = 0.0, 0.0
        self._keys = list(trainings)
        self._steps = train(list(trainings.values()), data, spread=True)

    def advance(self, seconds: float) -> bool:
        """Train for some time; False if nothing is left to do.

        Raises:
            NotWrittenYet: see `train`.
            Exception: whatever a layer raises.
        """
        start = perf_counter()
        try:
            for step in self._steps:
                key = self._keys[step.model]
                self.curves[key].add(step)
                self.iterations[key] = step.iterations
                self.done = step.done
                if perf_counter() >= start + seconds:
                    return True
            self.done = 1.0
            return False
        finally:
            self.seconds += perf_counter() - start

    @property
    def seconds_left(self) -> float:
        """How long the rest would take at the speed so far."""
        return self.seconds * (1 - self.done) / self.done if self.done else 0.0

    def close(self) -> None:
        """Train no further."""
        self._steps.close()  # type: ignore[attr-defined]


class NetExplorer(Explorer[SlicedRun[Kind], Shown]):
    """See `Explorer`.

    Args:
        data: as for `train`.
        base: what is trained, but for normalization and settings.
        kinds: the normalizations that are compared.
        controls: the settings.
        over: name of the control whose values are collected in a summary, if any.
        examples: values of `over` that are tried where nobody can move a slider.
        gradients: show them beside the activations.
        live: as for `Explorer`.
    """

    def __init__(
        self,
        data: Data,
        base: Training,
        kinds: Sequence[Kind],
        controls: Sequence[Control],
        over: str | None = None,
        examples: Sequence[Value] = (),
        *,
        gradients: bool = False,
        live: bool | None = None,
    ) -> None:
        self.data, self.base, self.kinds, self.over, self.examples = data, base, tuple(kinds), over, examples
        self.tried: dict[float, dict[Kind, Curves]] = {}
        self._trained = code([self.base.update_rule])
        by_name = {control.name: control for control in controls}
        self._axis = Axis(over, by_name[over].low, by_name[over].high, by_name[over].choices) if over else None
        layers = int(max(by_name["depth"].high if "depth" in by_name else 0, base.depth)) - 1

        def picture(narrow: bool) -> NetPicture:
            return NetPicture(self.kinds, self._axis, layers, gradients=gradients, narrow=narrow)

        super().__init__(controls, picture, live=live)

    def _trainings(self, **values: Value) -> dict[Kind, Training]:
        return {kind: replace(self.base, normalization=kind, **self._values | values) for kind in self.kinds}  # type: ignore[arg-type]

    def _new_run(self) -> SlicedRun[Kind]:
        return SlicedRun(self._trainings(), self.data)

    def _new_first_run(self) -> "_FirstRun":
        values: dict[Value | None, dict[str, Value]] = {None: {}}
        if self.over and self._alone:
            values |= {value: {self.over: value} for value in self.examples if value != self._values[self.over]}
        return _FirstRun(
            {
                (kind, value): training
                for value, setting in values.items()
                for kind, training in self._trainings(**setting).items()
            },
            self.data,
        )

    def _shown(self, run: Any) -> Shown:
        if isinstance(run, _FirstRun):
            for value in dict.fromkeys(value for _, value in run.curves):
                self._collect(value, run.of(value))
            steps = run.iterations.get((self.kinds[0], None), 0)
            return self._as_shown(run.of(None), steps)
        return self._as_shown(run.curves, max(run.iterations.values(), default=0))

    def _as_shown(self, curves: Mapping[Kind, Curves], iterations: int) -> Shown:
        return Shown(self.settings, self.base.epochs, iterations, curves, self.tried, self._axis)

    def _finished(self, run: SlicedRun[Kind]) -> None:
        self._collect(None, run.curves)

    def _collect(self, value: Value | None, nets: Mapping[Kind, Curves]) -> None:
        """Into the summary, once they are trained to the end, what was trained with a value (None: the one set)."""
        if self.over and all(curves.state != "training" for curves in nets.values()):
            self.tried[self._values[self.over] if value is None else value] = dict(nets)

    def _changed(self) -> None:
        """Points of other code leave the summary."""
        trains = code([self.base.update_rule])
        if trains != self._trained:
            self._trained = trains
            self.tried.clear()


class _FirstRun(SlicedRun[tuple[Kind, Value | None]]):
    """Nets of the values that are tried at first, by kind and value; None is the value that is set."""

    def of(self, value: Value | None) -> dict[Kind, Curves]:
        """The nets of one value."""
        return {kind: curves for (kind, own), curves in self.curves.items() if own == value}
