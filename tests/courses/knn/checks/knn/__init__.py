"""A class with methods and attributes; whole numbers, and ties."""

import numpy as np

from checks.author import Assignment
from checks.student import Class

ASSIGNMENT = a = Assignment(
    "knn",
    modules=["knn"],
    classes={
        "KNearestNeighbor": Class(
            "knn", {"train": (), "distances": ("array",), "predict": ("array",)}, {"X": "array", "y": "array"}
        )
    },
)


def trained(student, rng, N, D):
    """A trained classifier, with labels from 0 to 2."""
    model = student.new("KNearestNeighbor")
    model.train(rng.normal(size=(N, D)), np.arange(N) % 3)
    return model


@a.check(
    "KNearestNeighbor.distances",
    points=2,
    says={"en": "The root of the sum of squares."},
    sizes=[{"M": 4, "N": 7, "D": 3}],
)
def distances(student, rng, M, N, D):
    """All distances."""
    return trained(student, rng, N, D).distances(rng.normal(size=(M, D)))


@a.check("KNearestNeighbor.nearest", points=1, says={"en": "One neighbour decides."}, sizes=[{"M": 9, "N": 12, "D": 2}])
def nearest(student, rng, M, N, D):
    """The default k."""
    return trained(student, rng, N, D).predict(rng.normal(size=(M, D)))


@a.check(
    "KNearestNeighbor.ties",
    points=2,
    says={"en": "Of labels that are as frequent, the smallest."},
    sizes=[{"M": 40, "N": 9}],
)
def ties(student, rng, M, N):
    """Six of nine neighbours, so that labels are as frequent now and then."""
    return trained(student, rng, N, 2).predict(rng.normal(size=(M, 2)), k=6)


@a.check("KNearestNeighbor.remembers", points=0.5, says={"en": "The examples are kept as they are."})
def remembers(student, rng):
    """What is kept."""
    model = trained(student, rng, 5, 2)
    return {"X": model.X, "y": model.y}
