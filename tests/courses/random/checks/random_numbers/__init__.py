"""Statistics of random results, with a stated probability of false alarm; an answer of either sign."""

import numpy as np

from checks.author import Assignment, near_mean
from checks.student import Function

ASSIGNMENT = a = Assignment(
    "random_numbers", modules=["chance"], functions={"principal": Function("chance", ("x",), ("array",))}
)


@a.check("mask.seeded", points=1, says={"en": "The same seed gives the same mask."}, sizes=[{"N": 20, "D": 6}])
def seeded(student, rng, N, D):
    """Shape and kind of a mask, that a seed fixes it, and that it is all True where nothing is dropped."""
    one, other = student.mask((N, D), 0.5, seed=7), student.mask(shape=(N, D), p=0.5, seed=7)
    everything = student.mask((N, D), 0.0, seed=7)
    return {
        "differences": int((one != other).sum()),
        "shape": list(one.shape),
        "kind": one.dtype.kind,
        "kept for p = 0": int(everything.sum()),
    }


@a.holds("mask.share", points=2, says={"en": "A share of p is False."})
def share(student, rng):
    """So far off is a right mask once in ten thousand million times."""
    p = rng.uniform(0.2, 0.4)
    return near_mean(student.mask((200, 100), p), 1 - p)


@a.holds("drop.mean", points=1, says={"en": "The mean stays what it is."})
def mean(student, rng):
    """What is not dropped is made larger."""
    return near_mean(student.drop(np.ones((200, 100)), 0.5), 1.0, least=0.0, most=2.0)


@a.check("drop.nothing", points=0.5, says={"en": "With p = 0 nothing is dropped."}, sizes=[{"N": 4, "D": 3}])
def nothing(student, rng, N, D):
    """The same numbers."""
    return student.drop(rng.normal(size=(N, D)), 0.0)


@a.check("standardize.values", points=1, says={"en": "The mean is 0, the spread 1."}, sizes=[{"n": 12}, {"n": 2}])
def values(student, rng, n):
    """Values."""
    return student.standardize(rng.normal(size=n) * 3 + 1)


@a.check("principal.direction", points=2, says={"en": "Either sign will do."}, sizes=[{"N": 12, "D": 3}])
def direction(student, rng, N, D):
    """With the sign that makes the largest number positive."""
    found = student.principal(rng.normal(size=(N, D)) * (5.0, 2.0, 0.5))
    return found * np.sign(found[np.abs(found).argmax()])
