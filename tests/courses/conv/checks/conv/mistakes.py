"""Known mistakes."""

from checks.mistakes import in_function

forward, backward = in_function("conv", "conv_forward"), in_function("conv", "conv_backward")

MISTAKES = (
    forward(
        "flipped",
        "out",
        {
            "np.tensordot(padded[:, :, i : i + K, j : j + K], w,": "np.tensordot(padded[:, :, i : i + K, j : j + K], w[:, :, ::-1, ::-1],"
        },
        hint={"en": "The filters are turned."},
    ),
    forward("no_bias", "out", {") + b": ")"}, hint={"en": "The bias is not added."}),
    forward(
        "transposed_output",
        "out",
        {"out[:, :, i, j] =": "out[:, :, j % rows, i % columns] ="},
        hint={"en": "Rows and columns change places."},
    ),
    backward(
        "db_mean",
        "gradients",
        {"dout.sum(axis=(0, 2, 3))": "dout.mean(axis=(0, 2, 3))"},
        hint={"en": "A bias is added everywhere: its gradient is a sum."},
    ),
    backward("dw_overwritten", "gradients", {"dw += np": "dw = np"}, hint={"en": "The windows' parts are summed."}),
)
