"""Known mistakes in the normalization parts of `FullyConnectedNet`, and in what stands around them.

The loops are given, but many rewrite them; so the mistakes are those of a whole class.
"""

from checks.mistakes import Mistake, in_function

network = in_function("fc_net", "FullyConnectedNet")

PARAMETERS = """            for l, hidden_dim in enumerate(hidden_dims, start=1):
                self.params[f"gamma{l}"] = np.ones(hidden_dim)
                self.params[f"beta{l}"] = np.zeros(hidden_dim)
"""
HIDDEN = "for l, hidden_dim in enumerate(hidden_dims, start=1):"
ONES, ZEROS = "np.ones(hidden_dim)", "np.zeros(hidden_dim)"
CAST = "value.astype(self.dtype)"
MODE = 'bn_param["mode"] = mode'

IF_BN = f'if self.normalization == "batchnorm":\n{" " * 20}'
IF_LN = f'if self.normalization == "layernorm":\n{" " * 20}'
GIVEN_TO_NORM = 'gamma, beta, norm_param = params[f"gamma{l}"], params[f"beta{l}"], self.bn_params[l - 1]'
BN_FORWARD = 'h, caches["norm", l] = batchnorm_forward(h, gamma, beta, norm_param)'
LN_FORWARD = 'h, caches["norm", l] = layernorm_forward(h, gamma, beta, norm_param)'
FORWARD = f"""            if self.normalization is not None:
                # From h, the output of the affine layer, to the normalized h; the cache goes into caches.
                ### BEGIN SOLUTION batch_normalization
                {GIVEN_TO_NORM}
                {IF_BN}{BN_FORWARD}
                else:
                    {LN_FORWARD}
                ### END SOLUTION
"""
AFFINE = '            h, caches["affine", l] = affine_forward(h, params[f"W{l}"], params[f"b{l}"])\n'
RELU = '            h, caches["relu", l] = relu_forward(h)\n'
SCORES = '        scores, caches["affine", last] = affine_forward(h, params[f"W{last}"], params[f"b{last}"])\n'

LAST_BACKWARD = '        dh, grads[f"W{last}"], grads[f"b{last}"] = affine_backward(dscores, caches["affine", last])\n'
AFFINE_BACKWARD = '            dh, grads[f"W{l}"], grads[f"b{l}"] = affine_backward(dh, caches["affine", l])\n'
RELU_BACKWARD = '            dh = relu_backward(dh, caches["relu", l])\n'
NORM_GRADIENTS = 'dh, grads[f"gamma{l}"], grads[f"beta{l}"]'
SWAPPED_GRADIENTS = 'dh, grads[f"beta{l}"], grads[f"gamma{l}"]'
BN_BACKWARD = f'{NORM_GRADIENTS} = batchnorm_backward(dh, caches["norm", l])'
LN_BACKWARD = f'{NORM_GRADIENTS} = layernorm_backward(dh, caches["norm", l])'
BACKWARD = f"""            if self.normalization is not None:
                # From dh, behind the normalization, to dh before it; the gradients of gamma and beta go into grads.
                ### BEGIN SOLUTION batch_normalization
                {IF_BN}{BN_BACKWARD}
                else:
                    {LN_BACKWARD}
                ### END SOLUTION
"""

REGULARIZATION = """        if self.reg:
            for l in range(1, self.num_layers + 1):
                W = params[f"W{l}"]
                loss += 0.5 * self.reg * float(np.sum(W * W))
                grads[f"W{l}"] += self.reg * W
"""
REG_LAYERS = "range(1, self.num_layers + 1):\n                W = params"
REG_LOSS = "loss += 0.5 * self.reg * float(np.sum(W * W))"
REG_GRADIENT = 'grads[f"W{l}"] += self.reg * W'
BEFORE_LAST = f"if l < self.num_layers:\n{' ' * 20}"


def only(condition: str) -> dict[str, str]:
    """Normalization of the hidden layers `l` for which `condition` holds."""
    return {block: block.replace("is not None:", f"is not None and {condition}:") for block in (FORWARD, BACKWARD)}


