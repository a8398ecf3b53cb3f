"""NIR graphs as their frameworks run them: an independent oracle, slow and plain.

Everything happens within one step, layer after layer; what a loop feeds back is that of the step before. The
graphs are those of the `nir` package itself.
"""

from __future__ import annotations

import numpy as np


def conv2d(x, node):
    weight, (sy, sx) = np.asarray(node.weight, float), np.broadcast_to(node.stride, 2)
    (dy, dx), groups = np.broadcast_to(node.dilation, 2), int(node.groups)
    reach = [(n - 1) * d for n, d in zip(weight.shape[2:], (dy, dx), strict=True)]
    if isinstance(node.padding, str):
        before = [r // 2 if node.padding == "same" else 0 for r in reach]
        after = [r - b if node.padding == "same" else 0 for r, b in zip(reach, before, strict=True)]
    else:
        before = after = [int(p) for p in np.broadcast_to(node.padding, 2)]
    x = np.pad(x, ((0, 0), (before[0], after[0]), (before[1], after[1])))
    rows, columns = ((n - r - 1) // s + 1 for n, r, s in zip(x.shape[1:], reach, (sy, sx), strict=True))
    found = np.zeros((len(weight), rows, columns))
    own, out = weight.shape[1], len(weight) // groups
    for c in range(len(weight)):
        first = c // out * own
        for i in range(rows):
            for j in range(columns):
                y, z = i * sy, j * sx
                patch = x[first : first + own, y : y + reach[0] + 1 : dy, z : z + reach[1] + 1 : dx]
                found[c, i, j] = np.sum(patch * weight[c]) + node.bias[c]
    return found


def conv1d(x, node):
    class Wide:
        weight, bias, groups = np.asarray(node.weight)[:, :, None], node.bias, node.groups
        stride, dilation = (1, int(np.ravel(node.stride)[0])), (1, int(np.ravel(node.dilation)[0]))
        padding = node.padding if isinstance(node.padding, str) else (0, int(np.ravel(node.padding)[0]))

    return conv2d(x[:, None], Wide)[:, 0]


def pool(x, node, average):
    (ky, kx), (sy, sx), (py, px) = (
        np.broadcast_to(v, 2) for v in (node.kernel_size, node.stride, node.padding)
    )
    x = np.pad(x, ((0, 0), (py, py), (px, px)))
    rows, columns = (x.shape[1] - ky) // sy + 1, (x.shape[2] - kx) // sx + 1
    found = np.zeros((len(x), rows, columns))
    for i in range(rows):
        for j in range(columns):
            found[:, i, j] = x[:, i * sy : i * sy + ky, j * sx : j * sx + kx].sum(axis=(1, 2))
    return found / (ky * kx) if average else found


def linear(node, x):
    match type(node).__name__:
        case "Affine":
            return node.weight @ x.ravel() + node.bias
        case "Linear":
            return node.weight @ x.ravel()
        case "Scale":
            return x * node.scale
        case "Conv2d":
            return conv2d(x, node)
        case "Conv1d":
            return conv1d(x, node)
        case "AvgPool2d" | "SumPool2d":
            return pool(x, node, type(node).__name__ == "AvgPool2d")
        case "Flatten":
            return x.ravel()
    return x


class Cell:
    """A neuron node under the rules of a framework."""

    def __init__(self, node, framework, dt, reset, most):
        self.node, self.framework, self.dt, self.reset, self.most = node, framework, dt, reset, most
        self.kind = type(node).__name__
        self.v = np.array(getattr(node, "v_leak", np.zeros_like(node.r)), float)
        self.i, self.before = np.zeros_like(self.v), np.zeros_like(self.v)

    def step(self, x):
        node, dt, framework = self.node, self.dt, self.framework
        if self.kind == "IF":
            self.v = self.v + node.r * (1 if framework == "norse" else dt) * x
        elif self.kind in ("LIF", "LI"):
            a = np.exp(-dt / node.tau) if framework == "sinabs" else 1 - dt / node.tau
            self.v = a * self.v + (1 - a) * (node.v_leak + node.r * x)
        else:
            kept, a = 1 - dt / node.tau_syn, 1 - dt / node.tau_mem
            new = kept * self.i + dt / node.tau_syn * node.w_in * x
            if framework == "norse":
                seen = self.i + node.w_in * x
                new = kept * seen
            else:
                seen = new if framework in ("snntorch", "spikingjelly") else self.i
            self.v, self.i = a * self.v + (1 - a) * (node.v_leak + node.r * seen), new
        if self.kind in ("LI", "CubaLI"):
            return self.v.copy()
        if framework == "snntorch" and self.reset == "subtract":
            self.v = self.v - self.before * node.v_threshold
        theta = node.v_threshold
        if framework in ("sinabs", "spikingjelly"):
            spikes = np.clip(np.floor(self.v / theta), 0, self.most) if self.most > 1 else self.v >= theta
        else:
            spikes = self.v > theta
        spikes = spikes.astype(float)
        if self.reset == "v_reset":
            self.v = np.where(spikes > 0, node.v_reset, self.v)
        elif framework != "snntorch":
            self.v = self.v - spikes * theta
        self.before = spikes
        return spikes


class Twin:
    """A graph, step by step."""

    def __init__(self, graph, framework, dt, reset, most):
        self.graph, self.nodes, self.dt = graph, graph.nodes, dt
        self.cells = {
            name: Cell(node, framework, dt, reset, most)
            for name, node in graph.nodes.items()
            if type(node).__name__ in ("IF", "LIF", "CubaLIF", "LI", "CubaLI")
        }
        self.late = {name: np.zeros_like(cell.v) for name, cell in self.cells.items()}
        self.held = {name: [] for name in graph.nodes}
        self.done = {}

    def step(self, source, x):
        self.done = {source: np.asarray(x, float)}
        for name in self.cells:
            self.output(name, ())
        self.late = {name: self.done[name] for name in self.cells}
        return self.late

    def output(self, name, stack):
        """What a node puts out in this step; in a loop, what it put out in the step before."""
        if name in self.done:
            return self.done[name]
        if name in stack:
            return self.late[name]
        before = [self.output(pre, (*stack, name)) for pre, post in self.graph.edges if post == name]
        total, node = np.sum([np.reshape(part, before[0].shape) for part in before], axis=0), self.nodes[name]
        if name in self.cells:
            self.done[name] = self.cells[name].step(np.reshape(total, self.cells[name].v.shape))
            return self.done[name]
        value = self.delayed(name, total) if type(node).__name__ == "Delay" else linear(node, total)
        if not self.upstream(name) & set(stack):  # otherwise it depends on the step before
            self.done[name] = value
        return value

    def delayed(self, name, total):
        self.held[name].append(total)
        steps = np.rint(np.broadcast_to(self.nodes[name].delay, total.shape) / self.dt).astype(int)
        result, now = np.zeros(total.shape), len(self.held[name]) - 1
        for place in np.ndindex(*total.shape):
            then = now - steps[place]
            result[place] = self.held[name][then][place] if then >= 0 else 0
        return result

    def upstream(self, name):
        reached, waiting = set(), [name]
        while waiting:
            here = waiting.pop()
            for pre, post in self.graph.edges:
                if post == here and pre not in reached:
                    reached.add(pre)
                    waiting.append(pre)
        return reached


def run(graph, inputs, framework, dt, reset="v_reset", most=1):
    """Return what each neuron node of a graph puts out in each step, {name: array (n_steps, *shape)}."""
    twin = Twin(graph, framework, dt, reset, most)
    source = next(name for name, node in graph.nodes.items() if type(node).__name__ == "Input")
    steps = [twin.step(source, x) for x in inputs]
    return {name: np.array([step[name] for step in steps]) for name in twin.cells}
