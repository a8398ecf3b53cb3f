"use strict";
// What the page says in words and numbers.

/** Return a digit as one speaks of it. */
function withArticle(digit) {
  return `${digit === 8 ? "an" : "a"} ${digit}`;
}

/** Show what the sliders say, and the command that does the same. */
function showSettings(p) {
  const { code, values, chosen } = state;
  for (const name of SLIDERS) {
    const text = name === "noise" ? values.noise.toFixed(2) : `${values[name]} ms`;
    element(name).value = values[name];
    element(`${name}-value`).textContent = text;
    element(name).setAttribute("aria-valuetext", text.replace("ms", "milliseconds"));
  }
  document.querySelector(`input[name="code"][value="${code}"]`).checked = true;
  element("t_ref").disabled = code === "time";
  element("t_ref-help").textContent = code === "time"
    ? "In the time code a neuron fires once at most, so this plays no part."
    : "How long a neuron is silent after each spike.";
  const must = code === "time" ? "be longer than" : "differ from";
  element("gives-way").textContent = values.tau_m === chosen.tau_m ? ""
    : `It must ${must} τs, so it is ${values.tau_m} ms until τs lets it return to the ${chosen.tau_m} ms chosen.`;
  element("again").hidden = values.noise === 0;
  element("order").textContent = code === "rate"
    ? "A spike acts on the next layer one step later."
    : "Each layer has a window of its own, one after the other.";
  element("rule").textContent = p.readout === "peak-potential"
    ? "The one that has risen highest is the answer; the dotted line is when it was final."
    : "The one that is highest in the end is the answer; the dotted line is when it was final.";
  const trained = asTrained(code);
  const changes = [
    ["neuron.tau_m", "tau_m", " ms"], ["neuron.t_ref", "t_ref", " ms"], ["synapse.tau_s", "tau_s", " ms"],
    ["noise.gaussian-noise.sd", "noise", ""],
  ].filter(([, name]) => values[name] !== trained[name] && !(code === "time" && name === "t_ref"));
  const sets = changes.map(([key, name, unit]) => ` --set ${key}="${values[name]}${unit}"`);
  const longer = code === "time" && state.trial.network.steps !== Math.round(PAGE.studies.time.duration / p.dt);
  element("command").textContent = `bioscnn run ${p.study}${sets.join("")}${longer ? " --set simulation.duration=auto" : ""}`;
  QUESTIONS.forEach(({ set }, k) => {
    const wanted = { code: "rate", ...asTrained(set.code || "rate"), ...set };
    const pressed = wanted.code === code && SLIDERS.every((name) => wanted[name] === values[name]);
    element("presets").children[k].setAttribute("aria-pressed", String(pressed));
    if (pressed) element("preset-note").textContent = QUESTIONS[k].look;
  });
  if (!element("presets").querySelector('[aria-pressed="true"]')) element("preset-note").textContent = "";
}

/** Return a decision in a few words; there is none where no spike has reached the last membranes. */
function outcome({ chosen, latency, informed, choices }) {
  return informed < choices.length ? `${chosen} (${latency} ms)` : "none";
}

/** Show the spikes of each layer, now and as trained, and say them where there are only pictures. */
function showCounts() {
  const { network, recording, decided } = state.trial;
  const trained = answerAsTrained(state.code, state.picture);
  const now = recording.spikes.map((steps) => steps.reduce((sum, neurons) => sum + neurons.length, 0));
  const names = ["picture", ...network.layers.map((layer) => layer.name)];
  const sizes = [SIDE * SIDE, ...network.layers.map((layer) => layer.size)];
  const rows = names.map((name, k) => [name, sizes[k], now[k], trained.counts[k]]).slice(state.code === "rate" ? 1 : 0);
  const total = (column) => rows.reduce((sum, row) => sum + row[column], 0);
  fillTable(element("counts"), [
    ...[...rows, ["total", total(1), total(2), total(3)]].map((row) => row.map((cell) => cell.toLocaleString("en"))),
    ["decision", "", ...[decided, trained].map(outcome)],
  ]);
  const spikesOf = (column) => `${total(column).toLocaleString("en")} spikes`;
  const [ours, theirs] = [`${outcome(decided)}, ${spikesOf(2)}`, `${outcome(trained)}, ${spikesOf(3)}`];
  element("compared").textContent = `Now: ${ours}. As trained: ${theirs}.`;
  const spoken = rows.map((row) => `${row[0]} ${row[2]}`).join(", ");
  element("layers").setAttribute("aria-label", `Maps of neurons. Spikes of each layer: ${spoken}.`);
  const T = recording.steps * recording.dt;
  element("raster").setAttribute("aria-label", `Raster of spikes over ${T} milliseconds. ${spoken}.`);
  const last = Array.from(recording.potentials.subarray(-recording.classes), (V, k) => `class ${k} ${V.toFixed(1)}`);
  element("evidence").setAttribute("aria-label", `Potentials at the end, in millivolts: ${last.join(", ")}.`);
}

/** Fill the body of a table; the first cell of a row is its heading. */
function fillTable(table, rows) {
  const body = table.querySelector("tbody");
  body.replaceChildren(...rows.map((cells) => {
    const line = document.createElement("tr");
    line.append(...cells.map((text, k) => {
      const cell = document.createElement(k === 0 ? "th" : "td");
      if (k === 0) cell.scope = "row";
      else cell.className = "n";
      cell.textContent = text;
      return cell;
    }));
    return line;
  }));
}

/** Say which neuron is looked into. */
function showNeuron() {
  const { probe, trial } = state;
  const layer = trial.network.layers[probe.depth];
  const count = trial.recording.spikes[probe.depth + 1].filter((neurons) => neurons.includes(probe.neuron)).length;
  const perMap = layer.height * layer.width;
  const [map, place] = [Math.floor(probe.neuron / perMap), probe.neuron % perMap];
  const [row, column] = [Math.floor(place / layer.width), place % layer.width];
  const where = perMap > 1 ? `map ${map + 1}, row ${row + 1}, column ${column + 1}` : `class ${map}`;
  const text = `Neuron ${probe.neuron} of ${layer.name} (${where}): ${count} ${count === 1 ? "spike" : "spikes"}.`;
  const legend = "Above: membrane potential, dashed the threshold. Below: the current that flows in.";
  element("neuron-caption").textContent = `${text} ${legend}`;
  const highest = Math.max(...trial.recording.trace.V).toFixed(1);
  element("neuron").setAttribute("aria-label", `${text} Highest potential ${highest} millivolts.`);
  element("probe-layer").value = String(probe.depth);
  element("probe-neuron").max = layer.size - 1;
  element("probe-neuron").value = probe.neuron;
}

/** Return the decision at the present time in a sentence. */
function said(choice) {
  const { decided, recording } = state.trial;
  const ended = state.t >= recording.steps * recording.dt - 1e-9;
  if (choice < 0) return `${ended ? "No decision: no" : "No"} spike has reached the last membranes${ended ? "" : " yet"}.`;
  if (!ended) return `After ${state.t.toFixed(0)} ms: ${choice} so far.`;
  const { label } = state.picture;
  const truth = label === null ? "" : label === choice ? " That is right." : ` That is wrong: MNIST says ${label}.`;
  return `It is ${withArticle(choice)}, decided after ${decided.latency} ms.${truth}`;
}
