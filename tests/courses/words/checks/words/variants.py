"""Right answers, written otherwise."""

from checks.mistakes import Variant

VARIANTS = (
    Variant(
        "lists_for_tuples",
        module="words",
        function="most_common",
        replace=(("best = ranked[:n]", "best = [list(pair) for pair in ranked[:n]]"),),
    ),
    Variant(
        "counter",
        module="words",
        function="counts",
        replace=(
            (
                "    for word in text.lower().split():\n        found[word] = found.get(word, 0) + 1",
                "    import collections\n    found = collections.Counter(text.lower().split())",
            ),
        ),
    ),
)
