"""Known mistakes in the affine layer, forward and backward."""

from checks.mistakes import Mistake, in_function

forward = in_function("layers", "affine_forward")
backward = in_function("layers", "affine_backward")

ROWS = "rows = x.reshape(x.shape[0], -1)"
OUT = "out = rows @ w"
BIAS = "out += b"
DX = "dx = (dout @ w.T).reshape(x.shape)"
DW = "dw = rows.T @ dout"
DB = "db = dout.sum(axis=0)"

MISTAKES: tuple[Mistake, ...] = (
    # Kulbear/deep-learning-coursera, pull request 48: "add bias after Z = np.sum()".
    forward("af_bias_missing", "out", {BIAS: "pass"}),
    # Public layers.py files with `out = np.dot(X, W) + b`; the family's own TODO says "You will need to reshape".
    forward("af_x_not_reshaped", "images", {ROWS: "rows = x"}),
    # The same by np.dot, which fails with another message.
    forward("af_x_not_reshaped_in_dot", "images", {ROWS: "rows = x", OUT: "out = np.dot(rows, w)"}),
    # Column-major reshapes, as they are in MATLAB and as `x.T.reshape(-1, N).T` makes them.
    forward("af_rows_in_column_order", "images", {ROWS: 'rows = x.reshape(x.shape[0], -1, order="F")'}),
    # The same lengths in another order: reshape in place of a transpose.
    forward("af_examples_mixed", "out", {ROWS: "rows = x.reshape(-1, x.shape[0]).T"}),
    forward("af_w_reshaped_not_transposed", "out", {OUT: "out = rows @ w.reshape(w.shape[::-1]).T"}),
    # rasbt/stat453-deep-learning-ss21, issue 5: one sum over all biases, broadcast.
    forward("af_bias_summed", "out", {BIAS: "out += b.sum()"}),
    # np.squeeze against shapes such as (N, 1), which goes too far where N or M is 1.
    forward("af_out_squeezed", "shape", {BIAS: "out = np.squeeze(out + b)"}),
    # Half of the digits are lost: `astype(np.float32)` of images, left in the layer.
    forward(
        "af_float32_inside", "out", {OUT: "out = (rows.astype(np.float32) @ w.astype(np.float32)).astype(x.dtype)"}
    ),
    # Public layers.py files with `dx = np.dot(dout, W.T)` and no reshape.
    backward("ab_dx_not_reshaped", "images", {DX: "dx = dout @ w.T"}),
    backward("ab_dx_in_column_order", "images", {DX: 'dx = (dout @ w.T).reshape(x.shape, order="F")'}),
    backward("ab_dw_in_column_order", "images", {ROWS: 'rows = x.reshape(x.shape[0], -1, order="F")'}),
    # "Transposed" by reshape, since the shapes then fit.
    backward("ab_w_reshaped_not_transposed", "dx", {DX: "dx = (dout @ w.reshape(w.shape[::-1])).reshape(x.shape)"}),
    backward("ab_x_reshaped_not_transposed", "dw", {DW: "dw = rows.reshape(rows.shape[::-1]) @ dout"}),
    # As below: every gradient of the layer as a mean.
    backward("ab_dx_divided_by_n", "dx", {DX: f"{DX} / x.shape[0]"}),
    # Many public files: `dw = np.dot(X.T, dout) / X.shape[0]`; the loss has divided already.
    backward("ab_dw_divided_by_n", "dw", {DW: f"{DW} / x.shape[0]"}),
    # kvfrans/notes, issue 5: "jnp.mean should be jnp.sum"; many public files: `db = np.mean(dout, axis=0)`.
    backward("ab_db_divided_by_n", "db", {DB: "db = dout.mean(axis=0)"}),
    # The transposed convention, examples in columns, kept from another course.
    backward("ab_dw_transposed", "dw", {DW: "dw = dout.T @ rows"}),
    # rasbt/stat453-deep-learning-ss21, issue 5: "it computes a single sum over all biases".
    backward("ab_db_sum_of_all", "db", {DB: "db = np.full(dout.shape[1], dout.sum())"}),
    # Public files: `db = np.sum(dout, axis=1)` beside examples in rows, one with the note "I do not understand why".
    backward("ab_db_over_outputs", "db", {DB: "db = dout.sum(axis=1)"}),
    # jimfleming/differentiation, issue 1: "Biases are being broadcasted".
    backward("ab_db_not_summed", "db", {DB: "db = dout"}),
    # "The derivative with respect to b is 1", and dout forgotten.
    backward("ab_db_without_dout", "db", {DB: "db = np.full(dout.shape[1], float(dout.shape[0]))"}),
    # Public files: `np.sum(dout, axis=0, keepdims=True)`; coursera's shapes are (1, M).
    backward("ab_db_kept_as_row", "shapes", {DB: "db = dout.sum(axis=0, keepdims=True)"}),
)
