"""The reference against PyTorch's autograd. PyTorch is no dependency: without it, these tests are skipped."""

from typing import Any

import numpy as np
import pytest

from funkcije import layers, optim
from funkcije.fc_net import FullyConnectedNet, TwoLayerNet

torch = pytest.importorskip("torch", reason="PyTorch is not installed; docs/authoring.md says how to run these tests")
F = torch.nn.functional

Array = np.ndarray


def draw(seed: int, N: int, D: int) -> list[Array]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(N, D)) * 10 ** rng.uniform(-2, 1, D) + rng.uniform(-5, 5, D)
    return [x, rng.normal(size=D), rng.normal(size=D), rng.normal(size=(N, D)) + rng.normal(size=D)]


def tensors(*arrays: Array) -> list[Any]:
    return [torch.tensor(array, requires_grad=True) for array in arrays]


def assert_same(got: Array, tensor: Any) -> None:
    expected = tensor.detach().numpy()
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-11 * max(np.max(np.abs(expected)), 0.1))


@pytest.mark.parametrize("size", [(2, 5), (6, 1), (7, 4), (50, 8)], ids=str)
@pytest.mark.parametrize("seed", range(20))
def test_batch_normalization_is_pytorch_s(seed: int, size: tuple[int, int]) -> None:
    (x, gamma, beta, dout), (N, D) = draw(seed, *size), size
    bn_param: dict[str, Any] = {"mode": "train", "eps": 0.01, "momentum": 0.8}
    out, cache = layers.batchnorm_forward(x, gamma, beta, bn_param)
    tx, tgamma, tbeta = tensors(x, gamma, beta)
    mean, var = torch.zeros(D, dtype=torch.float64), torch.zeros(D, dtype=torch.float64)
    # What PyTorch calls momentum weighs the new value.
    tout = F.batch_norm(tx, mean, var, tgamma, tbeta, training=True, momentum=0.2, eps=0.01)
    assert_same(out, tout)
    tout.backward(torch.tensor(dout))
    for backward in (layers.batchnorm_backward, layers.batchnorm_backward_alt):
        for got, leaf in zip(backward(dout, cache), (tx, tgamma, tbeta), strict=True):
            assert_same(got, leaf.grad)
    assert_same(bn_param["running_mean"], mean)
    # PyTorch normalizes with the biased variance as we do, and stores the unbiased one.
    assert_same(bn_param["running_var"], var * (N - 1) / N)

    bn_param["mode"] = "test"
    tested, _ = layers.batchnorm_forward(x, gamma, beta, bn_param)
    running = [torch.tensor(bn_param[name]) for name in ("running_mean", "running_var")]
    assert_same(tested, F.batch_norm(tx, *running, tgamma, tbeta, training=False, eps=0.01))


@pytest.mark.parametrize("size", [(1, 3), (5, 1), (2, 5), (7, 4), (8, 50)], ids=str)
@pytest.mark.parametrize("seed", range(20))
def test_layer_normalization_is_pytorch_s(seed: int, size: tuple[int, int]) -> None:
    x, gamma, beta, dout = draw(seed, *size)
    out, cache = layers.layernorm_forward(x, gamma, beta, {"eps": 0.01})
    leaves = tensors(x, gamma, beta)
    tout = F.layer_norm(leaves[0], (size[1],), leaves[1], leaves[2], eps=0.01)
    assert_same(out, tout)
    tout.backward(torch.tensor(dout))
    for got, leaf in zip(layers.layernorm_backward(dout, cache), leaves, strict=True):
        assert_same(got, leaf.grad)


@pytest.mark.parametrize("norm", ["batchnorm", "layernorm"])
@pytest.mark.parametrize("seed", range(5))
def test_the_network_is_pytorch_s(seed: int, norm: str) -> None:
    rng = np.random.default_rng(seed)
    model = FullyConnectedNet([16, 8], input_dim=12, num_classes=5, reg=0.3, normalization=norm, dtype=np.float64)
    for name, value in model.params.items():
        model.params[name] = rng.normal(size=value.shape)
    X, y = rng.normal(size=(20, 12)), rng.integers(5, size=20)
    loss, grads = model.loss(X, y)

    params = {name: torch.tensor(value, requires_grad=True) for name, value in model.params.items()}
    h = torch.tensor(X)
    for l in (1, 2):
        h = h @ params[f"W{l}"] + params[f"b{l}"]
        if norm == "batchnorm":
            h = F.batch_norm(h, None, None, params[f"gamma{l}"], params[f"beta{l}"], training=True, eps=1e-5)
        else:
            h = F.layer_norm(h, h.shape[1:], params[f"gamma{l}"], params[f"beta{l}"], eps=1e-5)
        h = F.relu(h)
    tloss = F.cross_entropy(h @ params["W3"] + params["b3"], torch.tensor(y))
    tloss = tloss + 0.15 * sum((params[f"W{l}"] ** 2).sum() for l in (1, 2, 3))
    tloss.backward()
    assert_same(np.asarray(loss), tloss)
    for name, leaf in params.items():
        assert_same(grads[name], leaf.grad)


