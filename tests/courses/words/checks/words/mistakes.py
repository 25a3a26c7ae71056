"""Known mistakes."""

from checks.mistakes import in_function

counts, most_common = in_function("words", "counts"), in_function("words", "most_common")

MISTAKES = (
    counts("capitals", "words", {".lower()": ""}, hint={"en": "Capital letters make other words."}),
    counts(
        "from_zero",
        "words",
        {"found.get(word, 0) + 1": "found.get(word, -1) + 1"},
        hint={"en": "The first one counts, too."},
    ),
    most_common(
        "last_first",
        "order",
        {"(-item[1], item[0])": "(item[1], item[0])"},
        hint={"en": "The least frequent come first."},
    ),
    most_common(
        "no_alphabet",
        "order",
        {"(-item[1], item[0])": "-item[1]"},
        hint={"en": "Of words that are as frequent the first in the alphabet is taken."},
    ),
    in_function("words", "translate")(
        "kept", "lists", {"(word, unknown)": "(word, word)"}, hint={"en": "A missing word stays as it is."}
    ),
    in_function("words", "first_line")(
        "not_stripped", "text", {"[line.strip() for": "[line for"}, hint={"en": "Blanks around the line stay."}
    ),
)
