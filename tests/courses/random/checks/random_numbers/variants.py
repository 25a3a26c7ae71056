"""Right answers, written otherwise."""

from checks.mistakes import Variant

VARIANTS = (
    Variant(
        "other_sign",
        module="chance",
        function="principal",
        replace=(
            (
                "direction = np.linalg.svd(centered)[2][0]",
                "direction = -np.linalg.eigh(centered.T @ centered)[1][:, -1]",
            ),
        ),
    ),
)
