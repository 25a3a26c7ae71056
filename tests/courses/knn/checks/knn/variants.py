"""Right answers, written otherwise."""

from checks.mistakes import Variant

VARIANTS = (
    Variant(
        "expanded",
        module="knn",
        function="KNearestNeighbor.distances",
        replace=(("lengths = np.sqrt((apart**2).sum(axis=2))", "lengths = np.linalg.norm(apart, axis=2)"),),
    ),
)
