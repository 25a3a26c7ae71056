"""The update rules written otherwise."""

from typing import Any

import numpy as np

from checks.mistakes import Variant

Array = np.ndarray
Config = dict[str, Any]


def momentum_of_the_family(w: Array, dw: Array, config: Config | None = None) -> Any:
    """Settings by setdefault, a new array for w."""
    if config is None:
        config = {}
    config.setdefault("learning_rate", 1e-2)
    config.setdefault("momentum", 0.9)
    v = config.get("velocity", np.zeros_like(w))
    v = config["momentum"] * v - config["learning_rate"] * dw
    next_w = w + v
    config["velocity"] = v
    return next_w, config


def momentum_of_two_minus_signs(w: Array, dw: Array, config: Config | None = None) -> Any:
    """The step as what is subtracted, kept with its sign turned."""
    config = config if config is not None else {}
    rate, rho = config.setdefault("learning_rate", 1e-2), config.setdefault("momentum", 0.9)
    step = rho * -config.get("velocity", np.zeros(w.shape, w.dtype)) + rate * dw
    config["velocity"] = -step
    return w - step, config


def rmsprop_of_the_family(w: Array, dw: Array, config: Config | None = None) -> Any:
    """Everything kept in the dictionary at once."""
    if config is None:
        config = {}
    config.setdefault("learning_rate", 1e-2)
    config.setdefault("decay_rate", 0.99)
    config.setdefault("epsilon", 1e-8)
    config.setdefault("cache", np.zeros_like(w))
    config["cache"] = config["decay_rate"] * config["cache"] + (1 - config["decay_rate"]) * (dw * dw)
    next_w = w - config["learning_rate"] * dw / (np.sqrt(config["cache"]) + config["epsilon"])
    return next_w, config


def rmsprop_in_place(w: Array, dw: Array, config: Config | None = None) -> Any:
    """The average moved towards the new square, and w in place."""
    config = {} if config is None else config
    rate, rho = config.setdefault("learning_rate", 1e-2), config.setdefault("decay_rate", 0.99)
    average = config.setdefault("cache", np.zeros_like(w))
    average += (1 - rho) * (np.square(dw) - average)
    w += -rate / (average**0.5 + config.setdefault("epsilon", 1e-8)) * dw
    return w, config


def adam_of_the_family(w: Array, dw: Array, config: Config | None = None) -> Any:
    """Settings by setdefault, hats with names, t raised in the dictionary."""
    if config is None:
        config = {}
    for name, value in (("learning_rate", 1e-3), ("beta1", 0.9), ("beta2", 0.999), ("epsilon", 1e-8), ("t", 0)):
        config.setdefault(name, value)
    config.setdefault("m", np.zeros_like(w))
    config.setdefault("v", np.zeros_like(w))
    config["t"] += 1
    config["m"] = config["beta1"] * config["m"] + (1 - config["beta1"]) * dw
    config["v"] = config["beta2"] * config["v"] + (1 - config["beta2"]) * dw**2
    m_hat = config["m"] / (1 - config["beta1"] ** config["t"])
    v_hat = config["v"] / (1 - config["beta2"] ** config["t"])
    return w - config["learning_rate"] * m_hat / (np.sqrt(v_hat) + config["epsilon"]), config


def adam_by_powers(w: Array, dw: Array, config: Config | None = None) -> Any:
    """np.power for the corrections, update for the dictionary, a t that is a float."""
    config = {} if config is None else config
    rate, epsilon = config.get("learning_rate", 1e-3), config.get("epsilon", 1e-8)
    b1, b2 = config.get("beta1", 0.9), config.get("beta2", 0.999)
    m, v, t = (config.get(name, 0.0) for name in ("m", "v", "t"))
    t = t + 1.0
    m = m * b1 + dw * (1.0 - b1)
    v = v * b2 + dw * dw * (1.0 - b2)
    root = (v / (1.0 - np.power(b2, t))) ** 0.5
    w = w - (rate / (1.0 - np.power(b1, t))) * (m / (root + epsilon))
    config.update(learning_rate=rate, beta1=b1, beta2=b2, epsilon=epsilon, m=m, v=v, t=t)
    return w, config


VARIANTS: tuple[Variant, ...] = (
    Variant("momentum_of_the_family", {"sgd_momentum": momentum_of_the_family}),
    Variant("momentum_of_two_minus_signs", {"sgd_momentum": momentum_of_two_minus_signs}),
    Variant("rmsprop_of_the_family", {"rmsprop": rmsprop_of_the_family}),
    Variant("rmsprop_in_place", {"rmsprop": rmsprop_in_place}),
    Variant("adam_of_the_family", {"adam": adam_of_the_family}),
    Variant("adam_by_powers", {"adam": adam_by_powers}),
)
