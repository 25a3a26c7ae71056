"""Nets under the names that notebooks of the course's family import them by: `classifiers.fc_net`."""
