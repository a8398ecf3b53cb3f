"use strict";
// What a trial looks like at a time t (ms): spikes, potentials, one neuron. Canvas alone.

const FONT = '11px system-ui, -apple-system, "Segoe UI", "Liberation Sans", Arial, sans-serif';
const WIDE_LABELS = 74; // pixels left of the figures that share an axis of time
const NARROW = 560; // pixels; a narrower canvas is arranged as on a phone

/** Return the colours of the page, which are others in the dark. */
function pageColours() {
  const style = getComputedStyle(document.documentElement);
  const names = ["paper", "card", "ink", "muted", "line", "far", "now"];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

/** Return red, green and blue of a colour such as #0072b2 or #fff. */
function rgb(colour) {
  const hex = colour.length === 4 ? colour.replace(/[0-9a-f]/gi, "$&$&") : colour;
  return [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16));
}

/** Return a canvas's context, cleared, at the resolution of the screen, and its size in CSS pixels. */
function cleared(canvas, height) {
  const width = canvas.clientWidth;
  const ratio = window.devicePixelRatio || 1;
  const size = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== size[0] || canvas.height !== size[1]) {
    [canvas.width, canvas.height] = size;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.lineWidth = 1;
  context.font = FONT;
  context.textBaseline = "middle";
  return { context, width };
}

/** Draw pixels from 0 to 255 as an image, black being the colour of the page's cards. */
function drawPixels(canvas, pixels, colours) {
  canvas.width = canvas.height = SIDE;
  const context = canvas.getContext("2d");
  const image = context.createImageData(SIDE, SIDE);
  const [paper, ink] = [rgb(colours.card), rgb(colours.ink)];
  pixels.forEach((pixel, k) => {
    for (let c = 0; c < 3; c++) image.data[4 * k + c] = paper[c] + ((ink[c] - paper[c]) * pixel) / 255;
    image.data[4 * k + 3] = 255;
  });
  context.putImageData(image, 0, 0);
}

/** Return the axis of time of a figure, drawn at its foot: left and right end, and the place of a time. */
function timeAxis(context, width, bottom, recording, colours) {
  const left = width < NARROW ? 52 : WIDE_LABELS;
  const right = width - 26;
  const T = recording.steps * recording.dt;
  const x = (t) => left + (t / T) * (right - left);
  const every = [1, 2, 5, 10, 20, 50].find((spacing) => T / spacing <= (width < NARROW ? 6 : 10));
  context.fillStyle = colours.muted;
  context.textAlign = "center";
  for (let t = 0; t <= T + 1e-9; t += every) {
    context.fillRect(Math.round(x(t)), bottom, 1, 4);
    context.fillText(t + every > T ? `${t} ms` : String(t), x(t), bottom + 12);
  }
  context.fillRect(left, bottom, right - left, 1);
  return { left, right, x, T };
}

/** Draw a line at the present time, and one where the decision fell. */
function drawCursor(context, axis, top, bottom, { t, decided }, colours) {
  if (t >= decided.latency) {
    context.lineWidth = 1;
    context.strokeStyle = colours.now;
    context.setLineDash([3, 3]);
    context.beginPath();
    context.moveTo(axis.x(decided.latency), top);
    context.lineTo(axis.x(decided.latency), bottom);
    context.stroke();
    context.setLineDash([]);
  }
  if (t < axis.T) {
    context.fillStyle = colours.muted;
    context.fillRect(axis.x(t), top, 1, bottom - top);
  }
}

