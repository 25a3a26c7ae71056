"""The class of `grader demo`: a submission of each kind that a teacher meets."""

from checks.demo import HandIn
from checks.mistakes import Edit

ANSWER = (
    "Sa batch normalizacijom mreža uči na gotovo svim skalama, jer se poslije svakog afinog sloja aktivacije vraćaju "
    "na varijansu jedan. Bez nje premale težine ugase signal, a prevelike ga naduvaju."
)

CLASS: tuple[HandIn, ...] = (
    HandIn("Sve riješeno", "everything right, one written answer", answers=(("answer-weight-scale", ANSWER),)),
    HandIn("Prazno", "the release as it was handed out", wrote=()),
    HandIn(
        "Samo naprijed",
        "only the forward passes; the other check cells deleted",
        wrote=("batchnorm_forward", "layernorm_forward"),
        deleted_cells=("batchnorm_backward", "batchnorm_backward_alt", "layernorm_backward", "FullyConnectedNet"),
    ),
    HandIn(
        "Bez gamma u testu",
        "batch normalization whose test mode forgets gamma and beta",
        mistakes=("bn_test_without_scale_and_shift",),
    ),
    HandIn(
        "Bez člana varijanse",
        "both backward passes of batch normalization lack the variance's part; handed in through Moodle",
        mistakes=("bn_dx_without_variance_term", "alt_dx_without_variance_term"),
        through_moodle=True,
    ),
    HandIn("Po kolonama", "layer normalization that normalizes columns", mistakes=("ln_is_batchnorm",)),
    HandIn(
        "Tačni slojevi",
        "right layers; the network swaps the gradients of gamma and beta; handed in through Moodle",
        mistakes=("net_gradients_swapped",),
        through_moodle=True,
    ),
    HandIn(
        "Sintaksna greška",
        "right layers, and a bracket missing in fc_net.py",
        changes=(Edit("fc_net", "FullyConnectedNet.__init__", "= np.ones(hidden_dim)", "= np.ones(hidden_dim"),),
    ),
    HandIn("Bez foldera", "the notebook alone", left_out=("funkcije", "checks")),
    HandIn(
        "Bez sveske",
        "the modules alone, batchnorm_backward_alt not written",
        wrote=(
            "batchnorm_forward",
            "batchnorm_backward",
            "layernorm_forward",
            "layernorm_backward",
            "FullyConnectedNet",
        ),
        left_out=("batch_normalization.ipynb",),
    ),
    HandIn(
        "Uz upozorenja",
        "right, with a numpy warning and a line on stderr from every forward pass",
        changes=(
            Edit(
                "layers",
                "batchnorm_forward",
                "        mu = x.mean(axis=0)\n",
                "        import sys\n\n"
                '        print("batchnorm_forward", x.shape, file=sys.stderr)\n'
                "        signal_to_noise = x.mean(axis=0) / np.zeros(x.shape[1])  # divides by zero, and is not used\n"
                "        mu = x.mean(axis=0)\n",
            ),
        ),
    ),
)
