"""Convolution"""
