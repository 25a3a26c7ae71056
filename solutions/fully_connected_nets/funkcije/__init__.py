"""Neural-network layers in numpy, written to be read: what the course's notebooks import.

Start with `layers` (one function forward, one backward), then `layer_utils` and `fc_net`, which put layers together;
`optim` and `solver` train, `gradient_check` verifies, `data_utils` loads CIFAR-10. `experiments` and `widgets` train
many nets and show them; what makes that fast is in the folder `lab`, and where the images come from in `data`.
"""
