"""The same as `fc_net`: its nets and, with `*`, the layers."""

from ..fc_net import *
