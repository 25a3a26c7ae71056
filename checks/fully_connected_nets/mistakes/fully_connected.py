"""Known mistakes in `FullyConnectedNet` without normalization: its parameters, its loops, its regularization."""

from checks.mistakes import Mistake, in_function

wrong = in_function("fc_net", "FullyConnectedNet")

DIMS = "dims = [input_dim, *hidden_dims, num_classes]"
W = "weight_scale * np.random.randn(dims[l - 1], dims[l])"
B = "np.zeros(dims[l])"
MADE_W, MADE_B = 'self.params[f"W{l}"] = ', 'self.params[f"b{l}"] = '
CAST = "self.params[name] = value.astype(self.dtype)"
INPUT = "h = X.astype(self.dtype, copy=False)"
AFFINE = 'h, caches["affine", l] = affine_forward(h, params[f"W{l}"], params[f"b{l}"])'
RELU = '            h, caches["relu", l] = relu_forward(h)\n'
SCORES = '        scores, caches["affine", last] = affine_forward(h, params[f"W{last}"], params[f"b{last}"])\n'
LAST_BACK = '        dh, grads[f"W{last}"], grads[f"b{last}"] = affine_backward(dscores, caches["affine", last])\n'
RELU_BACK = '            dh = relu_backward(dh, caches["relu", l])\n'
AFFINE_BACK = '            dh, grads[f"W{l}"], grads[f"b{l}"] = affine_backward(dh, caches["affine", l])\n'
REG_LOOP = "            for l in range(1, self.num_layers + 1):\n                W = params"
REG_LOSS = "loss += 0.5 * self.reg * float(np.sum(W * W))"
REG_GRADIENT = 'grads[f"W{l}"] += self.reg * W'
BEFORE_LAST = "if l < self.num_layers:\n                    "

