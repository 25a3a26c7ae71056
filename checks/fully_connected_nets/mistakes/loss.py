"""Known mistakes in the softmax loss."""

from checks.mistakes import Mistake, in_function

wrong = in_function("layers", "softmax_loss")

SHIFTED = "shifted = x - x.max(axis=1, keepdims=True)"
LOG = "np.log(np.exp(shifted).sum(axis=1, keepdims=True))"
LOGS = f"log_probabilities = shifted - {LOG}"
QUOTIENTS = "log_probabilities = np.log(np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True))"
LOSS = "loss = -float(log_probabilities[examples, y].mean())"
ONE = "dx[examples, y] -= 1"
DIVIDED = "dx /= x.shape[0]"

MISTAKES: tuple[Mistake, ...] = (
    # jax-ml/jax, pull request 3113: "Loss was calculated using np.sum without accounting for the number of samples".
    wrong("sl_loss_not_divided", "loss", {LOSS: LOSS.replace("mean", "sum")}),
    # victorlempitsky/Mate, issue 2: the derivative "is not normalized to a batch size".
    wrong("sl_gradient_not_divided", "dx", {DIVIDED: "pass"}),
    # The same thread: numel of the wrong axis.
    wrong("sl_gradient_divided_by_classes", "dx", {DIVIDED: "dx /= x.shape[1]"}),
    wrong("sl_loss_divided_by_classes", "loss", {LOSS: LOSS.replace(".mean()", ".sum() / x.shape[1]")}),
    # jaykmody.com/blog/stable-softmax: nan from np.exp(2000).
    wrong("sl_not_shifted", "overflow", {SHIFTED: "shifted = x"}),
    # manassharma07/crysx_nn, issue 7, and keras-team/keras, pull request 9606: the maximum of all, not of each row.
    wrong("sl_shifted_by_maximum_of_all", "rows_apart", {SHIFTED: "shifted = x - x.max()"}),
    # The same two by quotients of exponentials, as most public files have it: there the overflow ends in NaN.
    wrong("sl_quotient_not_shifted", "overflow", {SHIFTED: "shifted = x", LOGS: QUOTIENTS}),
    wrong("sl_quotient_shifted_by_maximum_of_all", "rows_apart", {SHIFTED: "shifted = x - x.max()", LOGS: QUOTIENTS}),
    # israfelsr/CS231n, issue 5: the axis of the sum.
    wrong("sl_sum_over_examples", "loss", {LOG: LOG.replace("axis=1", "axis=0")}),
    wrong("sl_sum_of_everything", "loss", {LOG: "np.log(np.exp(shifted).sum())"}),
    wrong("sl_loss_sign", "loss", {LOSS: LOSS.replace("-float", "float")}),
    # cjhjhj/cjhjhj.github.io, CS231n Assignment 1: the loss as a sum of probabilities, without the logarithm.
    wrong("sl_loss_without_logarithm", "loss", {LOSS: "loss = float(np.exp(log_probabilities[examples, y]).mean())"}),
    wrong("sl_loss_of_all_classes", "loss", {LOSS: "loss = -float(log_probabilities.mean())"}),
    # `probs[:, y]` for `probs[range(N), y]`: every pair of an example and a label.
    wrong("sl_loss_of_all_pairs", "loss", {LOSS: LOSS.replace("examples, y", ":, y")}),
    wrong("sl_gradient_of_all_pairs", "dx", {ONE: "dx[:, y] -= 1"}),
    # `np.log(p + 1e-12)`, a remedy that changes the loss of a network that was sure of a wrong class; also with 1e-8.
    # A public layers.py has `score += 1e-12`, "to avoid log(0)", which does the same.
    wrong(
        "sl_logarithm_of_sum_with_epsilon",
        "sure",
        {LOSS: "loss = -float(np.log(np.exp(log_probabilities[examples, y]) + 1e-12).mean())"},
    ),
    wrong(
        "sl_logarithm_of_sum_with_larger_epsilon",
        "sure",
        {LOSS: "loss = -float(np.log(np.exp(log_probabilities[examples, y]) + 1e-8).mean())"},
    ),
    # With 1e-10 in public files, and 1e-15 in an exercise's text.
    *(
        wrong(
            f"sl_logarithm_of_sum_with_epsilon_{number}",
            "sure",
            {LOSS: f"loss = -float(np.log(np.exp(log_probabilities[examples, y]) + {number}).mean())"},
        )
        for number in ("1e-10", "1e-15")
    ),
    # The probabilities, from which the one of the label was never taken.
    wrong("sl_gradient_is_probability", "dx", {ONE: "pass"}),
    # rasbt/stat453-deep-learning-ss21, issue 5 has y - probas with its sign; without it the gradient goes uphill.
    wrong("sl_gradient_sign", "dx", {DIVIDED: "dx /= -x.shape[0]"}),
    wrong(
        "sl_gradient_of_right_class_alone",
        "dx",
        {ONE: f"{ONE}\n    dx *= np.arange(x.shape[1]) == y[:, np.newaxis]"},
    ),
    # numpy's NEP 50: a small integer type stays one in `y * N`, and overflows.
    wrong(
        "sl_labels_overflow",
        "labels",
        {LOSS: "loss = -float(log_probabilities.T.ravel()[y * x.shape[0] + examples].mean())"},
    ),
)
