"""The reference against PyTorch's autograd. PyTorch is no dependency: without it, these tests are skipped."""

from typing import Any

import numpy as np
import pytest

from funkcije import layers
from funkcije.fc_net import FullyConnectedNet

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
