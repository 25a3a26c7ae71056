"""The class of `grader demo` for this assignment: some submissions as a teacher meets them."""

from checks.demo import HandIn
from checks.mistakes import Edit

ANSWER = (
    "Sa svakim slojem standardna devijacija se pomnoži sa s·√50. Za 0.01 to je 0.07, pa se signal gasi, a gradijent "
    "svakog sloja je proizvod pet takvih činilaca."
)

CLASS: tuple[HandIn, ...] = (
    HandIn("Sve ispravno", "everything right, one written answer", answers=(("answer-depth", ANSWER),)),
    HandIn(
        "Samo slojevi",
        "the layers alone, with two known mistakes in them",
        wrote=("affine_forward", "affine_backward", "relu_forward", "relu_backward", "softmax_loss"),
        mistakes=("ab_db_divided_by_n", "sl_not_shifted"),
    ),
    HandIn(
        "Adam bez popravke",
        "everything else right; the averages of Adam are not corrected",
        mistakes=("ad_not_corrected",),
    ),
    HandIn("Prazan rad", "the release as it was handed out", wrote=()),
    HandIn(
        "Pola regularizacije",
        "right layers; both nets lack the half in the regularization",
        mistakes=("tn_reg_without_half", "fc_reg_without_half"),
        through_moodle=True,
    ),
    HandIn(
        "Nezatvorena zagrada",
        "right layers, and a bracket missing in optim.py",
        changes=(Edit("optim", "adam", "m *= beta1", "m *= (beta1"),),
    ),
)
