"""Counting words."""


def counts(text):
    """How often each word of a text stands in it; words are parted by blanks, and small letters."""
    ### BEGIN SOLUTION words
    found = {}
    for word in text.lower().split():
        found[word] = found.get(word, 0) + 1
    ### END SOLUTION
    return found


def most_common(text, n=3):
    """The n most frequent words with their numbers, of those that are as frequent the first in the alphabet."""
    ### BEGIN SOLUTION words
    ranked = sorted(counts(text).items(), key=lambda item: (-item[1], item[0]))
    best = ranked[:n]
    ### END SOLUTION
    return best


def translate(words, dictionary, unknown=None):
    """Each word as the dictionary has it; those that it lacks as `unknown`."""
    ### BEGIN SOLUTION words
    translated = [dictionary.get(word, unknown) for word in words]
    ### END SOLUTION
    return translated


def first_line(text):
    """The first line of a text that is not blank, without blanks around it; None if there is none."""
    ### BEGIN SOLUTION words
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    first = lines[0] if lines else None
    ### END SOLUTION
    return first
