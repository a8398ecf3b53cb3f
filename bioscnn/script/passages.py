"""Passages of a script that are the same for every network, with the reasons that a reader wants to know."""

from __future__ import annotations

from collections.abc import Sequence

from bioscnn.script.kinds import Kind
from bioscnn.script.writing import wrapped

HEAD = '''
"""A trained convolutional network as a network of spiking neurons, in plain Brian2.

Needs brian2 and numpy, and the file {npz} beside it, which holds weights and stimuli in SI units.
It shows the first trials of a study to the network, one after the other in one run, and prints the class that
the network chooses in each. Written by bioscnn, but complete without it: change what you like. As it is, its
spikes are those of bioscnn with simulation.precision = "float64".
"""

{origin}

from pathlib import Path

arrays = Path(__file__).with_name("{npz}")
if not arrays.is_file():
    raise SystemExit(f"{{arrays}} is missing: put this file beside the script, which loads it")

import numpy as np
from brian2 import *

prefs.codegen.target = "numpy"  # needs no compiler
# set_device("cpp_standalone")  # or: compile the whole model, which is faster for many trials

data = np.load(arrays)
'''

TIME = """
defaultclock.dt = {dt}
n_steps  = {n_steps}  # of a trial
n_trials = {n_trials}
duration = n_steps*defaultclock.dt  # of a trial

# Within a time step: integrate, find spikes, reset the neurons that fired, and only then deliver the spikes
# to the synapses. (Brian2 usually delivers first.) So a reset sees the current that drove the neuron over its
# threshold, and not what arrives at the same moment.
magic_network.schedule = ["start", "groups", "thresholds", "resets", "synapses", "end"]
"""

BORDER = """
# The border between two trials. All trials are one run, so every neuron has to forget the last one. Its
# *_rest statements bring it back to rest before each trial: not_refractory first, because Brian2 does not
# write a variable marked "(unless refractory)" while its neuron is refractory. And no neuron fires in the
# last step of a trial, whose spikes would arrive in the next one: the second half of the *_fires conditions.
#
# Neurons of an image are numbered row by row, with the channels of a pixel side by side:
# number = (row*width + column)*channels + channel.
"""

CURRENTS = """
# The stimulus is currents: what the input injects through the first weights, plus a bias. They are constant
# in a trial.
"""

SPIKES = """
# The stimulus is spikes of {shape}, which enter through synapses.
{variable} = SpikeGeneratorGroup(
    {size}, data["input_neuron"], data["input_step"]*defaultclock.dt, name="{name}",
)
"""

SYNAPSES = """
# Synapses. Every spike adds the weight w of each of its synapses to a variable of the neuron behind it.
"""

WHY = {
    "fires": "A spike. What stands behind `and` keeps the trials apart, see below.",
    "reset exact": "The exact reset. The membrane crossed V_th a little before the end of the step and has "
    "been charging since: V is what it has charged to from zero. A reset to zero would lose that charge with "
    "every spike, and the firing rate would depend on the time step.",
    "reset subtract": "Reset by subtraction: what lies above the threshold is kept, but not what has leaked "
    "since the crossing.",
    "reset zero": "Reset to zero: the charge that arrived after the crossing within the step is lost.",
    "step": "One time step of the equations, written out: no method of Brian2's own solves them as exactly. "
    'If you change the equations, change the step too, or give the groups method="exponential_euler", which '
    "reads the equations itself.",
    "rest": "Before each trial.",
}
"""Why a text of a neuron is as it is, by its role and reset rule."""

_REFRACTORY = (
    " V is held for t_ref after a spike; Brian2's refractory period is one step shorter than what it is "
    "told, so the groups say t_ref + dt."
)

