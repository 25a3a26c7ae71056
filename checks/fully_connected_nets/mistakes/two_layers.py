"""Known mistakes in `TwoLayerNet`: its parameters, its wiring, its regularization."""

from checks.mistakes import Mistake, in_function

wrong = in_function("fc_net", "TwoLayerNet")

W1, W2 = (
    "weight_scale * np.random.randn(input_dim, hidden_dim)",
    "weight_scale * np.random.randn(hidden_dim, num_classes)",
)
B1, B2 = "np.zeros(hidden_dim)", "np.zeros(num_classes)"
HIDDEN = "hidden, hidden_cache = affine_relu_forward(X, W1, b1)"
SCORES = "scores, scores_cache = affine_forward(hidden, W2, b2)"
BACK = '_, grads["W1"], grads["b1"] = affine_relu_backward(dhidden, hidden_cache)'
LAST = 'dhidden, grads["W2"], grads["b2"] = affine_backward(dscores, scores_cache)'
REG = "loss += 0.5 * self.reg * float(np.sum(W1 * W1) + np.sum(W2 * W2))"
DREG1, DREG2 = 'grads["W1"] += self.reg * W1', 'grads["W2"] += self.reg * W2'

MISTAKES: tuple[Mistake, ...] = (
    # jingtinghuang/CS231n-Spring-2017, issue 4: "bad output dims".
    wrong("tn_second_bias_of_hidden_size", "parameters", {B2: "np.zeros(hidden_dim)"}),
    wrong(
        "tn_weights_transposed",
        "parameters",
        {
            W1: "weight_scale * np.random.randn(hidden_dim, input_dim)",
            W2: "weight_scale * np.random.randn(num_classes, hidden_dim)",
        },
    ),
    wrong("tn_biases_as_rows", "parameters", {B1: "np.zeros((1, hidden_dim))", B2: "np.zeros((1, num_classes))"}),
    # neetcode-gh/leetcode, issue 5810: std = 1.0, "no scaling".
    wrong("tn_weights_not_scaled", "initial", {W: W.replace("weight_scale * ", "") for W in (W1, W2)}),
    # np.random.rand for randn: from 0 to 1, none negative.
    wrong("tn_weights_uniform", "initial", {W: W.replace("randn", "rand") for W in (W1, W2)}),
    wrong("tn_weights_zero", "initial", {W: W.replace("weight_scale", "0") for W in (W1, W2)}),
    # A variance in the place of the standard deviation.
    wrong("tn_scale_as_variance", "initial", {W: W.replace("weight_scale", "np.sqrt(weight_scale)") for W in (W1, W2)}),
    # lightaime/cs231n, pull request 20: b drawn and scaled like W.
    wrong(
        "tn_biases_drawn",
        "biases",
        {B1: "weight_scale * np.random.randn(hidden_dim)", B2: "weight_scale * np.random.randn(num_classes)"},
    ),
    wrong("tn_no_relu", "scores", {HIDDEN: HIDDEN.replace("_relu", ""), BACK: BACK.replace("_relu", "")}),
    wrong(
        "tn_relu_on_scores",
        "scores",
        {SCORES: SCORES.replace("affine", "affine_relu"), LAST: LAST.replace("affine", "affine_relu")},
    ),
    # iamtrask/Grokking-Deep-Learning, issue 9: the ReLU's backward pass without effect.
    wrong(
        "tn_backward_without_relu",
        "gradients",
        {
            BACK: BACK.replace(
                "affine_relu_backward(dhidden, hidden_cache)", "affine_backward(dhidden, hidden_cache[0])"
            )
        },
    ),
    wrong(
        "tn_bias_gradients_exchanged",
        "gradients",
        {LAST: LAST.replace('"b2"', '"b1"'), BACK: BACK.replace('"b1"', '"b2"')},
    ),
    # bruceoutdoors/CS231n, issue 8, and cs231n/cs231n.github.io, issue 89: the factor of one half.
    wrong("tn_reg_without_half", "regularized_loss", {REG: REG.replace("0.5 * ", "")}),
    # lightaime/cs231n, pull request 2: "include weights from layer 3 in regularization function instead of W1 twice".
    wrong("tn_reg_first_layer_twice", "regularized_loss", {REG: REG.replace("W2 * W2", "W1 * W1")}),
    wrong("tn_reg_not_in_loss", "regularized_loss", {REG: "pass"}),
    wrong(
        "tn_reg_not_squared",
        "regularized_loss",
        {REG: REG.replace("W1 * W1", "np.abs(W1)").replace("W2 * W2", "np.abs(W2)")},
    ),
    # jingtinghuang/CS231n-Spring-2017, issue 3: `2 * reg * W`, right where the loss has no half.
    wrong("tn_reg_gradient_doubled", "regularized_gradients", {D: D.replace("+= ", "+= 2 * ") for D in (DREG1, DREG2)}),
    wrong("tn_reg_not_in_gradients", "regularized_gradients", {DREG1: "pass", DREG2: "pass"}),
    wrong(
        "tn_reg_of_biases",
        "regularized_gradients",
        {
            DREG1: f'{DREG1}\n        grads["b1"] += self.reg * b1\n        grads["b2"] += self.reg * b2',
            REG: f"{REG}\n        loss += 0.5 * self.reg * float(np.sum(b1 * b1) + np.sum(b2 * b2))",
        },
    ),
)
