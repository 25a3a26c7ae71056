"""The network's three regions written otherwise, and a rewritten `loss`.

A variant gives the text of the regions that it changes, in the reference's place. Ids begin with `net_`.
"""

from textwrap import dedent, indent

from checks.mistakes import Variant

# The reference's own text of the three regions.
INIT = """\
for l, hidden_dim in enumerate(hidden_dims, start=1):
    self.params[f"gamma{l}"] = np.ones(hidden_dim)
    self.params[f"beta{l}"] = np.zeros(hidden_dim)
"""
FORWARD = """\
gamma, beta, norm_param = params[f"gamma{l}"], params[f"beta{l}"], self.bn_params[l - 1]
if self.normalization == "batchnorm":
    h, caches["norm", l] = batchnorm_forward(h, gamma, beta, norm_param)
else:
    h, caches["norm", l] = layernorm_forward(h, gamma, beta, norm_param)
"""
BACKWARD = """\
if self.normalization == "batchnorm":
    dh, grads[f"gamma{l}"], grads[f"beta{l}"] = batchnorm_backward(dh, caches["norm", l])
else:
    dh, grads[f"gamma{l}"], grads[f"beta{l}"] = layernorm_backward(dh, caches["norm", l])
"""
END = "return loss, grads"


def network(id: str, *, init: str = INIT, forward: str = FORWARD, backward: str = BACKWARD, then: str = "") -> Variant:
    """A variant of the regions; `then` is what follows `loss` in the class, where a second `loss` takes its place."""
    pairs = ((INIT, init, 12), (FORWARD, forward, 16), (BACKWARD, backward, 16), (END, END + "\n\n" + then, 0))
    replace = tuple(
        (_placed(old, depth), _placed(new, depth)) for old, new, depth in pairs if new.strip() != old.strip()
    )
    return Variant(f"net_{id}", module="fc_net", function="FullyConnectedNet", replace=replace)


def _placed(text: str, depth: int) -> str:
    if not depth:
        head, _, methods = text.partition("\n\n")
        return head + ("\n\n" + indent(dedent(methods), " " * 4) if methods else "")
    return indent(dedent(text), " " * depth)


CHOSEN_BY_NAME = {
    "forward": """
        layer = {"batchnorm": batchnorm_forward, "layernorm": layernorm_forward}[self.normalization]
        h, caches["norm", l] = layer(h, params[f"gamma{l}"], params[f"beta{l}"], self.bn_params[l - 1])
        """,
    "backward": """
        layer = globals()[self.normalization + "_backward"]
        dh, dgamma, dbeta = layer(dh, caches["norm", l])
        grads.update({f"gamma{l}": dgamma, f"beta{l}": dbeta})
        """,
}

