"""`TwoLayerNet` and `FullyConnectedNet` written otherwise: a second `__init__` or `loss` in the place of the first.

Some write a layer themselves in the middle of a network and call the others, which is as good.
"""

from textwrap import dedent, indent

from checks.mistakes import Variant

END = "return loss, grads"


def rewritten(id: str, model: str, methods: str) -> Variant:
    """A variant whose methods follow the reference's in the class, and so take their place."""
    text = END + "\n\n" + indent(dedent(methods), " " * 4)
    return Variant(id, module="fc_net", function=model, replace=((END, text),))


def two_layers(id: str, methods: str) -> Variant:
    """A variant of `TwoLayerNet`."""
    return rewritten(f"two_layers_{id}", "TwoLayerNet", methods)


def network(id: str, methods: str) -> Variant:
    """A variant of `FullyConnectedNet`."""
    return rewritten(f"network_{id}", "FullyConnectedNet", methods)


VARIANTS: tuple[Variant, ...] = (
    two_layers(
        "of_the_family",
        """
        def __init__(self, input_dim=3 * 32 * 32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
            self.params = {}
            self.reg = reg
            self.params["W1"] = np.random.normal(0, weight_scale, (input_dim, hidden_dim))
            self.params["b1"] = np.zeros((hidden_dim,))
            self.params["W2"] = np.random.normal(scale=weight_scale, size=(hidden_dim, num_classes))
            self.params["b2"] = 0 * np.ones(num_classes)

        def loss(self, X, y=None):
            W1, b1 = self.params["W1"], self.params["b1"]
            W2, b2 = self.params["W2"], self.params["b2"]
            out1, cache1 = affine_forward(X, W1, b1)
            out2, cache2 = relu_forward(out1)
            scores, cache3 = affine_forward(out2, W2, b2)
            if y is None:
                return scores
            grads = {}
            loss, dout = softmax_loss(scores, y)
            loss += self.reg / 2 * (np.sum(W1**2) + np.sum(W2**2))
            dout, dW2, db2 = affine_backward(dout, cache3)
            dout = relu_backward(dout, cache2)
            dX, dW1, db1 = affine_backward(dout, cache1)
            grads["W1"], grads["b1"] = dW1 + self.reg * W1, db1
            grads["W2"], grads["b2"] = dW2 + self.reg * W2, db2
            return loss, grads
        """,
    ),
    two_layers(
        "relu_written_inside",
        """
        def loss(self, X, y=None):
            p = self.params
            a, first = affine_forward(X, p["W1"], p["b1"])
            h = np.maximum(0, a)
            scores, second = affine_forward(h, p["W2"], p["b2"])
            if y is None:
                return scores
            loss, d = softmax_loss(scores, y)
            grads = {}
            d, grads["W2"], grads["b2"] = affine_backward(d, second)
            d[h <= 0] = 0
            _, grads["W1"], grads["b1"] = affine_backward(d, first)
            for name in ("W1", "W2"):
                loss += 0.5 * self.reg * np.linalg.norm(p[name]) ** 2
                grads[name] += self.reg * p[name]
            return loss, grads
        """,
    ),
    two_layers(
        "own_caches",
        """
        def loss(self, X, y=None):
            W1, b1, W2, b2 = [self.params[name] for name in ("W1", "b1", "W2", "b2")]
            a, _ = affine_forward(X, W1, b1)
            h, _ = relu_forward(a)
            scores, _ = affine_forward(h, W2, b2)
            if y is None:
                return scores
            loss, d = softmax_loss(scores, y)
            loss += 0.5 * self.reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
            d, dW2, db2 = affine_backward(d, (h, W2))
            _, dW1, db1 = affine_backward(relu_backward(d, a), (X, W1))
            return loss, {"W1": dW1 + self.reg * W1, "b1": db1, "W2": dW2 + self.reg * W2, "b2": db2}
        """,
    ),
    *(
        two_layers(
            f"relu_written_forward_{name}",
            f"""
            def loss(self, X, y=None):
                W1, b1, W2, b2 = [self.params[name] for name in ("W1", "b1", "W2", "b2")]
                a, first = affine_forward(X, W1, b1)
                h = np.maximum(0, a)
                scores, second = affine_forward(h, W2, b2)
                if y is None:
                    return scores
                loss, d = softmax_loss(scores, y)
                loss += 0.5 * self.reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
                d, dW2, db2 = affine_backward(d, second)
                _, dW1, db1 = affine_backward(relu_backward(d, {cache}), first)
                return loss, {{"W1": dW1 + self.reg * W1, "b1": db1, "W2": dW2 + self.reg * W2, "b2": db2}}
            """,
        )
        for name, cache in (("input", "a"), ("output", "h"), ("mask", "a > 0"))
    ),
    two_layers(
        "all_written_inside",
        """
        def loss(self, X, y=None):
            W1, b1, W2, b2 = [self.params[name] for name in ("W1", "b1", "W2", "b2")]
            N = X.shape[0]
            flat = X.reshape(N, -1)
            hidden = np.maximum(0, flat.dot(W1) + b1)
            scores = hidden.dot(W2) + b2
            if y is None:
                return scores
            exp_scores = np.exp(scores - scores.max(axis=1, keepdims=True))
            probs = exp_scores / exp_scores.sum(axis=1, keepdims=True)
            loss = np.mean(-np.log(probs[range(N), y])) + 0.5 * self.reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
            probs[range(N), y] -= 1
            probs /= N
            dhidden = probs.dot(W2.T) * (hidden > 0)
            return loss, {
                "W2": hidden.T.dot(probs) + self.reg * W2,
                "b2": probs.sum(axis=0),
                "W1": flat.T.dot(dhidden) + self.reg * W1,
                "b1": dhidden.sum(axis=0),
            }
        """,
    ),
    two_layers(
        "loss_written_inside",
        """
        def loss(self, X, y=None):
            p = self.params
            h, first = affine_relu_forward(X, p["W1"], p["b1"])
            scores, second = affine_forward(h, p["W2"], p["b2"])
            if y is None:
                return scores
            shifted = scores - np.max(scores, axis=1, keepdims=True)
            logs = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
            loss = -np.sum(logs[np.arange(len(y)), y]) / len(y)
            d = np.exp(logs)
            d[np.arange(len(y)), y] -= 1
            dh, dW2, db2 = affine_backward(d / len(y), second)
            _, dW1, db1 = affine_relu_backward(dh, first)
            loss += 0.5 * self.reg * sum((p[name] ** 2).sum() for name in ("W1", "W2"))
            return loss, {"W1": dW1 + self.reg * p["W1"], "b1": db1, "W2": dW2 + self.reg * p["W2"], "b2": db2}
        """,
    ),
    network(
        "of_the_family",
        """
        def __init__(self, hidden_dims, input_dim=3 * 32 * 32, num_classes=10, dropout_keep_ratio=1,
                     normalization=None, reg=0.0, weight_scale=1e-2, dtype=np.float32, seed=None):
            self.normalization = normalization
            self.use_dropout = dropout_keep_ratio != 1
            self.reg = reg
            self.num_layers = 1 + len(hidden_dims)
            self.dtype = dtype
            self.params = {}
            dims = np.hstack((input_dim, hidden_dims, num_classes)).astype(int)
            for i in range(self.num_layers):
                self.params["W%d" % (i + 1)] = weight_scale * np.random.randn(dims[i], dims[i + 1])
                self.params["b%d" % (i + 1)] = np.zeros(dims[i + 1])
            for k, v in self.params.items():
                self.params[k] = v.astype(dtype)

        def loss(self, X, y=None):
            X = X.astype(self.dtype)
            mode = "test" if y is None else "train"
            out, caches = X, []
            for i in range(self.num_layers - 1):
                out, cache = affine_relu_forward(out, self.params["W" + str(i + 1)], self.params["b" + str(i + 1)])
                caches.append(cache)
            last = str(self.num_layers)
            scores, cache = affine_forward(out, self.params["W" + last], self.params["b" + last])
            caches.append(cache)
            if mode == "test":
                return scores
            loss, dout = softmax_loss(scores, y)
            grads = {}
            dout, grads["W" + last], grads["b" + last] = affine_backward(dout, caches.pop())
            for i in range(self.num_layers - 1, 0, -1):
                dout, grads["W" + str(i)], grads["b" + str(i)] = affine_relu_backward(dout, caches.pop())
            for i in range(1, self.num_layers + 1):
                W = self.params["W" + str(i)]
                loss += 0.5 * self.reg * np.sum(np.square(W))
                grads["W" + str(i)] += self.reg * W
            return loss, grads
        """,
    ),
    network(
        "of_dictionaries",
        """
        def loss(self, X, y=None):
            X = X.astype(self.dtype).reshape(X.shape[0], -1)
            L, h, affine, relu = self.num_layers, {0: X}, {}, {}
            for l in range(1, L + 1):
                h[l], affine[l] = affine_forward(h[l - 1], self.params[f"W{l}"], self.params[f"b{l}"])
                if l != L:
                    h[l], relu[l] = relu_forward(h[l])
            if y is None:
                return h[L]
            loss, d = softmax_loss(h[L], y)
            penalty, grads = 0.0, {}
            for l in range(L, 0, -1):
                d = d if l == L else relu_backward(d, relu[l])
                d, dW, db = affine_backward(d, affine[l])
                penalty += np.sum(self.params[f"W{l}"] ** 2)
                grads |= {f"W{l}": dW + self.reg * self.params[f"W{l}"], f"b{l}": db}
            return loss + 0.5 * self.reg * penalty, grads
        """,
    ),
    network(
        "of_own_methods",
        """
        def _forward(self, X):
            self.kept = []
            for l in range(1, self.num_layers + 1):
                X, cache = affine_forward(X, self.params[f"W{l}"], self.params[f"b{l}"])
                self.kept.append(cache)
                if l < self.num_layers:
                    X, cache = relu_forward(X)
                    self.kept.append(cache)
            return X

        def _backward(self, d):
            grads = {}
            for l in range(self.num_layers, 0, -1):
                d, grads[f"W{l}"], grads[f"b{l}"] = affine_backward(d, self.kept.pop())
                if l > 1:
                    d = relu_backward(d, self.kept.pop())
            return grads

        def loss(self, X, y=None):
            scores = self._forward(np.asarray(X, self.dtype))
            if y is None:
                return scores
            loss, d = softmax_loss(scores, y)
            grads = self._backward(d)
            for name, value in self.params.items():
                if name[0] == "W":
                    loss = loss + self.reg * (value**2).sum() / 2
                    grads[name] = grads[name] + self.reg * value
            return loss, grads
        """,
    ),
    network(
        "relu_written_inside",
        """
        def loss(self, X, y=None):
            h = X.astype(self.dtype)
            affine, hidden = [], []
            for l in range(1, self.num_layers + 1):
                h, cache = affine_forward(h, self.params[f"W{l}"], self.params[f"b{l}"])
                affine.append(cache)
                if l < self.num_layers:
                    h = np.maximum(h, 0)
                    hidden.append(h)
            if y is None:
                return h
            loss, d = softmax_loss(h, y)
            grads = {}
            for l in range(self.num_layers, 0, -1):
                if l < self.num_layers:
                    d = d * (hidden[l - 1] > 0)
                d, grads[f"W{l}"], grads[f"b{l}"] = affine_backward(d, affine[l - 1])
                loss += 0.5 * self.reg * float((self.params[f"W{l}"] ** 2).sum())
                grads[f"W{l}"] = grads[f"W{l}"] + self.reg * self.params[f"W{l}"]
            return loss, grads
        """,
    ),
    network(
        "relu_written_forward",
        """
        def loss(self, X, y=None):
            h = X.astype(self.dtype)
            affine, hidden = [], []
            for l in range(1, self.num_layers + 1):
                h, cache = affine_forward(h, self.params[f"W{l}"], self.params[f"b{l}"])
                affine.append(cache)
                if l < self.num_layers:
                    h = h * (h > 0)
                    hidden.append(h)
            if y is None:
                return h
            loss, d = softmax_loss(h, y)
            grads = {}
            for l in range(self.num_layers, 0, -1):
                if l < self.num_layers:
                    d = relu_backward(d, hidden[l - 1])
                W = self.params[f"W{l}"]
                d, dW, grads[f"b{l}"] = affine_backward(d, affine[l - 1])
                grads[f"W{l}"] = dW + self.reg * W
                loss += 0.5 * self.reg * np.sum(W**2)
            return loss, grads
        """,
    ),
    network(
        "affine_written_inside",
        """
        def loss(self, X, y=None):
            h = X.astype(self.dtype).reshape(len(X), -1)
            inputs, relus = [], []
            for l in range(1, self.num_layers + 1):
                inputs.append(h)
                h = h @ self.params[f"W{l}"] + self.params[f"b{l}"]
                if l < self.num_layers:
                    h, cache = relu_forward(h)
                    relus.append(cache)
            if y is None:
                return h
            loss, d = softmax_loss(h, y)
            grads = {}
            for l in range(self.num_layers, 0, -1):
                W = self.params[f"W{l}"]
                if l < self.num_layers:
                    d = relu_backward(d, relus[l - 1])
                grads[f"W{l}"], grads[f"b{l}"] = inputs[l - 1].T @ d + self.reg * W, d.sum(axis=0)
                d = d @ W.T
                loss += 0.5 * self.reg * float((W * W).sum())
            return loss, grads
        """,
    ),
    network(
        "all_written_inside",
        """
        def loss(self, X, y=None):
            N, L = len(X), self.num_layers
            h = [X.astype(self.dtype).reshape(N, -1)]
            for l in range(1, L + 1):
                a = h[-1].dot(self.params["W%d" % l]) + self.params["b%d" % l]
                h.append(a if l == L else np.maximum(0, a))
            scores = h.pop()
            if y is None:
                return scores
            probs = np.exp(scores - scores.max(axis=1, keepdims=True))
            probs /= probs.sum(axis=1, keepdims=True)
            loss = -np.log(probs[range(N), y]).mean()
            probs[range(N), y] -= 1
            d, grads = probs / N, {}
            for l in range(L, 0, -1):
                W = self.params["W%d" % l]
                grads["W%d" % l] = h[-1].T.dot(d) + self.reg * W
                grads["b%d" % l] = d.sum(0)
                d = d.dot(W.T) * (h.pop() > 0)
                loss += 0.5 * self.reg * np.sum(W * W)
            return loss, grads
        """,
    ),
)
