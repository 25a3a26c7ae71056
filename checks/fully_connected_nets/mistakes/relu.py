"""Known mistakes in the rectified linear unit, forward and backward."""

from checks.mistakes import Mistake, in_function

forward = in_function("layers", "relu_forward")
backward = in_function("layers", "relu_backward")

OUT = "return np.maximum(x, 0), x"
DX = "return dout * (x > 0)"

MISTAKES: tuple[Mistake, ...] = (
    # The derivative in the place of the function, as in many files that hold both.
    forward("rf_step", "out", {OUT: "return 1.0 * (x > 0), x"}, carries_gradient=False),
    # Public files that have a leaky ReLU under the name of the plain one, with 0.01.
    forward("rf_leaky", "out", {OUT: "return np.maximum(x, 0.01 * x), x"}),
    forward("rf_negative_kept", "out", {OUT: "return np.minimum(x, 0), x"}),
    forward("rf_absolute", "out", {OUT: "return np.abs(x), x"}),
    forward("rf_not_applied", "out", {OUT: "return x, x"}, carries_gradient=False),
    # Rows, as the affine layer wants them.
    # A public layers.py with `np.clip(x, 0, 1000)`; ReLU6 is the same with 6.
    forward("rf_capped", "images", {OUT: "return np.clip(x, 0, 1000), x"}, carries_gradient=False),
    forward("rf_capped_at_six", "images", {OUT: "return np.clip(x, 0, 6), x"}, carries_gradient=False),
    forward("rf_flattened", "images", {OUT: "return np.maximum(x, 0).reshape(x.shape[0], -1), x"}),
    # exacity/deeplearningbook-chinese, issue 127: what is below zero in the gradient, not in x, is set to zero.
    backward("rb_mask_of_dout", "dx", {DX: "return dout * (dout > 0)"}),
    # OpenMined/UnityWorker, pull request 250: the derivative itself, `return 1` where the output is positive.
    backward("rb_without_dout", "dx", {DX: "return 1.0 * (x > 0)"}),
    # denggaoshan/DeepLearningStudy, issue 1: the gradient passes where it should not.
    backward("rb_passes_everything", "dx", {DX: "return dout"}),
    backward("rb_mask_negated", "dx", {DX: "return dout * (x < 0)"}),
    backward("rb_leaky", "dx", {DX: "return np.where(x > 0, dout, 0.01 * dout)"}),
    backward("rb_times_x", "dx", {DX: "return dout * np.maximum(x, 0)"}),
    # iamtrask/Grokking-Deep-Learning, pull request 13: "replace >= sign with >"; and `dx[x < 0] = 0` in many files.
    backward("rb_passes_at_zero", "zero", {DX: "return dout * (x >= 0)"}),
    # trusthlt/nlp-with-deep-learning-lectures, pull request 4: a subgradient, which here is asked to be 0.
    backward("rb_half_at_zero", "zero", {DX: "return dout * (np.sign(x) + 1) / 2"}),
)
