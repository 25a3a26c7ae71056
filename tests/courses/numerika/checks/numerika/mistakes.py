"""Known mistakes."""

from checks.mistakes import in_function

bisect = in_function("roots", "bisect")
lu = in_function("linear", "lu")
trapezoid = in_function("quadrature", "trapezoid")

MISTAKES = (
    bisect("other_half", "root", {"left * value <= 0": "left * value > 0"}, hint={"en": "The other half is kept."}),
    bisect("one_end", "steps", {"root = (a + b) / 2": "root = a"}, hint={"en": "The last middle is not taken."}),
    lu(
        "no_multiplier",
        "factors",
        {"L[row, column] * U[column, column:]": "U[column, column:]"},
        hint={"en": "A multiple of the row is subtracted."},
    ),
    lu("l_not_filled", "factors", {"return L, U": "return np.eye(n), U"}, hint={"en": "L holds the multipliers."}),
    in_function("linear", "scale_rows")(
        "by_the_largest",
        "in_place",
        {".max(axis=1, keepdims=True)": ".max()"},
        hint={"en": "Each row has a largest number of its own."},
    ),
    trapezoid(
        "whole_ends", "value", {"(y[0] + y[-1]) / 2": "y[0] + y[-1]"}, hint={"en": "The ends are counted whole."}
    ),
    trapezoid("no_step", "value", {"h * (": "("}, hint={"en": "Each strip is as wide as the step."}),
)
