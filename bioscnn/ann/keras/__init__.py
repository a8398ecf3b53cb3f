"""Keras 3 archives: read from their configuration and weights, without Keras; nothing in them is executed.

The layers go through the same operators as an ONNX file, so both end in the same normal form.
"""