/** Draw every spike until now; return a function that finds the neuron of the spike next to a place. */
function drawRaster(canvas, trial, colours) {
  const { network, recording, t, probe } = trial;
  const names = ["picture", ...network.layers.map((layer) => layer.name)];
  const sizes = [trial.pixels.length, ...network.layers.map((layer) => layer.size)];
  const heights = [network.code === "time" ? 50 : 16, 84, 74, 60, 46];
  const bottom = heights.reduce((sum, height) => sum + height + 8, 4);
  const { context, width } = cleared(canvas, bottom + 24);
  const axis = timeAxis(context, width, bottom, recording, colours);
  const wide = Math.min(Math.max((0.2 * (axis.right - axis.left)) / recording.steps, 1.5), 4);
  const dots = [];
  let top = 4;
  names.forEach((name, k) => {
    context.fillStyle = colours.card;
    context.fillRect(axis.left, top, axis.right - axis.left, heights[k]);
    if (network.code === "time" && k < names.length - 1) {
      // The window in which the population fires, and the next one listens.
      const opens = k > 0 ? network.layers[k - 1].opens : 0;
      context.fillStyle = colours.line;
      context.globalAlpha = 0.5;
      context.fillRect(axis.x(opens * recording.dt), top, axis.x(network.window * recording.dt) - axis.left, heights[k]);
      context.globalAlpha = 1;
    }
    context.fillStyle = colours.muted;
    context.textAlign = "left";
    context.fillText(name, 0, top + heights[k] / 2 - (heights[k] > 30 ? 7 : 0));
    if (heights[k] > 30) context.fillText(sizes[k].toLocaleString("en"), 0, top + heights[k] / 2 + 7);
    if (k === 0 && network.code === "rate") context.fillText("constant currents, one per pixel", axis.left + 6, top + 8);
    if (k === names.length - 1 && network.code === "time") {
      context.fillText("the trial ends before its window", axis.left + 6, top + 10);
    }
    const row = (heights[k] - 4) / sizes[k];
    const tall = Math.max(row, 1.6);
    recording.spikes[k].forEach((neurons, step) => {
      const time = (step + 1) * recording.dt;
      if (time > t + 1e-9) return;
      context.fillStyle = t - time < recording.dt && t < axis.T ? colours.now : colours.far;
      for (const neuron of neurons) {
        const [x, y] = [axis.x(time), top + 2 + neuron * row];
        context.fillRect(x - wide / 2, y, wide, tall);
        if (k > 0) dots.push({ depth: k - 1, neuron, x, y });
        if (probe.depth === k - 1 && probe.neuron === neuron) {
          context.strokeStyle = colours.ink;
          context.strokeRect(x - 5, y + tall / 2 - 5, 10, 10);
        }
      }
    });
    top += heights[k] + 8;
  });
  drawCursor(context, axis, 4, bottom, trial, colours);
  return (x, y) => {
    let nearest = null;
    let least = 12 ** 2;
    for (const dot of dots) {
      const distance = (dot.x - x) ** 2 + (dot.y - y) ** 2;
      if (distance < least) [least, nearest] = [distance, dot];
    }
    return nearest && { depth: nearest.depth, neuron: nearest.neuron };
  };
}

/** Return round numbers between two values, about `n` of them. */
function ticks(low, high, n) {
  const rough = (high - low) / n;
  const power = 10 ** Math.floor(Math.log10(rough));
  const spacing = [1, 2, 5, 10].map((k) => k * power).find((candidate) => candidate >= rough);
  const found = [];
  for (let k = Math.ceil(low / spacing); k * spacing <= high; k++) found.push(Number((k * spacing).toPrecision(6)));
  return found;
}

/** Draw an axis of values left of a figure, with its unit; return the place of a value. */
function valueAxis(context, axis, top, bottom, [low, high], unit, colours) {
  const y = (value) => bottom - ((value - low) / (high - low)) * (bottom - top);
  context.textAlign = "right";
  for (const value of ticks(low, high, (bottom - top) / 30)) {
    context.fillStyle = colours.line;
    context.fillRect(axis.left, Math.round(y(value)), axis.right - axis.left, 1);
    context.fillStyle = colours.muted;
    context.fillText(String(value), axis.left - 6, y(value));
  }
  context.textAlign = "left";
  context.fillStyle = colours.muted;
  context.fillText(unit, 0, top + 4);
  return y;
}

/** Return values at the ends of the steps as points [time, value] that begin at rest. */
function fromRest(values, dt) {
  return [[0, 0], ...values.map((value, step) => [(step + 1) * dt, value])];
}

/** Draw a line through points until a time; a value that is NaN interrupts it. */
function drawCurve(context, axis, y, points, until) {
  context.beginPath();
  let pen = false;
  for (const [time, value] of points) {
    if (time > until + 1e-9) break;
    if (!Number.isNaN(value)) context[pen ? "lineTo" : "moveTo"](axis.x(time), y(value));
    pen = !Number.isNaN(value);
  }
  context.stroke();
}