@pytest.mark.parametrize("shape", [(1, 3), (5, 1), (4, 7), (3, 2, 4, 5), (2, 5, 1)], ids=str)
@pytest.mark.parametrize("M", [1, 6])
@pytest.mark.parametrize("seed", range(5))
def test_the_affine_layer_is_pytorch_s(seed: int, shape: tuple[int, ...], M: int) -> None:
    rng = np.random.default_rng(seed)
    D = int(np.prod(shape[1:]))
    x, w, b, dout = rng.normal(size=shape), rng.normal(size=(D, M)), rng.normal(size=M), rng.normal(size=(shape[0], M))
    out, cache = layers.affine_forward(x, w, b)
    leaves = tensors(x, w, b)
    # PyTorch keeps the weights of a layer as (outputs, inputs).
    tout = F.linear(leaves[0].flatten(1), leaves[1].T, leaves[2])
    assert_same(out, tout)
    tout.backward(torch.tensor(dout))
    for got, leaf in zip(layers.affine_backward(dout, cache), leaves, strict=True):
        assert_same(got, leaf.grad)


@pytest.mark.parametrize("seed", range(5))
def test_the_relu_is_pytorch_s_also_where_x_is_zero(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, dout = rng.normal(size=(4, 3, 5)), rng.normal(size=(4, 3, 5))
    x[rng.uniform(size=x.shape) < 0.3] = 0.0
    out, cache = layers.relu_forward(x)
    [leaf] = tensors(x)
    tout = F.relu(leaf)
    assert_same(out, tout)
    tout.backward(torch.tensor(dout))
    assert_same(layers.relu_backward(dout, cache), leaf.grad)


@pytest.mark.parametrize("size", [(1, 4), (6, 1), (5, 3), (4, 4), (30, 11)], ids=str)
@pytest.mark.parametrize("offset", [0.0, 1000.0, -1000.0])
@pytest.mark.parametrize("seed", range(5))
def test_the_softmax_loss_is_pytorch_s(seed: int, size: tuple[int, int], offset: float) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=size) * 5 + offset, rng.integers(size[1], size=size[0])
    loss, dx = layers.softmax_loss(x, y)
    [leaf] = tensors(x)
    tloss = F.cross_entropy(leaf, torch.tensor(y))
    assert_same(np.asarray(loss), tloss)
    tloss.backward()
    assert_same(dx, leaf.grad)


@pytest.mark.parametrize("hidden_dims", [[7], [6, 4], [6, 8, 4, 7]], ids=str)
@pytest.mark.parametrize("reg", [0.0, 0.7])
@pytest.mark.parametrize("seed", range(3))
def test_a_network_without_normalization_is_pytorch_s(seed: int, reg: float, hidden_dims: list[int]) -> None:
    rng = np.random.default_rng(seed)
    nets: list[Any] = [FullyConnectedNet(hidden_dims, 12, 5, reg=reg, dtype=np.float64)]
    if len(hidden_dims) == 1:
        nets.append(TwoLayerNet(12, hidden_dims[0], 5, reg=reg))
    X, y = rng.normal(size=(9, 3, 2, 2)), rng.integers(5, size=9)
    for net in nets:
        for value in net.params.values():
            value[...] = rng.normal(size=value.shape)
        params = {name: torch.tensor(value, requires_grad=True) for name, value in net.params.items()}
        h, L = torch.tensor(X).flatten(1), len(hidden_dims) + 1
        for l in range(1, L + 1):
            h = h @ params[f"W{l}"] + params[f"b{l}"]
            h = F.relu(h) if l < L else h
        tloss = F.cross_entropy(h, torch.tensor(y))
        tloss = tloss + reg / 2 * sum((params[f"W{l}"] ** 2).sum() for l in range(1, L + 1))
        tloss.backward()
        assert_same(net.loss(X), h)
        loss, grads = net.loss(X, y)
        assert_same(np.asarray(loss), tloss)
        assert grads.keys() == params.keys()
        for name, leaf in params.items():
            assert_same(grads[name], leaf.grad)


RULES: dict[str, tuple[dict[str, float], Any, dict[str, Any]]] = {
    # PyTorch keeps v <- rho v + dw and steps by eta v; with one eta throughout these are the same steps.
    "sgd_momentum": ({"momentum": 0.7}, torch.optim.SGD, {"momentum": 0.7}),
    "rmsprop": ({"decay_rate": 0.6, "epsilon": 0.03}, torch.optim.RMSprop, {"alpha": 0.6, "eps": 0.03}),
    "adam": ({"beta1": 0.5, "beta2": 0.8, "epsilon": 0.03}, torch.optim.Adam, {"betas": (0.5, 0.8), "eps": 0.03}),
}
"""By our rule: its settings, PyTorch's rule, and the same settings there. All add epsilon outside of the root, and Adam
to the root of the corrected average, as the paper's Algorithm 1 has it."""


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", range(5))
def test_the_update_rules_make_pytorch_s_steps(seed: int, rule: str) -> None:
    settings, its, its_settings = RULES[rule]
    rng = np.random.default_rng(seed)
    w = rng.normal(size=(4, 3))
    [leaf] = tensors(w)
    optimizer = its([leaf], lr=0.1, **its_settings)
    config: dict[str, Any] = {"learning_rate": 0.1, **settings}
    for _ in range(6):
        dw = rng.normal(size=w.shape)
        w, config = getattr(optim, rule)(w, dw, config)
        leaf.grad = torch.tensor(dw)
        optimizer.step()
        assert_same(w, leaf)
    [kept] = optimizer.state.values()
    if rule == "sgd_momentum":
        assert_same(config["velocity"], -0.1 * kept["momentum_buffer"])
    elif rule == "rmsprop":
        assert_same(config["cache"], kept["square_avg"])
    else:
        assert_same(config["m"], kept["exp_avg"])
        assert_same(config["v"], kept["exp_avg_sq"])
        assert config["t"] == int(kept["step"]) == 6
