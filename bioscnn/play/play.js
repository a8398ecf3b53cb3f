"use strict";
// The page: what is shown, what is asked for, and when.

const PAGE = JSON.parse(document.getElementById("data").textContent);
const NETWORKS = { rate: decodeNetwork(PAGE.networks.rate), time: decodeNetwork(PAGE.networks.time) };
const DIGITS = decodeDigits(PAGE.digits);
const SLIDERS = ["tau_m", "t_ref", "tau_s", "noise"];
const QUESTIONS = [
  { ask: "As it was trained", set: {}, look: "" },
  {
    ask: "What happens when the membrane leaks faster?", set: { tau_m: 10 },
    look: "The resistance stays, so the capacitance is half as large: the membrane forgets sooner, and charges sooner. "
      + "Compare the spikes, and when it decides.",
  },
  {
    ask: "And when it leaks more slowly?", set: { tau_m: 30 },
    look: "Now membranes charge slowly. Each layer waits for the one before: see how few spikes the deep layers have "
      + "left by 30 ms.",
  },
  {
    ask: "What if neurons rest longer after each spike?", set: { t_ref: 10 },
    look: "Those that fired most lose most, and what they said with their rate is cut off. The first spikes of conv1 come as before.",
  },
  {
    ask: "What if synaptic currents last longer?", set: { tau_s: 12 },
    look: "Each spike carries the same charge, spread over a longer time. What comes late is not heard within 30 ms.",
  },
  {
    ask: "How much noise can it take?", set: { noise: 0.3 },
    look: "Noise drives neurons of the first layer where there is no ink. Draw it anew a few times: does the decision stay?",
  },
  {
    ask: "What if each neuron may fire only once?", set: { code: "time" },
    look: "Another network, trained for this code. Each layer listens for a window and answers in the next: the earlier "
      + "a spike, the larger its value. Count the spikes.",
  },
];

const element = (id) => document.getElementById(id);
const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
const state = {
  code: "rate", values: { tau_m: 20, t_ref: 2, tau_s: 5, noise: 0 }, seed: 1,
  chosen: { tau_m: 20, t_ref: 2, tau_s: 5, noise: 0 },
  picture: { pixels: DIGITS[0].pixels, label: DIGITS[0].label, name: "" }, strokes: [],
  probe: { depth: 2, neuron: 0 }, t: 0, playing: false, pace: 10, ticket: 0, waits: false, trial: null, experiments: [],
  colours: pageColours(),
};

// ---- One trial ----

/** Return what the study of a code says, with the values of the sliders. */
function parameters(code, { tau_m, t_ref, tau_s }) {
  return { ...PAGE.studies[code], tau_m, t_ref, tau_s };
}

/** Return the values of the sliders for neurons as they were trained. */
function asTrained(code) {
  const { tau_m, t_ref, tau_s } = PAGE.studies[code];
  return { tau_m, t_ref, tau_s, noise: 0 };
}

/** Return a picture's decision and spike counts by layer under values of the sliders. */
function answer(code, values, pixels) {
  const p = parameters(code, values);
  const recording = simulate(convert(NETWORKS[code], code, p), pixels);
  const counts = recording.spikes.map((steps) => steps.reduce((sum, neurons) => sum + neurons.length, 0));
  return { ...decide(recording, p.readout), counts };
}

/** Return what neurons as they were trained make of a picture, which keeps their answer. */
function answerAsTrained(code, picture) {
  picture.trained = picture.trained || {};
  picture.trained[code] = picture.trained[code] || answer(code, asTrained(code), picture.pixels);
  return picture.trained[code];
}

/** Simulate what the page shows now, and fill in all that does not depend on the time within the trial. */
function refresh() {
  const { code, values, picture, probe } = state;
  const p = parameters(code, values);
  const network = convert(NETWORKS[code], code, p);
  const pixels = withNoise(picture.pixels, values.noise, state.seed);
  const recording = simulate(network, pixels, probe);
  const most = network.layers.map((layer, depth) => {
    const { count } = activityUntil(recording.spikes[depth + 1], layer.size, Infinity, p.dt);
    return Math.max(...count);
  });
  const [low, high] = [Math.min(...recording.potentials, 0), Math.max(...recording.potentials, 0)];
  const range = high - low > 0.5 ? [low, high] : [low - 0.5, high + 0.5];
  const ended = !state.trial || state.t >= state.trial.recording.steps * state.trial.recording.dt;
  state.trial = { network, pixels, recording, most, range, decided: decide(recording, p.readout) };
  const T = recording.steps * recording.dt;
  state.t = ended && !state.playing ? T : Math.min(state.t, T);
  element("time").max = T;
  showSettings(p);
  showCounts();
  showNeuron();
  draw();
}