/** Draw the potential of the membrane of each class until now. */
function drawEvidence(canvas, trial, colours) {
  const { recording, t, choice, range } = trial;
  const { potentials, classes, steps, dt } = recording;
  const bottom = 190;
  const { context, width } = cleared(canvas, bottom + 24);
  const axis = timeAxis(context, width, bottom, recording, colours);
  const margin = 0.06 * (range[1] - range[0]);
  const y = valueAxis(context, axis, 8, bottom, [range[0] - margin, range[1] + margin], "mV", colours);
  const step = Math.min(Math.floor(t / dt + 1e-9), steps) - 1;
  context.lineJoin = "round";
  const order = Array.from({ length: classes }, (_, k) => k).sort((a, b) => (a === choice) - (b === choice));
  for (const k of order) {
    const values = Array.from({ length: steps }, (_, n) => potentials[n * classes + k]);
    context.strokeStyle = k === choice ? colours.now : colours.far;
    context.globalAlpha = k === choice ? 1 : 0.55;
    context.lineWidth = k === choice ? 2.6 : 1.3;
    drawCurve(context, axis, y, fromRest(values, dt), t);
  }
  context.globalAlpha = 1;
  drawCursor(context, axis, 8, bottom, trial, colours);
  if (step < 0) return;
  const ends = order.map((k) => ({ k, y: y(potentials[step * classes + k]) })).sort((a, b) => a.y - b.y);
  for (let k = 1; k < ends.length; k++) ends[k].y = Math.max(ends[k].y, ends[k - 1].y + 11);
  const over = Math.max(ends[ends.length - 1].y - (bottom - 4), 0);
  context.textAlign = "left";
  for (const end of ends) {
    context.fillStyle = end.k === choice ? colours.now : colours.muted;
    context.font = end.k === choice ? `700 ${FONT}` : FONT;
    context.fillText(String(end.k), axis.x(t) + 6, end.y - over);
  }
}

/** Draw membrane potential, threshold, spikes and current of one neuron until now. */
function drawNeuron(canvas, trial, colours) {
  const { recording, network, t, probe } = trial;
  const { V, current, threshold } = recording.trace;
  const { dt } = recording;
  const [split, bottom] = [150, 236];
  const { context, width } = cleared(canvas, bottom + 24);
  const axis = timeAxis(context, width, bottom, recording, colours);
  const [low, high] = [Math.min(...V, 0), Math.max(...V, network.p.V_th)];
  const margin = 0.08 * (high - low);
  const top = high + 4 * margin;
  const y = valueAxis(context, axis, 8, split, [low - margin, top], "mV", colours);

  context.strokeStyle = colours.muted;
  context.lineWidth = 1.3;
  context.setLineDash([4, 4]);
  drawCurve(context, axis, y, threshold.flatMap((theta, step) => [[step * dt, theta], [(step + 1) * dt, theta]]), Infinity);
  context.setLineDash([]);

  const spiked = recording.spikes[probe.depth + 1].map((neurons) => neurons.includes(probe.neuron));
  const points = V.flatMap((value, step) => {
    const time = (step + 1) * dt;
    return spiked[step] ? [[time, threshold[step]], [time, NaN], [time, value]] : [[time, value]];
  });
  context.lineWidth = 2;
  context.strokeStyle = colours.far;
  drawCurve(context, axis, y, [[0, 0], ...points], t);
  context.strokeStyle = colours.now;
  spiked.forEach((fires, step) => {
    const time = (step + 1) * dt;
    if (fires) drawCurve(context, axis, y, [[time, threshold[step]], [time, top - margin]], t);
  });

  const [least, most] = [Math.min(...current, 0), Math.max(...current, 0)];
  const room = 0.12 * (most - least) || 0.1;
  const z = valueAxis(context, axis, split + 18, bottom, [least - room, most + room], "nA", colours);
  context.strokeStyle = colours.ink;
  context.lineWidth = 1.6;
  drawCurve(context, axis, z, fromRest(current, dt).slice(1), t);
  drawCursor(context, axis, 8, bottom, { ...trial, decided: { latency: Infinity } }, colours);
}
