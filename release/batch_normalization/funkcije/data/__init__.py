"""Where the images of `data_utils` come from: `cifar10` reads and downloads them, `generated` draws others instead."""
