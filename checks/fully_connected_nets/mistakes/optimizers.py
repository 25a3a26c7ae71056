"""Known mistakes in the update rules: the formula, what is remembered, where it is kept."""

from checks.mistakes import Mistake, in_function

momentum = in_function("optim", "sgd_momentum")
rmsprop = in_function("optim", "rmsprop")
adam = in_function("optim", "adam")

DECAYED, PUSHED, MOVED = "velocity *= momentum", "velocity -= learning_rate * dw", "w += velocity"
KEPT = 'config["velocity"] = velocity'
ADDED, CACHE_DECAYED = "cache += (1 - decay_rate) * dw**2", "cache *= decay_rate"
RMS_STEP = "w -= learning_rate * dw / (np.sqrt(cache) + epsilon)"
RMS_KEPT = 'config["cache"] = cache'
T = 't = config.get("t", 0) + 1'
M_GOT, V_GOT = 'm = config.get("m", 0.0)', 'v = config.get("v", 0.0)'
M, V = "m += (1 - beta1) * dw", "v += (1 - beta2) * dw**2"
M_DECAYED, V_DECAYED = "m *= beta1", "v *= beta2"
M_HAT, V_HAT = "(m / (1 - beta1**t))", "np.sqrt(v / (1 - beta2**t))"
ADAM_STEP = f"w -= learning_rate * {M_HAT} / ({V_HAT} + epsilon)"
ADAM_KEPT = "config.update(m=m, v=v, t=t)"

