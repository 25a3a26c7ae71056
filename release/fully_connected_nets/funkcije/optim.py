"""Update rules of gradient descent.

Each has the form `w, config = RULE(w, dw, config)`: one step for the parameter `w` with the gradient `dw` of the loss.
`w` and `dw` are arrays of one shape, whatever it is; `w` is updated in place and returned. `config` holds the rule's
settings (absent ones are filled in with defaults) and what it remembers from step to step; pass it to the next step of
the same parameter.
"""

from typing import Any

import numpy as np

Config = dict[str, Any]

KEYS: dict[str, tuple[str, ...]] = {
    "sgd": ("learning_rate",),
    "sgd_momentum": ("learning_rate", "momentum", "velocity"),
    "rmsprop": ("learning_rate", "decay_rate", "epsilon", "cache"),
    "adam": ("learning_rate", "beta1", "beta2", "epsilon", "m", "v", "t"),
}
"""The rules by name, and the keys that the `config` of each may hold."""


def sgd(w: np.ndarray, dw: np.ndarray, config: Config | None = None) -> tuple[np.ndarray, Config]:
    """Stochastic gradient descent: w ← w - η dw.

    Config:
        learning_rate: η; 1e-2 if absent.
    """
    config = {} if config is None else config
    learning_rate = _setting(config, "learning_rate", 1e-2)

    w -= learning_rate * dw
    return w, config


def sgd_momentum(w: np.ndarray, dw: np.ndarray, config: Config | None = None) -> tuple[np.ndarray, Config]:
    """Gradient descent with momentum (Polyak 1964): v ← ρ v - η dw, then w ← w + v.

    Config:
        learning_rate: η; 1e-2 if absent.
        momentum: ρ, from 0 to 1; 0.9 if absent. 0 gives plain gradient descent.
        velocity: v, of the shape of w; zeros if absent.
    """
    config = {} if config is None else config
    learning_rate = _setting(config, "learning_rate", 1e-2)
    momentum = _setting(config, "momentum", 0.9)
    # TODO sgd_momentum: Osvježite brzinu (nula ako je u config nema), napravite korak i brzinu sačuvajte u
    # config.
    # (Update the velocity (zero if config has none), make the step, and keep the velocity in config.)
    # Pišite umjesto naredbe `raise`; šta mora da važi, piše u opisu iznad. Zatim / then:
    # check("sgd_momentum")
    # (Write it in place of the `raise`; the docstring above says what must hold.)
    raise NotImplementedError("sgd_momentum: još nije napisano (not written yet)")
    return w, config


def rmsprop(w: np.ndarray, dw: np.ndarray, config: Config | None = None) -> tuple[np.ndarray, Config]:
    """RMSProp (Tieleman & Hinton 2012, lecture 6e): c ← ρ c + (1 - ρ) dw², then w ← w - η dw / (√c + ε).

    Config:
        learning_rate: η; 1e-2 if absent.
        decay_rate: ρ, from 0 to 1; 0.99 if absent.
        epsilon: ε, keeps the quotient finite; 1e-8 if absent.
        cache: c, the moving average of the squared gradients, of the shape of w; zeros if absent.
    """
    config = {} if config is None else config
    learning_rate = _setting(config, "learning_rate", 1e-2)
    decay_rate = _setting(config, "decay_rate", 0.99)
    epsilon = _setting(config, "epsilon", 1e-8)
    # TODO rmsprop: Osvježite prosjek kvadrata gradijenta (nula ako ga u config nema), napravite korak i
    # prosjek sačuvajte u config.
    # (Update the average of the squared gradient (zero if config has none), make the step, and keep the
    # average in config.)
    # Pišite umjesto naredbe `raise`; šta mora da važi, piše u opisu iznad. Zatim / then: check("rmsprop")
    # (Write it in place of the `raise`; the docstring above says what must hold.)
    raise NotImplementedError("rmsprop: još nije napisano (not written yet)")
    return w, config


def adam(w: np.ndarray, dw: np.ndarray, config: Config | None = None) -> tuple[np.ndarray, Config]:
    """Adam (Kingma & Ba 2015, arXiv:1412.6980, Algorithm 1).

    With t counting the steps from 1: m ← β₁ m + (1 - β₁) dw and v ← β₂ v + (1 - β₂) dw²; both begin at zero, which
    m̂ = m / (1 - β₁ᵗ) and v̂ = v / (1 - β₂ᵗ) make up for; then w ← w - η m̂ / (√v̂ + ε).

    Config:
        learning_rate: η; 1e-3 if absent.
        beta1: β₁, the decay of m; 0.9 if absent.
        beta2: β₂, the decay of v; 0.999 if absent.
        epsilon: ε, keeps the quotient finite; 1e-8 if absent.
        m: moving average of the gradient, of the shape of w; zeros if absent.
        v: moving average of the squared gradient, of the shape of w; zeros if absent.
        t: number of steps taken; 0 if absent.
    """
    config = {} if config is None else config
    learning_rate = _setting(config, "learning_rate", 1e-3)
    beta1 = _setting(config, "beta1", 0.9)
    beta2 = _setting(config, "beta2", 0.999)
    epsilon = _setting(config, "epsilon", 1e-8)
    # TODO adam: Povećajte t, osvježite m i v (nule ako ih u config nema), napravite korak sa popravljenim
    # prosjecima i sačuvajte m, v i t u config. Ono što se čuva nije popravljeno.
    # (Raise t, update m and v (zeros if config has none), make the step with the corrected averages, and keep
    # m, v and t in config. What is kept is not corrected.)
    # Pišite umjesto naredbe `raise`; šta mora da važi, piše u opisu iznad. Zatim / then: check("adam")
    # (Write it in place of the `raise`; the docstring above says what must hold.)
    raise NotImplementedError("adam: još nije napisano (not written yet)")
    return w, config


def _setting(config: Config, key: str, default: float) -> float:
    """A setting; the default, which is filled in, if absent.

    A Python number, whatever was given: one of numpy's float64 would make a step in float32 a step in float64.
    """
    return float(config.setdefault(key, default))
