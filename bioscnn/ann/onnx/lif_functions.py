"""The LIF rate in standard ONNX operators, so that any runtime computes a network that uses it.

A file that contains a `LIFRate` carries one of these functions, in the domain ``bioscnn``; a runtime such as
onnxruntime expands it. The text is ONNX's own notation.
"""

from __future__ import annotations

DOMAIN = "bioscnn"
OPSET = 17

# softplus(x) underflows in single precision below x = -87, and there its logarithm is x; so x is held above
# -15, where exp(x) is all that is left of softplus(x), and the rest of x is added to the logarithm.
# The logarithm ends at -log(2.2e-308) = 708.4, as in `bioscnn.neurons.soft_lif_rate`.
SOFT = """
<domain: "bioscnn", opset_import: ["" : 17]>
LIFRate <tau_m, t_ref, amplitude, gamma> (J) => (rate)
{
    one = Constant <value_float = 1.0> ()
    least = Constant <value_float = -15.0> ()
    longest = Constant <value_float = 708.396418532264> ()
    membrane = Constant <value_float: float = @tau_m> ()
    refractory = Constant <value_float: float = @t_ref> ()
    height = Constant <value_float: float = @amplitude> ()
    width = Constant <value_float: float = @gamma> ()
    excess = Sub (J, one)
    x = Div (excess, width)
    held = Max (x, least)
    rest = Sub (held, x)
    softplus = Softplus (held)
    above = Mul (width, softplus)
    inverse = Div (one, above)
    ratio = Add (one, inverse)
    logarithm = Log (ratio)
    whole = Add (logarithm, rest)
    limited = Min (whole, longest)
    charging = Mul (membrane, limited)
    interval = Add (refractory, charging)
    rate = Div (height, interval)
}
"""

HARD = """
<domain: "bioscnn", opset_import: ["" : 17]>
LIFRateHard <tau_m, t_ref, amplitude> (J) => (rate)
{
    one = Constant <value_float = 1.0> ()
    zero = Constant <value_float = 0.0> ()
    membrane = Constant <value_float: float = @tau_m> ()
    refractory = Constant <value_float: float = @t_ref> ()
    height = Constant <value_float: float = @amplitude> ()
    fires = Greater (J, one)
    excess = Sub (J, one)
    above = Where (fires, excess, one)
    inverse = Div (one, above)
    ratio = Add (one, inverse)
    logarithm = Log (ratio)
    charging = Mul (membrane, logarithm)
    interval = Add (refractory, charging)
    firing = Div (height, interval)
    rate = Where (fires, firing, zero)
}
"""