MISTAKES: tuple[Mistake, ...] = (
    # fchollet/deep-learning-with-python-notebooks, issue 19: the sign of the gradient in the velocity.
    momentum("sm_gradient_added", "step", {PUSHED: "velocity += learning_rate * dw"}),
    # pytorch/pytorch, issue 44917: two conventions of signs; mixed, the step goes uphill.
    momentum("sm_velocity_subtracted", "step", {MOVED: "w -= velocity"}),
    # NLeSC/deep-learning-assignments-solutions, issue 2: the slides' form, with the rate outside of the velocity.
    momentum("sm_rate_outside_velocity", "step", {PUSHED: "velocity -= dw", MOVED: "w += learning_rate * velocity"}),
    # mdenil/dropout, issue 4: "mom * gparam_mom + (1. - mom) * gparam".
    momentum("sm_velocity_is_average", "step", {PUSHED: "velocity -= (1 - momentum) * learning_rate * dw"}),
    # ooples/AiDotNet, issue 2008: "the coefficient is on the wrong term, so the velocity never decays".
    momentum("sm_never_decays", "step", {DECAYED: "pass"}),
    momentum("sm_momentum_ignored", "step", {DECAYED: "velocity *= 0"}),
    # A public optim.py asks its dictionary for "mu", which nobody puts into it.
    momentum("sm_momentum_hard_coded", "step", {DECAYED: "velocity *= 0.9"}),
    # A public optim.py keeps it as "vec".
    momentum(
        "sm_velocity_under_another_name",
        "step",
        {
            'config.get("velocity", 0.0)': 'config.get("other", 0.0)',
            KEPT: 'config.pop("velocity", None)\n    config["other"] = velocity',
        },
    ),
    # mdenil/dropout, issue 4: the step with the velocity of before, "one time step too old".
    momentum(
        "sm_old_velocity",
        "step",
        {'config.get("velocity", 0.0)': 'config.get("velocity", 0.0)\n    old = velocity + 0', MOVED: "w += old"},
    ),
    # pytorch/pytorch, pull request 5920: Nesterov's step in the place of the plain one.
    momentum("sm_nesterov", "step", {MOVED: "w += momentum * velocity - learning_rate * dw"}),
    momentum("sm_velocity_not_kept", "steps", {KEPT: 'config.pop("velocity", None)'}),
    # zc911/MatrixSlow, pull request 17: the first velocity is not what the rule makes of zeros.
    momentum(
        "sm_first_velocity_is_gradient",
        "steps",
        {PUSHED: 'velocity = velocity - learning_rate * dw if "velocity" in config else -dw'},
    ),
    momentum("sm_new_dictionary", "same_config", {KEPT: "config = {**config, 'velocity': velocity}"}),
    # A public optim.py asks its dictionary for "beta".
    rmsprop(
        "rp_decay_hard_coded",
        "step",
        {CACHE_DECAYED: "cache *= 0.99", ADDED: "cache += (1 - 0.99) * dw**2"},
    ),
    # The same file keeps the average as "v".
    rmsprop(
        "rp_average_under_another_name",
        "step",
        {
            'config.get("cache", 0.0)': 'config.get("other", 0.0)',
            RMS_KEPT: 'config.pop("cache", None)\n    config["other"] = cache',
        },
    ),
    # The sum of all squares, which is AdaGrad's.
    rmsprop("rp_accumulates", "step", {CACHE_DECAYED: "pass", ADDED: "cache += dw**2"}),
    rmsprop(
        "rp_weights_exchanged", "step", {CACHE_DECAYED: "cache *= 1 - decay_rate", ADDED: "cache += decay_rate * dw**2"}
    ),
    rmsprop("rp_gradient_unweighted", "step", {ADDED: "cache += dw**2"}),
    rmsprop("rp_root_missing", "step", {RMS_STEP: RMS_STEP.replace("np.sqrt(cache)", "cache")}),
    rmsprop("rp_gradient_not_squared", "step", {ADDED: "cache += (1 - decay_rate) * np.abs(dw)"}),
    rmsprop("rp_gradient_added", "step", {RMS_STEP: RMS_STEP.replace("-=", "+=")}),
    rmsprop(
        "rp_old_average",
        "step",
        {RMS_STEP: "w -= learning_rate * dw / (np.sqrt((cache - (1 - decay_rate) * dw**2) / decay_rate) + epsilon)"},
    ),
    # keras-team/keras, issue 435, and chainer/chainer, issue 4754; BeiieB/cs231n, optim.py, and many more.
    rmsprop(
        "rp_epsilon_under_root",
        "epsilon",
        {RMS_STEP: RMS_STEP.replace("np.sqrt(cache) + epsilon", "np.sqrt(cache + epsilon)")},
    ),
    # apache/mxnet, issue 4493: what an epsilon that is too large, or missing, does.
    rmsprop("rp_epsilon_missing", "epsilon", {RMS_STEP: RMS_STEP.replace(" + epsilon", "")}),
    # A public optim.py has a number of its own there, 1e-07, and another one, in Adam, 1e-7.
    rmsprop("rp_epsilon_hard_coded", "epsilon", {RMS_STEP: RMS_STEP.replace("epsilon", "1e-8")}),
    rmsprop("rp_average_not_kept", "steps", {RMS_KEPT: 'config.pop("cache", None)'}),
    rmsprop("rp_new_dictionary", "same_config", {RMS_KEPT: "config = {**config, 'cache': cache}"}),
    # Divsigma/2020-cs213n, pull request 3: t is used and never raised.
    adam("ad_t_never_raised", "step", {T: 't = config.get("t", 0)'}),
    # Public optim.py files: "config.setdefault('t', 1)", and t is never raised.
    adam("ad_t_one_and_never_raised", "step", {T: 't = config.get("t", 1)'}),
    adam("ad_epsilon_hard_coded", "epsilon", {ADAM_STEP: ADAM_STEP.replace("epsilon", "1e-8")}),
    adam("ad_epsilon_hard_coded_1e-7", "steps", {ADAM_STEP: ADAM_STEP.replace("epsilon", "1e-7")}),
    # A public optim.py keeps the averages as "momentum" and "cache".
    adam(
        "ad_averages_under_other_names",
        "step",
        {
            M_GOT: 'm = config.get("other m", 0.0)',
            V_GOT: 'v = config.get("other v", 0.0)',
            ADAM_KEPT: 'config.pop("m", None)\n    config.pop("v", None)\n    config.update({"other m": m, "other v": v, "t": t})',
        },
    ),
    adam(
        "ad_betas_hard_coded",
        "step",
        {
            M_DECAYED: "m *= 0.9",
            M: "m += (1 - 0.9) * dw",
            V_DECAYED: "v *= 0.999",
            V: "v += (1 - 0.999) * dw**2",
            ADAM_STEP: ADAM_STEP.replace("beta1", "0.9").replace("beta2", "0.999"),
        },
    ),
    # Aliasgarsaifee/CS231n, optim.py: no correction, and so no use for t, which stays what it was.
    adam(
        "ad_not_corrected_and_t_not_raised",
        "step",
        {T: 't = config.get("t", 0)', ADAM_STEP: "w -= learning_rate * m / (np.sqrt(v) + epsilon)"},
    ),
    # karpathy/convnetjs, pull request 107, and PennyLaneAI/pennylane, pull request 1929: the correction.
    adam("ad_not_corrected", "step", {ADAM_STEP: "w -= learning_rate * m / (np.sqrt(v) + epsilon)"}),
    adam("ad_m_not_corrected", "step", {ADAM_STEP: ADAM_STEP.replace(M_HAT, "m")}),
    adam("ad_v_not_corrected", "step", {ADAM_STEP: ADAM_STEP.replace(V_HAT, "np.sqrt(v)")}),
    # eriklindernoren/ML-From-Scratch, issue 35, and ufal/npfl114, pull request 79: (1 - β) for (1 - βᵗ).
    adam(
        "ad_correction_without_power",
        "step",
        {ADAM_STEP: ADAM_STEP.replace("beta1**t", "beta1").replace("beta2**t", "beta2")},
    ),
    adam(
        "ad_correction_times_t",
        "step",
        {ADAM_STEP: ADAM_STEP.replace("1 - beta1**t", "1 - beta1 * t").replace("1 - beta2**t", "1 - beta2 * t")},
    ),
    # The family's notebooks say it themselves: "be sure to increment t before using it"; raised after, 1 - β⁰ is zero.
    adam("ad_t_raised_after", "step", {T: 't = config.get("t", 0)', ADAM_KEPT: "config.update(m=m, v=v, t=t + 1)"}),
    # BeiieB/cs231n and BigZihao/CS231, optim.py: the first step is counted as the second.
    adam("ad_t_begins_at_one", "steps", {T: 't = config.get("t", 1) + 1'}),
    # AnhThangHUST/Cs231-CourseWork, optim.py: t is the number of the next step, and is raised after it.
    adam(
        "ad_t_is_the_next_step",
        "step",
        {T: 't = config.get("t", 1)', ADAM_KEPT: "config.update(m=m, v=v, t=t + 1)"},
    ),
    adam("ad_t_not_kept", "steps", {ADAM_KEPT: "config.update(m=m, v=v)"}),
    # frgfm/holocron, issue 1: "bias correction is made inplace so it affects exp_avg in the next steps".
    adam(
        "ad_corrected_kept",
        "steps",
        {ADAM_STEP: f"m = {M_HAT}\n    v = v / (1 - beta2**t)\n    w -= learning_rate * m / (np.sqrt(v) + epsilon)"},
    ),
    adam(
        "ad_averages_not_kept",
        "steps",
        {ADAM_KEPT: 'config.pop("m", None)\n    config.pop("v", None)\n    config["t"] = t'},
    ),
    adam(
        "ad_betas_exchanged",
        "step",
        {M_DECAYED: "m *= beta2", M: "m += (1 - beta2) * dw", V_DECAYED: "v *= beta1", V: "v += (1 - beta1) * dw**2"},
    ),
    adam("ad_gradient_not_squared", "step", {V: "v += (1 - beta2) * dw"}),
    adam("ad_root_missing", "step", {ADAM_STEP: ADAM_STEP.replace(V_HAT, "v / (1 - beta2**t)")}),
    adam("ad_m_unweighted", "step", {M: "m += dw"}),
    adam("ad_gradient_for_m", "step", {ADAM_STEP: ADAM_STEP.replace(M_HAT, "dw")}),
    adam(
        "ad_epsilon_under_root",
        "epsilon",
        {ADAM_STEP: ADAM_STEP.replace("(1 - beta2**t)) + epsilon", "(1 - beta2**t) + epsilon)")},
    ),
    # FortiLeiZhang/cs231n, optim.py: the paper's short form, in which epsilon is another one.
    adam(
        "ad_epsilon_before_correction",
        "epsilon",
        {ADAM_STEP: "w -= learning_rate * np.sqrt(1 - beta2**t) / (1 - beta1**t) * m / (np.sqrt(v) + epsilon)"},
    ),
    # kozistr/AdaBound-tensorflow, issue 3: 1 - bias_correction2 under the root.
    adam(
        "ad_correction_of_correction",
        "step",
        {ADAM_STEP: "w -= learning_rate * np.sqrt(1 - (1 - beta2**t)) / (1 - beta1**t) * m / (np.sqrt(v) + epsilon)"},
    ),
    adam("ad_new_dictionary", "same_config", {ADAM_KEPT: "config = {**config, 'm': m, 'v': v, 't': t}"}),
)
