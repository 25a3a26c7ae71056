"""Classification by the nearest neighbours."""

import numpy as np


class KNearestNeighbor:
    """Remembers examples, and gives others the label that most of the nearest ones have."""

    def train(self, X, y):
        """Remember the examples X, of shape (N, D), and their labels y, whole numbers."""
        ### BEGIN SOLUTION knn
        self.X, self.y = X, y
        ### END SOLUTION
        return self

    def distances(self, X):
        """Euclidean distances of each row of X, of shape (M, D), to each example: shape (M, N)."""
        ### BEGIN SOLUTION knn
        apart = X[:, np.newaxis, :] - self.X
        lengths = np.sqrt((apart**2).sum(axis=2))
        ### END SOLUTION
        return lengths

    def predict(self, X, k=1):
        """For each row of X the label that most of its k nearest examples have, of several the smallest."""
        ### BEGIN SOLUTION knn
        nearest = np.argsort(self.distances(X), axis=1, kind="stable")[:, :k]
        labels = np.array([np.bincount(self.y[row]).argmax() for row in nearest])
        ### END SOLUTION
        return labels
