"use strict";
// A spiking network, simulated step by step in double precision: bioscnn's equations and order of operations.
//
// Units: mV, ms, nA, Mohm (so that nA * Mohm = mV). V is the deviation from the resting potential.
//
// Rate code, LIF neurons with a refractory period:
//
//     tau_m dV/dt = R_m (I_syn + I_stim) - V       unless refractory
//     tau_s dI_syn/dt = -I_syn                     each spike adds its weight w to I_syn
//     spike if V > V_th; then V is reset, and held for t_ref
//
// Time code, LIF neurons that listen for a window and fire once at most in the next: see docs/time-code.md.

const READOUT_R_M = 10; // Mohm, of the membranes without threshold that show the evidence for each class

/** Return the numbers of an array of the page as Float64Array; single precision becomes double exactly. */
function decodeNumbers(packed) {
  const bytes = Uint8Array.from(atob(packed.base64), (character) => character.charCodeAt(0));
  const Kind = packed.type === "float32" ? Float32Array : Float64Array;
  return Float64Array.from(new Kind(bytes.buffer));
}

/** Return a trained network: weights and biases as they were trained, without unit. */
function decodeNetwork(packed) {
  const [channels, height, width] = packed.input;
  let before = { channels, height, width };
  const layers = packed.layers.map((layer) => {
    const [channels, height = 1, width = 1] = layer.shape;
    const shape = { channels, height, width, size: channels * height * width };
    const [, , kernelHeight, kernelWidth] = layer.weight.shape;
    const kernel = layer.stride ? { height: kernelHeight, width: kernelWidth, stride: layer.stride } : null;
    const decoded = {
      name: layer.name, ...shape, before, kernel, amplitude: layer.amplitude,
      weight: decodeNumbers(layer.weight), bias: decodeNumbers(layer.bias),
    };
    before = shape;
    return decoded;
  });
  return { model: packed.model, input: packed.input, layers };
}

// ---- Conversion: from trained numbers to nA, as bioscnn.conversion does it ----

/** Potential of a membrane, mV, a time t after a spike of weight 1 nA: it rises, and decays. */
function postsynapticPotential(t, R_m, tau_m, tau_s) {
  return ((R_m * tau_s) / (tau_m - tau_s)) * (Math.exp(-t / tau_m) - Math.exp(-t / tau_s));
}

/** Return how many steps a window of the time code has: as many as a postsynaptic potential rises for. */
function windowSteps({ tau_m, tau_s, dt }) {
  const rise = (Math.log(tau_m / tau_s) * tau_m * tau_s) / (tau_m - tau_s);
  return Math.floor(rise / dt + 1e-9);
}

/**
 * Return the populations of a spiking network, with weights and constant currents in nA.
 *
 * Rates: a layer was trained on the rate curve of the LIF neuron. Its pre-activations are currents in units of
 * the rheobase V_th/R_m, and an activation is amplitude (s) times rate. A spike carries the charge w * tau_s:
 * with another tau_s the weights change so that this charge does not. tau_m and t_ref change no weight.
 *
 * Times: at the end of a window, a spike that says 1 has charged the membrane to weight * V_th. Windows are as
 * long as a potential rises, so tau_m and tau_s change their number of steps, and the weights with it.
 */
function convert(trained, code, p) {
  const rheobase = p.V_th / p.R_m;
  const window = windowSteps(p);
  const bySpike = postsynapticPotential(window * p.dt, p.R_m, p.tau_m, p.tau_s);
  const byCurrent = p.R_m * -Math.expm1((-window * p.dt) / p.tau_m);
  const layers = trained.layers.map((layer, depth) => {
    const injected = code === "rate" && depth === 0; // pixels are currents: 1 nA for a white one
    const activation = depth > 0 ? trained.layers[depth - 1].amplitude / (p.tau_s / 1000) : 1; // per nA of weight
    const nA = code === "rate" ? rheobase * activation : p.V_th / bySpike;
    const biasUnit = code === "rate" ? rheobase : p.V_th / byCurrent;
    const perChannel = layer.height * layer.width;
    const bias = new Float64Array(layer.size);
    bias.forEach((_, neuron) => { bias[neuron] = biasUnit * layer.bias[Math.floor(neuron / perChannel)]; });
    return { ...layer, injected, bias, weight: layer.weight.map((w) => w * nA), opens: window * (depth + 1) };
  });
  const steps = code === "rate" ? Math.round(p.duration / p.dt) : window * (layers.length) + 1;
  return { code, p, layers, steps, window };
}

// ---- The stimulus ----

/** Return the current of each pixel, nA; pixels are 0 to 255. In single precision, as bioscnn holds stimuli. */
function pixelCurrents(pixels) {
  return Float64Array.from(pixels, (pixel) => Math.fround(Math.fround(pixel / 255) * Math.fround(1e-9)) * 1e9);
}