/** Draw all figures at the present time. */
function draw() {
  const { trial, t, colours, probe } = state;
  const step = Math.min(Math.floor(t / trial.recording.dt + 1e-9), trial.recording.steps) - 1;
  const choice = step < trial.decided.informed ? -1 : trial.decided.choices[step];
  const shown = { ...trial, t, probe, choice };
  state.atLayers = drawLayers(element("layers"), shown, colours);
  state.atRaster = drawRaster(element("raster"), shown, colours);
  drawEvidence(element("evidence"), shown, colours);
  drawNeuron(element("neuron"), shown, colours);
  element("time").value = t;
  element("time").setAttribute("aria-valuetext", `${t.toFixed(0)} milliseconds`);
  element("time-value").textContent = `${t.toFixed(0)} ms`;
  element("play").textContent = state.playing ? "Pause" : "Play";
  const sentence = said(choice);
  element("answer").textContent = choice < 0 ? "?" : String(choice);
  element("answer").className = t >= trial.decided.latency && choice >= 0 ? "" : "open";
  element("sentence").textContent = sentence;
  if (!state.playing) element("said").textContent = sentence;
}

// ---- Time ----

/** Play from the start, or from where it was. */
function play(fromStart) {
  if (fromStart || state.t >= Number(element("time").max)) state.t = 0;
  state.playing = true;
  let before = performance.now();
  const ticket = ++state.ticket; // what was played before ends
  const frame = (now) => {
    if (state.ticket !== ticket || !state.playing) return;
    const T = state.trial.recording.steps * state.trial.recording.dt;
    state.t = Math.min(state.t + (Math.max(now - before, 0) / 1000) * state.pace, T);
    before = now;
    if (state.t >= T) state.playing = false;
    draw();
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}

/** Show a new picture: played, unless the reader wants no motion. */
function present() {
  state.playing = false;
  state.t = Infinity;
  refresh();
  if (!calm.matches) play(true);
}

// ---- What one can do ----

/** Choose values of the sliders. Where bioscnn refuses time constants together, tau_m gives way as long as that lasts. */
function change(values, moved) {
  const { chosen, code } = state;
  const v = { ...Object.assign(chosen, values) };
  if (code === "time" && moved === "tau_s") v.tau_s = Math.min(v.tau_s, v.tau_m - 1);
  // The exact solution divides by their difference.
  if (code === "time" ? v.tau_s >= v.tau_m : v.tau_s === v.tau_m) v.tau_m = v.tau_s + 1;
  if (moved in chosen) chosen[moved] = v[moved]; // a slider that is held is where one sees it
  state.values = v;
  refresh();
}

function chooseProbe(found) {
  if (!found) return;
  state.probe = found;
  refresh();
}

/** Look into the neuron of a layer that fires most. */
function chooseBusiest(depth) {
  const { network, recording } = state.trial;
  const { count } = activityUntil(recording.spikes[depth + 1], network.layers[depth].size, Infinity, recording.dt);
  chooseProbe({ depth, neuron: count.indexOf(Math.max(...count)) });
}

/** Show all digits of the page to the present neurons, a few at a time, and note how many they read. */
async function tryAll() {
  const { code, values, seed } = { ...state, values: { ...state.values } };
  element("all").disabled = true;
  element("progress").hidden = false;
  let [right, latency, spikes] = [0, 0, 0];
  for (let k = 0; k < DIGITS.length; k++) {
    const { pixels, label } = DIGITS[k];
    const found = answer(code, values, withNoise(pixels, values.noise, seed + k));
    right += found.chosen === label ? 1 : 0;
    latency += found.latency / DIGITS.length;
    spikes += found.counts.slice(1).reduce((sum, n) => sum + n, 0) / DIGITS.length;
    if (k % 5 === 4) {
      element("progress").value = k + 1;
      await new Promise((resolve) => { setTimeout(resolve, 0); });
    }
  }
  element("all").disabled = false;
  element("progress").hidden = true;
  const { tau_m, t_ref, tau_s, noise } = values;
  const neurons = [
    code, `τm ${tau_m}`, ...(code === "rate" ? [`tref ${t_ref}`] : []), `τs ${tau_s} ms`,
    ...(noise ? [`noise ${noise}`] : []),
  ].join(", ");
  const [low, high] = wilson(right, DIGITS.length).map((share) => (100 * share).toFixed(1));
  state.experiments.push([
    neurons, `${right} of ${DIGITS.length}`, `${low} to ${high} %`, `${latency.toFixed(1)} ms`,
    Math.round(spikes).toLocaleString("en"),
  ]);
  fillTable(element("trials"), state.experiments);
  element("trials").hidden = false;
  const late = `decided after ${latency.toFixed(1)} milliseconds on average`;
  element("said").textContent = `${right} of ${DIGITS.length} digits read rightly, ${late}.`;
}

/** Return the 95 % interval of a share (Wilson 1927, Journal of the American Statistical Association 22, 209). */
function wilson(right, n) {
  const z = 1.959964;
  const centre = (right + z ** 2 / 2) / (n + z ** 2);
  const half = (z / (n + z ** 2)) * Math.sqrt((right * (n - right)) / n + z ** 2 / 4);
  return [centre - half, centre + half];
}

// ---- The start ----

/** Make a button for each class, which shows one of its digits, and the next one when it is pressed again. */
function makeSamples() {
  element("samples").replaceChildren(...Array.from({ length: 10 }, (_, label) => {
    const own = DIGITS.filter((digit) => digit.label === label);
    const button = document.createElement("button");
    const picture = document.createElement("canvas");
    let shown = -1;
    const name = () => button.setAttribute("aria-label", `Digit ${label}, ${Math.max(shown, 0) + 1} of ${own.length}`);
    button.type = "button";
    button.append(picture);
    button.repaint = () => drawPixels(picture, own[Math.max(shown, 0)].pixels, state.colours);
    button.addEventListener("click", () => {
      shown = (shown + 1) % own.length;
      name();
      button.repaint();
      state.strokes = [];
      state.picture = { ...own[shown] };
      element("picture-name").textContent = `MNIST’s: ${withArticle(label)}, number ${shown + 1} of ${own.length}.`;
      drawPad();
      present();
    });
    name();
    button.repaint();
    return button;
  }));
}

function makeQuestions() {
  element("presets").replaceChildren(...QUESTIONS.map(({ ask, set }) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = ask;
    button.addEventListener("click", () => {
      const { code = "rate", ...values } = set;
      state.code = code;
      change({ ...asTrained(code), ...values });
      present();
    });
    return button;
  }));
}

