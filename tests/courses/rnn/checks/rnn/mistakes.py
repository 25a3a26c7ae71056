"""Known mistakes."""

from checks.mistakes import in_function

step, step_back = in_function("rnn", "rnn_step_forward"), in_function("rnn", "rnn_step_backward")
forward, back = in_function("rnn", "rnn_forward"), in_function("rnn", "rnn_backward")

MISTAKES = (
    step("no_bias", "next", {"h @ Wh + b)": "h @ Wh)"}, hint={"en": "The bias is not added."}),
    step("no_state", "next", {" + h @ Wh": ""}, hint={"en": "The state before is left out."}),
    step_back(
        "not_through_tanh", "gradients", {"dnext * (1 - following**2)": "dnext"}, hint={"en": "tanh has a derivative."}
    ),
    forward(
        "state_not_kept",
        "states",
        {"x[:, t], h, Wx": "x[:, t], h0, Wx"},
        hint={"en": "Every step begins with the first state."},
    ),
    back(
        "state_not_carried",
        "gradients",
        {"dh[:, t] + dprevious": "dh[:, t]"},
        hint={"en": "What comes from the step after is left out."},
    ),
    in_function("rnn", "clip")(
        "one_side",
        "gradients",
        {"np.clip(value, -most, most)": "np.minimum(value, most)"},
        hint={"en": "There are negative numbers, too."},
    ),
)