/** Return which pixels spike in each step: the brighter, the sooner; what is nearer to 0 than to a value, never. */
function pixelSpikes(pixels, { tau_m, tau_s, dt }, window, steps) {
  const height = (age) => Math.exp((-age * dt) / tau_m) - Math.exp((-age * dt) / tau_s);
  const borders = []; // halfway between what a spike says and what one of the next step says
  for (let age = 1; age <= window; age++) borders.push((height(age) + height(age - 1)) / 2 / height(window));
  const spikes = Array.from({ length: steps }, () => []);
  pixels.forEach((pixel, k) => {
    const age = borders.filter((border) => border <= Math.fround(pixel / 255)).length;
    if (age > 0) spikes[window - age].push(k);
  });
  return spikes;
}

// ---- Synapses ----

/** Add the weights of the synapses of the neurons that spike, or weight times current, to the currents behind. */
function deliver(layer, senders, amounts, current) {
  const { before, kernel, weight, channels, height, width } = layer;
  for (let k = 0; k < senders.length; k++) {
    const pre = senders[k];
    const amount = amounts ? amounts[k] : 1;
    if (!kernel) {
      const n = before.channels * before.height * before.width;
      for (let post = 0; post < channels; post++) current[post] += amount * weight[post * n + pre];
      continue;
    }
    const perChannel = before.height * before.width;
    const channel = Math.floor(pre / perChannel);
    const y = Math.floor((pre % perChannel) / before.width);
    const x = pre % before.width;
    for (let tapY = 0; tapY < kernel.height; tapY++) {
      const row = (y - tapY) / kernel.stride; // the row behind that reads row y by this tap of its kernel
      if (row < 0 || row >= height || !Number.isInteger(row)) continue;
      for (let tapX = 0; tapX < kernel.width; tapX++) {
        const column = (x - tapX) / kernel.stride;
        if (column < 0 || column >= width || !Number.isInteger(column)) continue;
        let tap = (channel * kernel.height + tapY) * kernel.width + tapX;
        let post = row * width + column;
        for (let to = 0; to < channels; to++) {
          current[post] += amount * weight[tap];
          tap += before.channels * kernel.height * kernel.width;
          post += height * width;
        }
      }
    }
  }
}

// ---- Neurons: state, one step of the membrane, the threshold and the reset ----

/** Return a population at rest, as at the start of every trial. */
function atRest(layer) {
  return {
    layer, V: new Float64Array(layer.size), I_syn: new Float64Array(layer.size),
    I_stim: Float64Array.from(layer.bias), held: new Int32Array(layer.size),
  };
}

/**
 * Advance membranes and synaptic currents by one step, by the exact solution of both equations.
 *
 * `held` counts the refractory steps still to come; `listens` is false where no current flows in (time code).
 * Rotter and Diesmann (1999), Biological Cybernetics 81, 381-402.
 */
function integrate(cells, { tau_m, tau_s, dt }, R_m, listens) {
  const { V, I_syn, I_stim, held } = cells;
  const decay_m = Math.exp(-dt / tau_m);
  const decay_s = Math.exp(-dt / tau_s);
  const fromSynapses = listens ? ((R_m * tau_s) / (tau_m - tau_s)) * (decay_m - decay_s) : 0;
  const fromStimulus = listens ? R_m * (1 - decay_m) : 0;
  for (let i = 0; i < V.length; i++) {
    if (held[i] === 0) V[i] = decay_m * V[i] + fromSynapses * I_syn[i] + fromStimulus * I_stim[i];
    I_syn[i] *= decay_s;
  }
}

/** Return which LIF neurons spike in this step, and reset them; the others are held one step less. */
function fireAndReset(cells, { tau_m, t_ref, V_th, R_m, dt }, last) {
  const { V, I_syn, I_stim, held } = cells;
  const fired = [];
  for (let i = 0; i < V.length; i++) {
    if (held[i] > 0) {
      held[i]--;
    } else if (V[i] > V_th && !last) {
      // The exact reset keeps what has charged the membrane since it crossed the threshold within the step.
      const excess = V[i] - V_th;
      const since = Math.max((R_m * (I_syn[i] + I_stim[i]) - V_th) / excess, 1 / (1 - Math.exp(-dt / tau_m)));
      V[i] = excess + V_th / since;
      held[i] = Math.round(t_ref / dt);
      fired.push(i);
    }
  }
  return fired;
}

/** Return the threshold of the time code, mV, `age` steps before the end of the window in which to fire. */
function fallingThreshold(age, window, { tau_m, tau_s, V_th, dt }) {
  const height = (t) => Math.exp(-t / tau_m) - Math.exp(-t / tau_s);
  const left = age * dt;
  const halfway = (height(left) + height(left - dt)) / (2 * height(window * dt));
  return V_th * Math.exp((left - window * dt) / tau_m) * halfway;
}

