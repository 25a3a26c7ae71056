"""Where the images of `data_utils` come from: `cifar10` reads and downloads them, `generated` draws others instead."""

DATA = ("X_train", "y_train", "X_val", "y_val")
"""The arrays that a training needs."""
UNUSED_DATA = ("X_test", "y_test")
"""Those that it leaves for the end."""
