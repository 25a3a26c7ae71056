"""Right answers, written otherwise."""

from checks.mistakes import Variant

VARIANTS = (
    Variant(
        "summed",
        module="conv",
        function="conv_backward",
        replace=(("db = dout.sum(axis=(0, 2, 3))", "db = dout.sum(3).sum(2).sum(0)"),),
    ),
)
