"""Known mistakes."""

from functools import partial

from checks.mistakes import Mistake


def wrong(id, check, method, old, new, hint):
    """A mistake in one method."""
    return Mistake(
        id,
        "knn",
        "KNearestNeighbor",
        f"KNearestNeighbor.{check}",
        ((old, new),),
        f"KNearestNeighbor.{method}",
        hint={"en": hint},
    )


distances, predict = partial(wrong, method="distances"), partial(wrong, method="predict")

MISTAKES = (
    distances(
        "squares",
        "distances",
        old="np.sqrt((apart**2).sum(axis=2))",
        new="(apart**2).sum(axis=2)",
        hint="The root is not taken.",
    ),
    distances(
        "city_block",
        "distances",
        old="np.sqrt((apart**2).sum(axis=2))",
        new="np.abs(apart).sum(axis=2)",
        hint="Squares are summed, not magnitudes.",
    ),
    predict("farthest", "nearest", old="[:, :k]", new="[:, -k:]", hint="The farthest examples are taken."),
    predict(
        "largest_label",
        "ties",
        old="np.bincount(self.y[row]).argmax()",
        new="2 - np.bincount(self.y[row], minlength=3)[::-1].argmax()",
        hint="Of several labels the largest is taken.",
    ),
)
