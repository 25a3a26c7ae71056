"""`train`: the records of a run, from the disk where it was kept for the same data and code, else made step by step."""

import traceback
from collections.abc import Iterator, Sequence

from .. import optim
from ..data import DATA
from ..data.cifar10 import cache_folder
from ..messages import say
from . import kept
from .faults import NotWrittenYet
from .run import code, iterations
from .together import together
from .training import Data, Progress, Training


def train(
    trainings: Training | Sequence[Training],
    data: Data,
    *,
    spread: bool = False,
    plain: bool = False,
    cache: bool = False,
) -> Iterator[Progress]:
    """Train one net or several at once, with the layers and nets that are imported now.

    Args:
        trainings: what to train.
        data: X_train (N, d_1, ..., d_k), y_train (N,), X_val, y_val; as for `Solver`.
        spread: measure the spread of the activations in every step.
        plain: train each net by its own `loss`, also where nets side by side would be faster.
        cache: keep the records on disk when the run is through, and take them from there if this run was there before,
            with the same data and the same code.

    Yields:
        One record for each step of each net. Close the generator to stop.

    Raises:
        NotWrittenYet: a function that the training needs is still to be written.
        ValueError: something in the trainings or the data cannot be.
    """
    chosen = [trainings] if isinstance(trainings, Training) else list(trainings)
    if missing := [name for name in DATA if name not in data]:
        raise ValueError(say("no_data", missing=", ".join(missing)))
    for training in chosen:
        if training.update_rule not in optim.KEYS:
            raise ValueError(say("no_rule", rule=training.update_rule, known=", ".join(optim.KEYS)))
    return _cached(chosen, data, spread, plain) if cache else _train(chosen, data, spread, plain)


def _cached(trainings: list[Training], data: Data, spread: bool, plain: bool) -> Iterator[Progress]:
    rows = max((training.num_train for training in trainings), default=0)
    used = {name: data[name] for name in ("y_train", "X_val", "y_val")} | {"X_train": data["X_train"][:rows]}
    rules = dict.fromkeys(training.update_rule for training in trainings)
    name = kept.name_of(repr((trainings, spread, plain)), used, code(rules))

    cache = cache_folder()
    steps = kept.load(cache, name)
    if steps is not None:
        yield from steps
        return
    steps = []
    for step in _train(trainings, data, spread, plain):
        steps.append(step)
        yield step
    kept.save(cache, name, steps)


def _train(trainings: list[Training], data: Data, spread: bool, plain: bool) -> Iterator[Progress]:
    total, made = sum(iterations(training, data) for training in trainings), 0
    try:
        for steps in together(trainings, data, spread, plain):
            for step in steps:
                made += 1 if step.state != "diverged" else 1 + step.iterations - step.iteration
                yield step._replace(done=made / total)
    except NotImplementedError as missing:
        *_, (innermost, _) = traceback.walk_tb(missing.__traceback__)
        raise NotWrittenYet(say("not_written", function=innermost.f_code.co_qualname)) from None
