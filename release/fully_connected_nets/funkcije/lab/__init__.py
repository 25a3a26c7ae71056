"""What stands behind `experiments` and `widgets`: nets that train fast, and pictures of them.

From a slider's move to a picture, each module calls those after it:

    panel         the slider: tells the explorer that it was moved
    explorer      a training in slices of time, a picture after each
    trainer, kept, source           `train`: a run that was kept for the same data and code, or a new one
    together, cores, forked         which nets train at the same time: in threads or in processes
    run           nets that share their batches, a step at a time
    fused, updates                  the fast way: many nets as one wide net, the first layer's weights in blocks
    plain         the way of `Solver`: each net by its own `loss`, where the fast way does not give the same
    figures       back in the explorer: the picture of the steps so far

`reloading` loads what has changed in the package's files, before each cell and each training.
All of them use `training` (what a training and a step are), `curves` (what is gathered of one) and `../messages` (what
is said to a student). The layers, nets and update rules are those of the package as it is in memory. Nothing in this
folder has to be edited.
"""