function repaint() {
  state.colours = pageColours();
  for (const button of element("samples").children) button.repaint();
  drawPad();
  draw();
}

function begin() {
  const layers = NETWORKS.rate.layers;
  element("n-neurons").textContent = layers.reduce((sum, layer) => sum + layer.size, 0).toLocaleString("en");
  element("probe-layer").replaceChildren(...layers.map((layer, depth) => new Option(layer.name, depth)));
  makeSamples();
  makeQuestions();
  listenToPad();
  for (const name of SLIDERS) {
    element(name).addEventListener("input", (event) => change({ [name]: Number(event.target.value) }, name));
  }
  for (const radio of document.querySelectorAll('input[name="code"]')) {
    radio.addEventListener("change", () => { state.code = radio.value; change({}, "code"); present(); });
  }
  element("clear").addEventListener("click", clearPad);
  element("again").addEventListener("click", () => { state.seed += 1000; present(); });
  element("all").addEventListener("click", tryAll);
  element("play").addEventListener("click", () => {
    if (state.playing) { state.playing = false; draw(); } else play(false);
  });
  element("time").addEventListener("input", (event) => {
    state.playing = false;
    state.t = Number(event.target.value);
    draw();
  });
  element("pace").addEventListener("input", () => showPace());
  for (const [id, find] of [["layers", "atLayers"], ["raster", "atRaster"]]) {
    element(id).addEventListener("click", (event) => chooseProbe(state[find](event.offsetX, event.offsetY)));
  }
  element("probe-layer").addEventListener("change", (event) => chooseBusiest(Number(event.target.value)));
  element("probe-neuron").addEventListener("change", (event) => {
    const { depth } = state.probe;
    const last = state.trial.network.layers[depth].size - 1;
    chooseProbe({ depth, neuron: Math.min(Math.max(Math.round(Number(event.target.value)) || 0, 0), last) });
  });
  element("busiest").addEventListener("click", () => chooseBusiest(state.probe.depth));
  window.addEventListener("resize", repaint);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  showPace();
  element("samples").children[7].click();
  chooseBusiest(2);
}

function showPace() {
  state.pace = Number(element("pace").value);
  element("pace-value").textContent = `${state.pace} ms per s`;
  element("pace").setAttribute("aria-valuetext", `${state.pace} milliseconds of the network per second`);
}

begin();
