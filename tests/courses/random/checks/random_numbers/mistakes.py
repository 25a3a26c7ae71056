"""Known mistakes; those that a predicate alone shows are not named."""

from checks.mistakes import in_function

MISTAKES = (
    in_function("chance", "mask")("the_other_share", "share", {">= p": "< p"}, hint={"en": "A share of p is kept."}),
    in_function("chance", "drop")(
        "not_scaled", "mean", {" / (1 - p)": ""}, hint={"en": "What is kept is not made larger."}
    ),
    in_function("chance", "standardize")(
        "by_the_variance", "values", {"x.std()": "x.var()"}, hint={"en": "The variance is not the standard deviation."}
    ),
    in_function("chance", "principal")(
        "not_centered", "direction", {"x - x.mean(axis=0)": "x + 1"}, hint={"en": "The rows spread around their mean."}
    ),
    in_function("chance", "principal")(
        "least", "direction", {"[2][0]": "[2][-1]"}, hint={"en": "The direction of the least spread is returned."}
    ),
)
