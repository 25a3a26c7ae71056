"""Nearest neighbours"""
