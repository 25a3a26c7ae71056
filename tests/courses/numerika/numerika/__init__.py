"""Numerical methods"""
