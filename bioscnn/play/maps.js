"use strict";
// Maps of neurons: who fires now, and how often each has fired. Canvas alone.

const GLOW = 1.6; // ms for which a spike is seen, in the time of the neurons
const SCRATCH = document.createElement("canvas"); // one map in its own pixels, before it is enlarged

/** Return where the maps of each population lie: place, size of a neuron, maps in a row. */
function arrangement(width, layers) {
  const [first, second, third, last] = layers;
  const block = (layer, x, y, cell, columns, gap) => ({ layer, x, y, cell, columns, gap });
  if (width < NARROW) {
    const half = (width - 20) / 2;
    const [a, b] = [(half - 12) / (4 * first.width), (half - 12) / (4 * second.width)];
    return {
      height: 582,
      input: { x: 0, y: 20, cell: Math.min(104, half) / SIDE },
      blocks: [
        block(first, half + 20, 20, a, 4, 4), block(second, 0, 162, b, 4, 4),
        block(third, half + 20, 162, (half - 12) / (4 * third.width) * 0.52, 4, 4),
      ],
      output: { layer: last, x: 0, y: 366, row: 21, width },
    };
  }
  const unit = Math.min(width / 836, 1.1);
  return {
    height: Math.round(246 * unit) + 24,
    input: { x: 0, y: 20 + 58 * unit, cell: (130 * unit) / SIDE },
    blocks: [
      block(first, 158 * unit, 20, (57.5 * unit) / first.width, 2, 4 * unit),
      block(second, 305 * unit, 20, (57.5 * unit) / second.width, 4, 4 * unit),
      block(third, 575 * unit, 20, (26.5 * unit) / third.width, 4, 4 * unit),
    ],
    output: { layer: last, x: 724 * unit, y: 20, row: 24.2 * unit, width: width - 724 * unit },
  };
}

/** Return for each neuron how often it has fired until t, and how recent its last spike is, 0 to 1. */
function activityUntil(spikes, size, t, dt) {
  const count = new Float32Array(size);
  const glow = new Float32Array(size);
  for (let step = 0; step < spikes.length && (step + 1) * dt <= t + 1e-9; step++) {
    const recent = Math.exp(-(t - (step + 1) * dt) / GLOW);
    for (const neuron of spikes[step]) {
      count[neuron]++;
      glow[neuron] = recent;
    }
  }
  return { count, glow };
}

/** Draw the maps of all populations; return a function that finds the neuron at a place of the canvas. */
function drawLayers(canvas, trial, colours) {
  const { network, recording, pixels, t, probe } = trial;
  const place = arrangement(canvas.clientWidth, network.layers);
  const { context } = cleared(canvas, place.height);
  context.imageSmoothingEnabled = false;
  const [card, far, now] = [rgb(colours.card), rgb(colours.far), rgb(colours.now)];
  const heading = (text, x, y) => {
    context.fillStyle = colours.muted;
    context.textAlign = "left";
    context.fillText(text, x, y - 10);
  };

  heading("picture", place.input.x, place.input.y);
  drawPixels(SCRATCH, pixels, colours);
  context.drawImage(SCRATCH, place.input.x, place.input.y, SIDE * place.input.cell, SIDE * place.input.cell);

  const found = [];
  for (const { layer, x, y, cell, columns, gap } of place.blocks) {
    const depth = network.layers.indexOf(layer);
    heading(layer.name, x, y);
    const { count, glow } = activityUntil(recording.spikes[depth + 1], layer.size, t, recording.dt);
    const most = Math.max(trial.most[depth], 1);
    const perMap = layer.height * layer.width;
    [SCRATCH.width, SCRATCH.height] = [layer.width, layer.height];
    const own = SCRATCH.getContext("2d");
    const image = own.createImageData(layer.width, layer.height);
    const [w, h] = [cell * layer.width, cell * layer.height];
    for (let map = 0; map < layer.channels; map++) {
      for (let k = 0; k < perMap; k++) {
        const neuron = map * perMap + k;
        const blue = count[neuron] > 0 ? 0.25 + (0.65 * count[neuron]) / most : 0;
        for (let c = 0; c < 3; c++) {
          const base = card[c] + (far[c] - card[c]) * blue;
          image.data[4 * k + c] = base + (now[c] - base) * glow[neuron];
        }
        image.data[4 * k + 3] = 255;
      }
      own.putImageData(image, 0, 0);
      const [left, top] = [x + (map % columns) * (w + gap), y + Math.floor(map / columns) * (h + gap)];
      context.drawImage(SCRATCH, left, top, w, h);
      found.push({ depth, left, top, w, h, cell, first: map * perMap, width: layer.width });
      const inside = probe.depth === depth ? probe.neuron - map * perMap : -1;
      if (inside >= 0 && inside < perMap) {
        context.strokeStyle = colours.ink;
        context.lineWidth = 1.5;
        const [column, row] = [inside % layer.width, Math.floor(inside / layer.width)];
        const side = Math.max(cell, 4) + 2;
        context.strokeRect(left + column * cell - 1, top + row * cell - 1, side, side);
      }
    }
  }
  drawOutput(context, place.output, trial, colours, found);
  heading("output", place.output.x, place.output.y);
  return (left, top) => {
    const map = found.find((m) => left >= m.left && left < m.left + m.w && top >= m.top && top < m.top + m.h);
    if (!map) return null;
    const [column, row] = [Math.floor((left - map.left) / map.cell), Math.floor((top - map.top) / map.cell)];
    return { depth: map.depth, neuron: map.first + row * map.width + column };
  };
}

/** Draw a row for each class: its number, its output neuron, and the potential of its membrane as a bar. */
function drawOutput(context, { layer, x, y, row, width }, { network, recording, t, choice, range }, colours, found) {
  const { count, glow } = activityUntil(recording.spikes[network.layers.length], layer.size, t, recording.dt);
  const step = Math.min(Math.floor(t / recording.dt + 1e-9), recording.steps) - 1;
  const [from, to] = [x + 42, x + width - 4];
  const at = (V) => from + ((V - range[0]) / (range[1] - range[0])) * (to - from);
  for (let k = 0; k < layer.size; k++) {
    const middle = y + (k + 0.5) * row;
    const V = step < 0 ? 0 : recording.potentials[step * recording.classes + k];
    context.fillStyle = k === choice ? colours.now : colours.ink;
    context.font = k === choice ? `700 ${FONT}` : FONT;
    context.textAlign = "left";
    context.fillText(String(k), x, middle);
    context.beginPath();
    context.arc(x + 25, middle, 6, 0, 2 * Math.PI);
    context.fillStyle = colours.card;
    context.fill();
    for (const [colour, alpha] of [[colours.far, count[k] > 0 ? 0.8 : 0], [colours.now, glow[k]]]) {
      context.globalAlpha = alpha;
      context.fillStyle = colour;
      context.fill();
    }
    context.globalAlpha = 1;
    context.strokeStyle = colours.line;
    context.lineWidth = 1;
    context.stroke();
    context.fillStyle = k === choice ? colours.now : colours.far;
    context.fillRect(Math.min(at(0), at(V)), middle - row * 0.28, Math.abs(at(V) - at(0)), row * 0.56);
    const depth = network.layers.length - 1;
    found.push({ depth, left: x, top: middle - row / 2, w: width, h: row, cell: width, first: k, width: 1 });
  }
  context.font = FONT;
  context.fillStyle = colours.muted;
  context.fillRect(at(0) - 0.5, y, 1, row * layer.size);
}