def regularizing(chosen: str) -> dict[str, str]:
    """Regularization of every parameter `name` for which `chosen` holds."""
    return {
        REGULARIZATION: f"""        for name, W in params.items():
            if {chosen}:
                loss += 0.5 * self.reg * float(np.sum(W * W))
                grads[name] += self.reg * W
"""
    }


# A mistake that is part of another stands before it: where both explain what was seen, the first is named.
MISTAKES: tuple[Mistake, ...] = (
    # The parameters: which, and how large
    network(
        "net_normalizes_last_layer_for_batchnorm",
        "parameters",
        {HIDDEN: HIDDEN.replace("hidden_dims", 'dims[1:] if normalization == "batchnorm" else hidden_dims')},
    ),
    network("net_normalizes_last_layer", "parameters", {HIDDEN: HIDDEN.replace("hidden_dims", "dims[1:]")}),
    network(
        "net_parameters_of_first_layer_missing",
        "parameters",
        {HIDDEN: "for l, hidden_dim in enumerate(hidden_dims[1:], start=2):"},
    ),
    network(
        "net_parameters_of_last_hidden_layer_missing",
        "parameters",
        {HIDDEN: HIDDEN.replace("hidden_dims", "hidden_dims[:-1]")},
    ),
    network(
        "net_parameters_of_layernorm_missing",
        "parameters",
        {
            PARAMETERS: PARAMETERS.replace(
                "enumerate(hidden_dims", 'enumerate(hidden_dims if normalization == "batchnorm" else []'
            )
        },
    ),
    network(
        "net_parameters_elsewhere",
        "parameters",
        {
            PARAMETERS: "            self.scales = [np.ones(hidden_dim) for hidden_dim in hidden_dims]\n"
            "            self.shifts = [np.zeros(hidden_dim) for hidden_dim in hidden_dims]\n",
            GIVEN_TO_NORM: "gamma, beta, norm_param = self.scales[l - 1], self.shifts[l - 1], self.bn_params[l - 1]",
        },
    ),
    network("net_parameters_of_input_size", "parameters", {HIDDEN: HIDDEN.replace("hidden_dims", "dims[:-2]")}),
    network(
        "net_parameters_all_of_one_size",
        "parameters",
        {ONES: "np.ones(hidden_dims[0])", ZEROS: "np.zeros(hidden_dims[0])"},
    ),
    network(
        "net_parameters_kept_as_rows",
        "parameters",
        {ONES: "np.ones((1, hidden_dim))", ZEROS: "np.zeros((1, hidden_dim))"},
    ),
    network(
        "net_vectors_kept_as_rows",
        "parameters",
        {
            "np.zeros(dims[l])": "np.zeros((1, dims[l]))",
            ONES: "np.ones((1, hidden_dim))",
            ZEROS: "np.zeros((1, hidden_dim))",
        },
    ),
    network("net_parameters_one_number", "parameters", {ONES: "np.ones(1)", ZEROS: "np.zeros(1)"}),
    # How they begin, and their type
    network("net_gamma_starts_at_zero", "initial", {ONES: "np.zeros(hidden_dim)"}),
    network("net_beta_starts_at_one", "initial", {ZEROS: "np.ones(hidden_dim)"}),
    network(
        "net_gamma_and_beta_start_swapped",
        "initial",
        {
            f'self.params[f"gamma{{l}}"] = {ONES}': f'self.params[f"beta{{l}}"] = {ONES}',
            f'self.params[f"beta{{l}}"] = {ZEROS}': f'self.params[f"gamma{{l}}"] = {ZEROS}',
        },
    ),
    network("net_gamma_starts_at_weight_scale", "initial", {ONES: "weight_scale * np.ones(hidden_dim)"}),
    network("net_parameters_not_cast", "dtype", {CAST: f'value if name.startswith(("gamma", "beta")) else {CAST}'}),
    network("net_parameters_always_float32", "dtype", {CAST: "value.astype(np.float32)"}),
    # Gradients that are missing
    network(
        "net_gradients_of_layernorm_missing",
        "layernorm_scale_and_shift",
        {LN_BACKWARD: LN_BACKWARD.replace(NORM_GRADIENTS, "dh, _, _")},
    ),
    network(
        "net_gradients_of_scale_and_shift_missing",
        "batchnorm_scale_and_shift",
        {
            BN_BACKWARD: BN_BACKWARD.replace(NORM_GRADIENTS, "dh, _, _"),
            LN_BACKWARD: LN_BACKWARD.replace(NORM_GRADIENTS, "dh, _, _"),
        },
    ),
    # Modes and running statistics
    network(
        "net_layernorm_only_in_training",
        "layernorm_test",
        {LN_FORWARD: f"if y is not None:\n{' ' * 24}{LN_FORWARD}"},
    ),
    network(
        "net_test_not_normalized",
        "test_mode",
        {FORWARD: FORWARD.replace("is not None:", "is not None and y is not None:")},
    ),
    network(
        "net_stays_in_test_mode",
        "test_mode",
        {
            MODE: f"""bn_param.setdefault("mode", "train")
            if y is None:
                {MODE}"""
        },
    ),
    network("net_test_uses_batch", "test_mode", {MODE: 'bn_param["mode"] = "train"'}),
    network(
        "net_statistics_forgotten",
        "test_mode",
        {GIVEN_TO_NORM: GIVEN_TO_NORM.replace("self.bn_params[l - 1]", '{"mode": mode}')},
    ),
    network(
        "net_statistics_of_last_step",
        "test_mode",
        {
            "        for bn_param in self.bn_params:\n": """        if y is not None:
            self.bn_params = [{} for _ in self.bn_params]
        for bn_param in self.bn_params:
"""
        },
    ),
    network(
        "net_statistics_counted_twice",
        "test_mode",
        {BN_FORWARD: f"batchnorm_forward(h, gamma, beta, norm_param)\n{' ' * 20}{BN_FORWARD}"},
    ),
    network("net_shared_statistics", "own_statistics", {"self.bn_params[l - 1]": "self.bn_params[0]"}),
    # Which layers are normalized, and with what
    network("net_layernorm_left_out", "layernorm_loss", {LN_FORWARD: "pass", LN_BACKWARD: "pass"}),
    network("net_batchnorm_left_out", "batchnorm_loss", {BN_FORWARD: "pass", BN_BACKWARD: "pass"}),
    network("net_layernorm_is_batchnorm", "layernorm_loss", {LN_FORWARD: BN_FORWARD, LN_BACKWARD: BN_BACKWARD}),
    network("net_batchnorm_is_layernorm", "batchnorm_loss", {BN_FORWARD: LN_FORWARD, BN_BACKWARD: LN_BACKWARD}),
    network(
        "net_result_not_used",
        "batchnorm_loss",
        {text: text.replace("h,", "out,", 1) for text in (BN_FORWARD, LN_FORWARD)},
    ),
    network("net_forward_left_out", "batchnorm_loss", {FORWARD: "", BACKWARD: ""}),
    network(
        "net_last_hidden_layer_not_normalized",
        "batchnorm_loss",
        only("l < self.num_layers - 1"),
    ),
    network("net_first_hidden_layer_not_normalized", "batchnorm_loss", only("l > 1")),
    network(
        "net_output_normalized",
        "batchnorm_loss",
        {
            HIDDEN: HIDDEN.replace("hidden_dims", "dims[1:]"),
            "[{} for _ in hidden_dims]": "[{} for _ in dims[1:]]",
            SCORES: f"""{SCORES}        if self.normalization is not None:
            forward = batchnorm_forward if self.normalization == "batchnorm" else layernorm_forward
            gamma, beta, norm_param = params[f"gamma{{last}}"], params[f"beta{{last}}"], self.bn_params[-1]
            scores, caches["norm", last] = forward(scores, gamma, beta, norm_param)
""",
            LAST_BACKWARD: f"""        if self.normalization is not None:
            backward = batchnorm_backward if self.normalization == "batchnorm" else layernorm_backward
            dscores, grads[f"gamma{{last}}"], grads[f"beta{{last}}"] = backward(dscores, caches["norm", last])
{LAST_BACKWARD}""",
        },
    ),
    network(
        "net_normalizations_exchanged",
        "batchnorm_loss",
        {f"{IF_BN}h,": f"{IF_LN}h,", f"{IF_BN}dh,": f"{IF_LN}dh,"},
        parts=("net_batchnorm_is_layernorm", "net_layernorm_is_batchnorm"),
    ),
    network(
        "net_gamma_and_beta_exchanged",
        "batchnorm_loss",
        {GIVEN_TO_NORM: GIVEN_TO_NORM.replace("gamma, beta,", "beta, gamma,")},
    ),
    network(
        "net_shared_scale_and_shift",
        "batchnorm_loss",
        {GIVEN_TO_NORM: GIVEN_TO_NORM.replace("{l}", "1")},
    ),
    # Where the normalization stands, and the nonlinearity
    network(
        "net_normalizes_before_affine",
        "parameters",
        {
            HIDDEN: HIDDEN.replace("hidden_dims", "[input_dim, *hidden_dims[:-1]]"),
            AFFINE: "",
            FORWARD: FORWARD + AFFINE,
            AFFINE_BACKWARD: "",
            BACKWARD: AFFINE_BACKWARD + BACKWARD,
        },
    ),
    network(
        "net_normalizes_after_relu",
        "batchnorm_loss",
        {RELU: "", FORWARD: RELU + FORWARD, RELU_BACKWARD: "", BACKWARD: BACKWARD + RELU_BACKWARD},
    ),
    network(
        "net_relu_before_and_after",
        "batchnorm_loss",
        {
            FORWARD: RELU.replace('"relu"', '"first"') + FORWARD,
            BACKWARD: BACKWARD + RELU_BACKWARD.replace('"relu"', '"first"'),
        },
    ),
    network(
        "net_normalized_layer_without_relu",
        "batchnorm_loss",
        {
            RELU: f"            if self.normalization is None:\n    {RELU}",
            RELU_BACKWARD: f"            if self.normalization is None:\n    {RELU_BACKWARD}",
        },
    ),
    network(
        "net_relu_on_scores",
        "batchnorm_loss",
        {
            SCORES: f'{SCORES}        scores, caches["relu", last] = relu_forward(scores)\n',
            LAST_BACKWARD: f'        dscores = relu_backward(dscores, caches["relu", last])\n{LAST_BACKWARD}',
        },
    ),
    # The way back
    network(
        "net_gradients_named_from_zero",
        "batchnorm_scale_and_shift",
        {text: text.replace("{l}", "{l - 1}") for text in (BN_BACKWARD, LN_BACKWARD)},
    ),
    network(
        "net_gradients_named_one_too_high",
        "batchnorm_scale_and_shift",
        {text: text.replace("{l}", "{l + 1}") for text in (BN_BACKWARD, LN_BACKWARD)},
    ),
    network(
        "net_gradients_swapped",
        "batchnorm_scale_and_shift",
        {
            BN_BACKWARD: BN_BACKWARD.replace(NORM_GRADIENTS, SWAPPED_GRADIENTS),
            LN_BACKWARD: LN_BACKWARD.replace(NORM_GRADIENTS, SWAPPED_GRADIENTS),
        },
    ),
    network("net_backward_left_out", "batchnorm_gradients", {BACKWARD: ""}),
    network(
        "net_gradient_not_passed_on",
        "batchnorm_gradients",
        {BN_BACKWARD: BN_BACKWARD.replace("dh,", "_,", 1), LN_BACKWARD: LN_BACKWARD.replace("dh,", "_,", 1)},
    ),
    network(
        "net_backward_in_forward_order", "batchnorm_gradients", {RELU_BACKWARD: "", BACKWARD: BACKWARD + RELU_BACKWARD}
    ),
    network(
        "net_backward_without_relu",
        "batchnorm_gradients",
        {RELU_BACKWARD: f"            if self.normalization is None:\n    {RELU_BACKWARD}"},
    ),
    network(
        "net_cache_overwritten",
        "batchnorm_gradients",
        {text: text.replace('["norm", l]', '["norm"]') for text in (BN_FORWARD, LN_FORWARD, BN_BACKWARD, LN_BACKWARD)},
    ),
    # Names, in the parameters and on both ways
    network(
        "net_names_from_zero",
        "parameters",
        {
            HIDDEN: HIDDEN.replace("start=1", "start=0"),
            GIVEN_TO_NORM: GIVEN_TO_NORM.replace("{l}", "{l - 1}"),
            BN_BACKWARD: BN_BACKWARD.replace("{l}", "{l - 1}"),
            LN_BACKWARD: LN_BACKWARD.replace("{l}", "{l - 1}"),
        },
    ),
    network(
        "net_names_with_underscore",
        "parameters",
        {
            PARAMETERS: PARAMETERS.replace("{l}", "_{l}"),
            GIVEN_TO_NORM: GIVEN_TO_NORM.replace("{l}", "_{l}"),
            BN_BACKWARD: BN_BACKWARD.replace("{l}", "_{l}"),
            LN_BACKWARD: LN_BACKWARD.replace("{l}", "_{l}"),
        },
    ),
    # Regularization
    network(
        "net_reg_of_layernorm_missing",
        "layernorm_regularized",
        {"if self.reg:": 'if self.reg and self.normalization != "layernorm":'},
    ),
    network("net_reg_of_scale", "regularized_gradients", regularizing('name.startswith(("W", "gamma"))')),
    network(
        "net_reg_of_scale_and_shift",
        "regularized_gradients",
        regularizing('not name.startswith("b") or name.startswith("beta")'),
    ),
    network("net_reg_of_biases", "regularized_gradients", regularizing('not name.startswith(("gamma", "beta"))')),
    network("net_reg_of_everything", "regularized_gradients", regularizing("True")),
    network(
        "net_reg_without_last_layer",
        "regularized_gradients",
        {REG_LAYERS: REG_LAYERS.replace("num_layers + 1", "num_layers")},
    ),
    network(
        "net_reg_without_first_layer", "regularized_gradients", {REG_LAYERS: REG_LAYERS.replace("range(1,", "range(2,")}
    ),
    network(
        "net_reg_divided_by_n",
        "regularized_gradients",
        {REG_LOSS: f"{REG_LOSS} / len(X)", REG_GRADIENT: f"{REG_GRADIENT} / len(X)"},
    ),
    network(
        "net_reg_divided_by_layers",
        "regularized_loss",
        {REG_LOSS: REG_LOSS.replace("0.5", "1 / self.num_layers")},
    ),
    network(
        "net_reg_without_half_in_both",
        "regularized_loss",
        {REG_LOSS: REG_LOSS.replace("0.5 * ", ""), REG_GRADIENT: REG_GRADIENT.replace("+= ", "+= 2 * ")},
    ),
    network("net_reg_without_half", "regularized_loss", {REG_LOSS: REG_LOSS.replace("0.5 * ", "")}),
    network("net_reg_mean", "regularized_loss", {REG_LOSS: REG_LOSS.replace("np.sum", "np.mean")}),
    network(
        "net_reg_not_squared", "regularized_loss", {REG_LOSS: REG_LOSS.replace("np.sum(W * W)", "np.linalg.norm(W)")}
    ),
    network(
        "net_reg_of_last_layer_in_loss",
        "regularized_loss",
        {f"{REG_LOSS}\n{' ' * 16}": "", REG_GRADIENT: f"{REG_GRADIENT}\n            {REG_LOSS}"},
    ),
    network("net_reg_loss_without_last_layer", "regularized_loss", {REG_LOSS: BEFORE_LAST + REG_LOSS}),
    network("net_reg_not_in_loss", "regularized_loss", {REG_LOSS: "pass"}),
    network("net_reg_gradient_without_last_layer", "regularized_gradients", {REG_GRADIENT: BEFORE_LAST + REG_GRADIENT}),
    network(
        "net_reg_gradient_of_sum", "regularized_gradients", {REG_GRADIENT: REG_GRADIENT.replace("* W", "* np.sum(W)")}
    ),
    network("net_reg_not_in_gradients", "regularized_gradients", {REG_GRADIENT: "pass"}),
    network(
        "net_reg_gradient_halved", "regularized_gradients", {REG_GRADIENT: REG_GRADIENT.replace("+= ", "+= 0.5 * ")}
    ),
    network(
        "net_reg_gradient_doubled", "regularized_gradients", {REG_GRADIENT: REG_GRADIENT.replace("+= ", "+= 2 * ")}
    ),
    network("net_reg_replaces_gradient", "regularized_gradients", {REG_GRADIENT: REG_GRADIENT.replace("+=", "=")}),
    network("net_reg_left_out", "regularized_gradients", regularizing("False")),
)