MISTAKES: tuple[Mistake, ...] = (
    # jingtinghuang/CS231n-Spring-2017, issue 4: the last layer with the dimensions of the one before.
    wrong("fc_last_layer_of_hidden_size", "parameters", {DIMS: "dims = [input_dim, *hidden_dims, hidden_dims[-1]]"}),
    # A-Jacobson/deeplearning_computervision, fc_net.py: W0, b0, ... throughout.
    wrong(
        "fc_names_from_zero",
        "parameters",
        {
            text: text.replace("{l}", "{l - 1}").replace("{last}", "{last - 1}")
            for text in (MADE_W, MADE_B, AFFINE, SCORES, LAST_BACK, AFFINE_BACK, 'W = params[f"W{l}"]', REG_GRADIENT)
        },
    ),
    # BingyuZhou/CNNStanford, fc_net.py: the last layer named by the variable of a loop that then never ran.
    wrong(
        "fc_one_hidden_layer_fails",
        "one_hidden_layer",
        {DIMS: f"{DIMS}\n        for i in range(len(hidden_dims) - 1):\n            pass\n        self.last = i + 2"},
    ),
    wrong(
        "fc_all_of_first_width",
        "parameters",
        {DIMS: "dims = [input_dim, *(hidden_dims[0] for _ in hidden_dims), num_classes]"},
    ),
    wrong("fc_weights_transposed", "parameters", {W: "weight_scale * np.random.randn(dims[l], dims[l - 1])"}),
    wrong("fc_biases_as_rows", "parameters", {B: "np.zeros((1, dims[l]))"}),
    # neetcode-gh/leetcode, issue 5810: std = 1.0, "no scaling".
    wrong("fc_weights_not_scaled", "initial", {W: W.replace("weight_scale * ", "")}),
    wrong("fc_weights_uniform", "initial", {W: W.replace("randn", "rand")}),
    wrong("fc_weights_zero", "initial", {W: W.replace("weight_scale", "0")}),
    # A public fc_net.py whose last layer is made after the loop, without weight_scale and with a b that is drawn.
    wrong(
        "fc_last_layer_not_scaled",
        "initial",
        {W: f"({W} if l < self.num_layers else {W.replace('weight_scale * ', '')})"},
    ),
    wrong("fc_last_biases_drawn", "biases", {B: f"({B} if l < self.num_layers else np.random.randn(dims[l]))"}),
    # A public fc_net.py makes and uses the hidden layers alone: the last of them gives the scores.
    wrong(
        "fc_last_layer_missing", "parameters", {DIMS: "dims = [input_dim, *hidden_dims]\n        self.num_layers -= 1"}
    ),
    # A public fc_net.py keeps every output and every cache in params; the next loss has more parameters than the net.
    wrong(
        "fc_outputs_in_params",
        "repeated",
        {SCORES: f'{SCORES}        params["scores"] = scores\n'},
    ),
    # mnielsen/neural-networks-and-deep-learning, issue 30: another scale, by the layer's size.
    wrong("fc_scale_by_fan_in", "initial", {W: W.replace("weight_scale", "np.sqrt(2 / dims[l - 1])")}),
    # lightaime/cs231n, pull request 20: b drawn and scaled like W.
    wrong("fc_biases_drawn", "biases", {B: "weight_scale * np.random.randn(dims[l])"}),
    wrong("fc_parameters_not_cast", "dtype", {CAST: "pass"}),
    wrong("fc_input_not_cast", "float32", {INPUT: "h = X"}),
    wrong("fc_no_relu", "scores", {RELU: "", RELU_BACK: ""}),
    wrong(
        "fc_relu_on_scores",
        "scores",
        {
            SCORES: f'{SCORES}        scores, caches["relu", last] = relu_forward(scores)\n',
            LAST_BACK: f'        dscores = relu_backward(dscores, caches["relu", last])\n{LAST_BACK}',
        },
    ),
    wrong(
        "fc_last_hidden_layer_without_relu",
        "scores",
        {
            RELU: f"            if l < self.num_layers - 1:\n    {RELU}",
            RELU_BACK: f"            if l < self.num_layers - 1:\n    {RELU_BACK}",
        },
    ),
    # iamtrask/Grokking-Deep-Learning, issue 9: the ReLU's backward pass without effect.
    wrong("fc_backward_without_relu", "gradients", {RELU_BACK: ""}),
    # One cache for all layers: on the way back each has the last one's.
    wrong(
        "fc_relu_cache_overwritten",
        "gradients",
        {
            RELU: RELU.replace('["relu", l]', '["relu", 0]'),
            RELU_BACK: RELU_BACK.replace('["relu", l]', '["relu", 1 - 1]'),
        },
    ),
    wrong(
        "fc_gradient_names_from_zero",
        "gradients",
        {AFFINE_BACK: AFFINE_BACK.replace('"W{l}"', '"W{l - 1}"').replace('"b{l}"', '"b{l - 1}"')},
    ),
    wrong("fc_gradient_of_bias_missing", "gradients", {AFFINE_BACK: AFFINE_BACK.replace('grads[f"b{l}"]', "_")}),
    # bruceoutdoors/CS231n, issue 8, and cs231n/cs231n.github.io, issue 89: the factor of one half.
    wrong("fc_reg_without_half", "regularized_loss", {REG_LOSS: REG_LOSS.replace("0.5 * ", "")}),
    wrong("fc_reg_not_in_loss", "regularized_loss", {REG_LOSS: "pass"}),
    # Agotsulov/ML-7bits, fc_net.py: `range(1, self.num_layers)` in the loss alone.
    wrong("fc_reg_loss_without_last_layer", "regularized_loss", {REG_LOSS: BEFORE_LAST + REG_LOSS}),
    # np.linalg.norm(W) without its square.
    wrong("fc_reg_not_squared", "regularized_loss", {REG_LOSS: REG_LOSS.replace("np.sum(W * W)", "np.linalg.norm(W)")}),
    # jingtinghuang/CS231n-Spring-2017, issue 3: `2 * reg * W`, right where the loss has no half.
    wrong("fc_reg_gradient_doubled", "regularized_gradients", {REG_GRADIENT: REG_GRADIENT.replace("+= ", "+= 2 * ")}),
    wrong("fc_reg_not_in_gradients", "regularized_gradients", {REG_GRADIENT: "pass"}),
    wrong("fc_reg_gradient_without_last_layer", "regularized_gradients", {REG_GRADIENT: BEFORE_LAST + REG_GRADIENT}),
    wrong("fc_reg_replaces_gradient", "regularized_gradients", {REG_GRADIENT: REG_GRADIENT.replace("+=", "=")}),
    wrong(
        "fc_reg_of_biases",
        "regularized_gradients",
        {
            REG_LOSS: f'b = params[f"b{{l}}"]\n                grads[f"b{{l}}"] += self.reg * b\n                {REG_LOSS}\n'
            "                loss += 0.5 * self.reg * float(np.sum(b * b))"
        },
    ),
    # Weight decay that shrinks the parameters at every call.
    wrong(
        "fc_weights_changed_by_loss",
        "repeated",
        {REG_GRADIENT: f"{REG_GRADIENT}\n                W *= 1 - 0.01 * self.reg"},
    ),
)