_ABOUT = {
    "lif": f"Leaky integrate-and-fire neurons.{_REFRACTORY}",
    "adaptive_lif": "Leaky integrate-and-fire neurons whose every spike adds b to a slow current that "
    f"opposes firing.{_REFRACTORY}",
    "integrate_and_fire": f"Integrate-and-fire neurons without a leak.{_REFRACTORY}",
    "leaky_integrator": "Membranes without a threshold: their potentials are the evidence for the classes.",
    "max_pooling": "Neurons of max pooling. Each fires whenever one of its inputs takes the lead, so that at "
    "every moment it has fired as often as the busiest of them. Its synapses count the spikes of each input.",
    "windowed_lif": "Neurons of the time code: one spike says a value, the sooner the larger. In one window "
    "the currents flow, and at its end V is the weighted sum of the values that came in; then V decays. In "
    "the next window the neuron fires when the falling threshold meets V: so long before the window's end "
    "that the spike says V/V_th to the neurons behind it.",
    "windowed_integrator": "The same membranes without a threshold: at the end of the last window, their "
    "potentials are the evidence for the classes.",
}


def about(kind: Kind, again: bool) -> str:
    """Return the comment above the texts of a kind of neuron; `again` if one of its base came before."""
    text = _ABOUT.get(kind.base, "Neurons of a user's own equations.")
    if again:
        text = "The same without synapses." if kind.driven else "The same with synapses."
    elif kind.driven:
        text += " These are driven by currents alone; no synapse ends at them."
    return wrapped(text)


def text_of_neuron(name: str, role: str, text: str, kind: Kind, reasons: set[str]) -> list[str]:
    """Return the lines that name a text of a neuron, behind its reason if that is not in `reasons` yet."""
    why = WHY.get(f"{role} {kind.reset_rule}" if role == "reset" else role, "")
    head = ["", wrapped(why)] if why and why not in reasons else ([""] if role else [])
    reasons.add(why)
    if role == "step":
        indented = "\n".join(f"    {line}" for line in text.splitlines())
        return [*head, f'def {name}(equations, variables, options):\n    return """\n{indented}\n    """']
    if role == "fires":
        return [*head, f'{name} = "{text}"']
    return [*head, f'{name} = """\n{text}\n"""']


ABOUT_RULE = {
    "mean-potential": "the class whose potential is highest on average over the trial",
    "peak-potential": "the class whose potential reaches the highest peak",
    "last-potential": "the class whose potential is highest at the end of the trial",
    "spike-count": "the class whose output neuron fires most",
    "first-spike": "the class whose output neuron fires first",
}

_TRIAL_OF_SPIKES = "trial, step = np.divmod(np.rint({output}.t/defaultclock.dt).astype(int), n_steps)\n"

EVIDENCE = {
    "mean-potential": "evidence = potential.mean(axis=2)",
    "peak-potential": "evidence = potential.max(axis=2)",
    "last-potential": "evidence = potential[:, :, -1]",
    "spike-count": _TRIAL_OF_SPIKES
    + "evidence = np.zeros(potential.shape[:2])\nnp.add.at(evidence, ({output}.i, trial), 1)",
    "first-spike": _TRIAL_OF_SPIKES
    + "first = np.full(potential.shape[:2], n_steps)\nnp.minimum.at(first, ({output}.i, trial), step)\n"
    "evidence = -first",
}

_READOUT = """
run(n_trials*duration, report="text")

{about}
potential = np.array(readout_potential.V/mV).reshape(-1, n_trials, n_steps)  # class, trial, step
{evidence}
leading = evidence == evidence.max(axis=0)
chosen = np.where(leading, potential[:, :, -1], -np.inf).argmax(axis=0)
true_class, classes = data["true_class"], data["classes"]

for trial in range(n_trials):
    print(f"trial {{trial + 1:>3}}: {{classes[true_class[trial]]}}, classified as {{classes[chosen[trial]]}}")
print(f"accuracy: {{np.sum(chosen == true_class)}} of {{n_trials}} trials")
for monitor in [{monitors}]:
    print(f"{{monitor.source.name}}: {{monitor.num_spikes/n_trials:,.1f}} spikes per trial")
"""


def readout(rule: str, output: str, firing: Sequence[str]) -> str:
    """Return the run, and what is read from it: the class of each trial, and spikes of each population."""
    about = wrapped(
        f"The readout: {ABOUT_RULE[rule]}. Where classes are equal, as before any spike, the potential at "
        "the end of the trial decides."
    )
    evidence = EVIDENCE[rule].format(output=f"{output}_spikes")
    return _READOUT.format(about=about, evidence=evidence, monitors=", ".join(f"{p}_spikes" for p in firing))