/** Return which neurons of the time code spike in this step: once at most, then V is zero. */
function fireOnce(cells, age, window, p, last) {
  const { V, held } = cells;
  const fired = [];
  const theta = fallingThreshold(age, window, p);
  for (let i = 0; i < V.length; i++) {
    if (held[i] > 0) {
      held[i]--;
    } else if (age >= 1 && age <= window && V[i] > theta && !last) {
      V[i] = 0;
      held[i] = window;
      fired.push(i);
    }
  }
  return fired;
}

// ---- A trial ----

/**
 * Simulate one trial from rest.
 *
 * In every step: membranes and currents advance, neurons above threshold fire and are reset, then their spikes
 * reach the synapses, which act from the next step on. Nothing fires in the last step of a trial.
 *
 * Returns the spikes of each population by step (the first is the input), potentials of the readout at the
 * end of each step (Float32Array of steps x classes, mV), and V, current and threshold of the neuron `probe`.
 */
function simulate(network, pixels, probe = null) {
  const { p, code, layers, steps, window } = network;
  const populations = layers.map(atRest);
  const readout = atRest(layers[layers.length - 1]);
  const classes = readout.V.length;
  const injected = code === "rate";
  const input = injected ? Array.from({ length: steps }, () => []) : pixelSpikes(pixels, p, window, steps);
  if (injected) deliver(layers[0], Uint32Array.from(pixels, (_, k) => k), pixelCurrents(pixels), populations[0].I_stim);

  const spikes = [input, ...layers.map(() => [])];
  const potentials = new Float32Array(steps * classes);
  const trace = { V: [], current: [], threshold: [] };
  for (let step = 0; step < steps; step++) {
    const last = step === steps - 1;
    for (const cells of [...populations, readout]) {
      const R_m = cells === readout ? READOUT_R_M : p.R_m;
      const { opens } = cells.layer;
      integrate(cells, p, R_m, injected || (step > opens - window && step <= opens));
    }
    populations.forEach((cells, depth) => {
      const age = cells.layer.opens + window - step;
      spikes[depth + 1].push(injected ? fireAndReset(cells, p, last) : fireOnce(cells, age, window, p, last));
      if (probe && probe.depth === depth) {
        const mayFire = injected || (age >= 1 && age <= window);
        trace.threshold.push(injected ? p.V_th : mayFire ? fallingThreshold(age, window, p) : NaN);
      }
    });
    populations.forEach((cells, depth) => {
      if (depth > 0 || !injected) deliver(cells.layer, spikes[depth][step], null, cells.I_syn);
    });
    deliver(readout.layer, spikes[layers.length - 1][step], null, readout.I_syn);
    potentials.set(readout.V, step * classes);
    if (probe) {
      const { V, I_syn, I_stim } = populations[probe.depth];
      trace.V.push(V[probe.neuron]);
      trace.current.push(I_syn[probe.neuron] + I_stim[probe.neuron]);
    }
  }
  return { spikes, potentials, classes, steps, dt: p.dt, tau_m: p.tau_m, trace };
}

// ---- The decision ----

/**
 * Return the class after each step, and the latency: from then on the decision rests on evidence and stays.
 *
 * `rule` is "peak-potential" (the highest potential so far) or "last-potential" (the present one).
 */
function decide({ potentials, classes, steps, dt, tau_m }, rule) {
  const evidence = new Float32Array(classes).fill(-Infinity);
  const choices = [];
  for (let step = 0; step < steps; step++) {
    const now = potentials.subarray(step * classes, (step + 1) * classes);
    now.forEach((V, k) => { evidence[k] = rule === "peak-potential" ? Math.max(evidence[k], V) : V; });
    let best = -1;
    const most = Math.max(...evidence);
    now.forEach((V, k) => { if (evidence[k] === most && (best < 0 || V > now[best])) best = k; });
    choices.push(best);
  }
  const chosen = choices[steps - 1];
  let first = steps;
  while (first > 0 && choices[first - 1] === chosen) first--;
  const informed = firstInformedStep(potentials, classes, steps, dt, tau_m);
  return { chosen, choices, informed, latency: Math.min(Math.max(first, informed) + 1, steps) * dt };
}

/** Return the first step in which potentials are not what constant currents alone make of them. */
function firstInformedStep(potentials, classes, steps, dt, tau_m) {
  const start = potentials.subarray(0, classes);
  const largest = Math.max(...start.map(Math.abs));
  for (let step = 0; step < steps; step++) {
    const charge = Math.expm1((-(step + 1) * dt) / tau_m) / Math.expm1(-dt / tau_m);
    for (let k = 0; k < classes; k++) {
      if (Math.abs(potentials[step * classes + k] - start[k] * charge) > 1e-4 * charge * largest) return step;
    }
  }
  return steps;
}
