"""Strings, lists, tuples, None and dictionaries, in and out."""

from checks.author import Assignment

ASSIGNMENT = a = Assignment("words", modules=["words"])

WORDS = ("oak", "Ash", "elm", "fir", "Yew")


def text_of(rng, length):
    """Words, some of them with a capital letter."""
    return " ".join(rng.choice(WORDS, length))


@a.check("counts.words", points=2, says={"en": "Each word has its number."}, sizes=[{"length": 30}])
def numbers(student, rng, length):
    """Words and their numbers."""
    return student.counts(text_of(rng, length) + "\n ash\telm ")


@a.check(
    "most_common.order", points=2, says={"en": "The most frequent first, then by the alphabet."}, sizes=[{"length": 20}]
)
def order(student, rng, length):
    """Pairs in order, also of words that are as frequent."""
    return {"three": student.most_common(text_of(rng, length)), "ties": student.most_common("b a c b a c d", n=4)}


@a.check("translate.lists", points=1, says={"en": "A word that is missing becomes what was said."})
def lists(student, rng):
    """With and without a default."""
    words = tuple(str(word) for word in rng.permutation(WORDS))
    known = {"oak": {"de": "Eiche"}, "Ash": ["Esche", 1], "elm": 2.5}
    return [student.translate(words, known), student.translate(words=words, dictionary=known, unknown="?")]


@a.check("first_line.text", points=1, says={"en": "Blank lines are left out."})
def text(student, rng):
    """A line, and None."""
    return [student.first_line(f"\n  \n {rng.choice(WORDS)} tree \nsecond"), student.first_line(" \n")]