VARIANTS: tuple[Variant, ...] = (
    network("alt_backward", backward=BACKWARD.replace("batchnorm_backward", "batchnorm_backward_alt")),
    network(
        "conditions_the_other_way_round",
        forward=FORWARD.replace('== "batchnorm"', '!= "layernorm"'),
        backward="""
            if self.normalization == "layernorm":
                dh, dgamma, dbeta = layernorm_backward(dh, caches["norm", l])
            elif self.normalization == "batchnorm":
                dh, dgamma, dbeta = batchnorm_backward(dh, caches["norm", l])
            grads["gamma" + str(l)] = dgamma
            grads["beta" + str(l)] = dbeta
            """,
    ),
    network("layers_by_name", **CHOSEN_BY_NAME),
    network(
        "parameters_by_comprehension",
        init="""
            self.params |= {f"gamma{i + 1}": np.ones((dim,)) for i, dim in enumerate(hidden_dims)}
            self.params |= {f"beta{i + 1}": np.zeros((dim,)) for i, dim in enumerate(hidden_dims)}
            """,
    ),
    network(
        "parameters_in_another_order",
        init="""
            for l in range(self.num_layers - 1, 0, -1):
                self.params["beta%d" % l] = np.zeros_like(self.params["b%d" % l])
                self.params["gamma%d" % l] = np.ones_like(self.params["b%d" % l])
            """,
    ),
    network(
        "parameters_in_the_network_s_type",
        init="""
            for l in range(1, self.num_layers):
                size = dims[l]
                self.params["gamma{}".format(l)] = np.ones(size, dtype=self.dtype)
                self.params["beta{}".format(l)] = np.zeros(size).astype(self.dtype)
            """,
    ),
    network(
        "parameters_drawn_with_no_spread",
        init="""
            for l in range(1, len(dims) - 1):
                self.params[f"gamma{l}"] = np.full(self.params[f"W{l}"].shape[1], 1.0)
                self.params[f"beta{l}"] = 0 * self.params[f"gamma{l}"]
            """,
    ),
    network(
        "parameters_from_a_list_of_all_sizes",
        init="""
            sizes = np.append(np.append(input_dim, hidden_dims), num_classes)
            for l in range(1, len(sizes) - 1):
                if self.normalization in ("batchnorm", "layernorm"):
                    self.params["gamma" + str(l)] = np.ones((sizes[l],))
                    self.params["beta" + str(l)] = np.zeros((sizes[l],))
            """,
    ),
    network(
        "arguments_by_name",
        forward="""
            named = {"x": h, "gamma": params[f"gamma{l}"], "beta": params[f"beta{l}"]}
            if self.normalization == "batchnorm":
                h, caches["norm", l] = batchnorm_forward(**named, bn_param=self.bn_params[l - 1])
            else:
                h, caches["norm", l] = layernorm_forward(**named, ln_param=self.bn_params[l - 1])
            """,
        backward="""
            layer = batchnorm_backward if self.normalization == "batchnorm" else layernorm_backward
            dh, dgamma, dbeta = layer(dout=dh, cache=caches["norm", l])
            grads[f"gamma{l}"], grads[f"beta{l}"] = dgamma, dbeta
            """,
    ),
    network(
        "mode_set_at_each_layer",
        forward="""
            norm_param = self.bn_params[l - 1]
            norm_param["mode"] = "train" if y is not None else "test"
            forward = batchnorm_forward if self.normalization == "batchnorm" else layernorm_forward
            normalized, norm_cache = forward(h, self.params[f"gamma{l}"], self.params[f"beta{l}"], norm_param)
            caches[("norm", l)] = norm_cache
            h = normalized
            """,
    ),
    network(
        "caches_of_its_own",
        forward="""
            if l == 1:
                self.norm_caches = []
            forward = batchnorm_forward if self.normalization == "batchnorm" else layernorm_forward
            h, cache = forward(h, params[f"gamma{l}"], params[f"beta{l}"], self.bn_params[l - 1])
            self.norm_caches.append(cache)
            """,
        backward="""
            backward = batchnorm_backward if self.normalization == "batchnorm" else layernorm_backward
            dh, grads[f"gamma{l}"], grads[f"beta{l}"] = backward(dh, self.norm_caches.pop())
            """,
    ),
    network(
        "methods_of_its_own",
        forward='h, caches["norm", l] = self._normalize(h, l)\n',
        backward="""
            dh, own = self._back(dh, caches["norm", l])
            for name, value in own.items():
                grads[f"{name}{l}"] = value
            """,
        then="""
            def _normalize(self, h, l):
                args = self.params[f"gamma{l}"], self.params[f"beta{l}"], self.bn_params[l - 1]
                if self.normalization == "batchnorm":
                    return batchnorm_forward(h, *args)
                return layernorm_forward(h, *args)

            def _back(self, dh, cache):
                layer = batchnorm_backward if self.normalization == "batchnorm" else layernorm_backward
                dh, dgamma, dbeta = layer(dh, cache)
                return dh, {"gamma": dgamma, "beta": dbeta}
            """,
    ),
    network(
        "statistics_keyed_by_layer",
        init=INIT + "self.own_params = {l: {} for l in range(1, len(hidden_dims) + 1)}\n",
        forward="""
            self.own_params[l]["mode"] = mode
            if self.normalization == "batchnorm":
                h, caches["norm", l] = batchnorm_forward(h, params[f"gamma{l}"], params[f"beta{l}"], self.own_params[l])
            else:
                h, caches["norm", l] = layernorm_forward(h, params[f"gamma{l}"], params[f"beta{l}"], {"eps": 1e-5})
            """,
    ),
    network(
        "gradients_added_to_zeros",
        backward="""
            for name in ("gamma", "beta"):
                grads[name + str(l)] = np.zeros_like(params[name + str(l)])
            backward = {"batchnorm": batchnorm_backward, "layernorm": layernorm_backward}[self.normalization]
            dh, dgamma, dbeta = backward(dh, caches["norm", l])
            grads[f"gamma{l}"] += dgamma
            grads[f"beta{l}"] += dbeta
            """,
    ),
    network(
        "loss_of_blocks",
        then="""
            def loss(self, X, y=None):
                h, mode = X.astype(self.dtype).reshape(len(X), -1), "test" if y is None else "train"
                blocks = []
                for i in range(self.num_layers - 1):
                    W, b = self.params[f"W{i + 1}"], self.params[f"b{i + 1}"]
                    gamma, beta = self.params[f"gamma{i + 1}"], self.params[f"beta{i + 1}"]
                    self.bn_params[i]["mode"] = mode
                    if self.normalization == "batchnorm":
                        h, block = affine_bn_relu_forward(h, W, b, gamma, beta, self.bn_params[i])
                    else:
                        h, block = affine_ln_relu_forward(h, W, b, gamma, beta, self.bn_params[i])
                    blocks.append(block)
                scores, head = affine_forward(h, self.params[f"W{self.num_layers}"], self.params[f"b{self.num_layers}"])
                if mode == "test":
                    return scores
                loss, dscores = softmax_loss(scores, y)
                weights = [value for name, value in self.params.items() if name[0] == "W"]
                loss += self.reg / 2 * sum((W**2).sum() for W in weights)
                grads = {}
                dh, dW, db = affine_backward(dscores, head)
                grads[f"W{self.num_layers}"] = dW + self.reg * self.params[f"W{self.num_layers}"]
                grads[f"b{self.num_layers}"] = db
                for i in range(self.num_layers - 1, 0, -1):
                    if self.normalization == "batchnorm":
                        dh, dW, db, dgamma, dbeta = affine_bn_relu_backward(dh, blocks.pop())
                    else:
                        dh, dW, db, dgamma, dbeta = affine_ln_relu_backward(dh, blocks.pop())
                    grads[f"W{i}"], grads[f"b{i}"] = dW + self.reg * self.params[f"W{i}"], db
                    grads[f"gamma{i}"], grads[f"beta{i}"] = dgamma, dbeta
                return loss, grads
            """,
    ),
    network(
        "loss_with_a_dictionary_of_blocks",
        then="""
            def loss(self, X, y=None):
                X = X.astype(self.dtype)
                for bn_param in self.bn_params:
                    bn_param["mode"] = "test" if y is None else "train"
                norms = {
                    "batchnorm": (affine_bn_relu_forward, affine_bn_relu_backward),
                    "layernorm": (affine_ln_relu_forward, affine_ln_relu_backward),
                }
                forward, backward = norms[self.normalization]
                out, caches, L = {0: X}, {}, self.num_layers
                for i in range(1, L):
                    p = [self.params[name + str(i)] for name in ("W", "b", "gamma", "beta")]
                    out[i], caches[i] = forward(out[i - 1], *p, self.bn_params[i - 1])
                out[L], caches[L] = affine_forward(out[L - 1], self.params["W" + str(L)], self.params["b" + str(L)])
                if y is None:
                    return out[L]
                loss, dout = softmax_loss(out[L], y)
                grads = {}
                dout, grads["W" + str(L)], grads["b" + str(L)] = affine_backward(dout, caches[L])
                for i in reversed(range(1, L)):
                    dout, *own = backward(dout, caches[i])
                    grads.update(zip([name + str(i) for name in ("W", "b", "gamma", "beta")], own))
                for i in range(1, L + 1):
                    W = self.params["W" + str(i)]
                    loss += 0.5 * self.reg * np.linalg.norm(W) ** 2
                    grads["W" + str(i)] = grads["W" + str(i)] + self.reg * W
                return loss, grads
            """,
    ),
    network(
        "loss_with_regularization_on_the_way",
        then="""
            def loss(self, X, y=None):
                N = X.shape[0]
                a = X.reshape(N, -1).astype(self.dtype)
                penalty, steps = 0.0, []
                for l in range(1, self.num_layers):
                    W = self.params["W%d" % l]
                    penalty += 0.5 * self.reg * np.sum(W * W)
                    a, affine = affine_forward(a, W, self.params["b%d" % l])
                    param = self.bn_params[l - 1]
                    param["mode"] = "train" if y is not None else "test"
                    layer = batchnorm_forward if self.normalization == "batchnorm" else layernorm_forward
                    a, norm = layer(a, self.params["gamma%d" % l], self.params["beta%d" % l], param)
                    positive = a > 0
                    a = a * positive
                    steps.append((l, affine, norm, positive))
                L = self.num_layers
                scores = a @ self.params["W%d" % L] + self.params["b%d" % L]
                if y is None:
                    return scores
                shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
                probabilities = shifted / shifted.sum(axis=1, keepdims=True)
                loss = -np.mean(np.log(probabilities[range(N), y])) + penalty
                loss += 0.5 * self.reg * np.sum(np.square(self.params["W%d" % L]))
                probabilities[range(N), y] -= 1
                d = probabilities / N
                grads = {"W%d" % L: a.T.dot(d) + self.reg * self.params["W%d" % L], "b%d" % L: d.sum(0)}
                d = d.dot(self.params["W%d" % L].T)
                layer = batchnorm_backward if self.normalization == "batchnorm" else layernorm_backward
                for l, affine, norm, positive in steps[::-1]:
                    d, grads["gamma%d" % l], grads["beta%d" % l] = layer(d * positive, norm)
                    d, grads["W%d" % l], grads["b%d" % l] = affine_backward(d, affine)
                    grads["W%d" % l] += self.reg * self.params["W%d" % l]
                return loss, grads
            """,
    ),
)
