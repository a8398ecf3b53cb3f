"""ONNX files: every operator is brought into one form before anything is judged.

What only rearranges (transposes, reshapes, slices, padding, concatenation) is followed element by element,
see `values`; what does not depend on the image is computed, see `folding`; the rest becomes layers.
"""
