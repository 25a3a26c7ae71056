"""Right answers, written otherwise."""

from checks.mistakes import Variant

VARIANTS = (
    Variant(
        "strips",
        module="quadrature",
        function="trapezoid",
        replace=(
            (
                "integral = h * (inner + (y[0] + y[-1]) / 2)",
                "integral = h * sum((one + other) / 2 for one, other in zip(y, y[1:]))",
            ),
        ),
    ),
    Variant(
        "signs",
        module="roots",
        function="bisect",
        replace=(("if left * value <= 0:", "if (left > 0) != (value > 0):"),),
    ),
)
