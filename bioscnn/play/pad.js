"use strict";
// The drawing pad: mouse, finger or keys.

const pen = { x: 14, y: 6, down: false, keyboard: false };

/** Show strokes as they were drawn, or a digit of MNIST; and the pen of the keyboard. */
function drawPad() {
  const pad = element("pad");
  const { context, width } = cleared(pad, pad.clientWidth);
  const unit = width / SIDE;
  if (state.strokes.length === 0 && state.picture.label !== null) {
    drawPixels(SCRATCH, state.picture.pixels, state.colours);
    context.imageSmoothingEnabled = false;
    context.drawImage(SCRATCH, 0, 0, width, width);
  }
  context.strokeStyle = context.fillStyle = state.colours.ink;
  context.lineWidth = 2 * PEN * unit;
  context.lineCap = context.lineJoin = "round";
  for (const stroke of state.strokes) {
    context.beginPath();
    context.moveTo(stroke[0][0] * unit, stroke[0][1] * unit);
    for (const [x, y] of stroke) context.lineTo(x * unit, y * unit + 0.01);
    context.stroke();
  }
  if (pen.keyboard) {
    context.lineWidth = 2;
    context.strokeStyle = state.colours.now;
    context.beginPath();
    context.arc(pen.x * unit, pen.y * unit, 9, 0, 2 * Math.PI);
    context.stroke();
  }
}

/** Begin a stroke, or go on with it, and read what is drawn so far. */
function drawTo(x, y, begins) {
  if (begins) state.strokes.push([]);
  state.strokes[state.strokes.length - 1].push([x, y]);
  state.picture = { pixels: normalisedInk(state.strokes), label: null };
  element("picture-name").textContent = "Yours, scaled and centred as MNIST’s are.";
  state.playing = false;
  state.t = Infinity;
  drawPad();
  if (state.waits) return;
  state.waits = true; // one simulation per frame is enough, however many points arrive
  requestAnimationFrame(() => { state.waits = false; refresh(); });
}

function clearPad() {
  state.strokes = [];
  state.picture = { pixels: new Uint8Array(SIDE * SIDE), label: null };
  pen.down = false;
  element("picture-name").textContent = "Nothing drawn yet.";
  state.playing = false;
  state.t = Infinity;
  drawPad();
  refresh();
}

function listenToPad() {
  const pad = element("pad");
  const place = (event) => {
    const box = pad.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * SIDE, ((event.clientY - box.top) / box.height) * SIDE];
  };
  pad.addEventListener("pointerdown", (event) => {
    pad.setPointerCapture(event.pointerId);
    pen.keyboard = false;
    drawTo(...place(event), true);
  });
  pad.addEventListener("pointermove", (event) => {
    if (!pad.hasPointerCapture(event.pointerId)) return;
    for (const part of event.getCoalescedEvents ? event.getCoalescedEvents() : [event]) drawTo(...place(part), false);
  });
  for (const end of ["pointerup", "pointercancel"]) pad.addEventListener(end, () => { if (state.strokes.length) present(); });
  pad.addEventListener("focus", () => { pen.keyboard = pad.matches(":focus-visible"); drawPad(); });
  pad.addEventListener("blur", () => { pen.keyboard = pen.down = false; drawPad(); });
  pad.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!move && ![" ", "Delete", "Backspace"].includes(event.key)) return;
    event.preventDefault();
    pen.keyboard = true;
    if (move) {
      pen.x = Math.min(Math.max(pen.x + move[0], 1), SIDE - 1);
      pen.y = Math.min(Math.max(pen.y + move[1], 1), SIDE - 1);
      if (pen.down) drawTo(pen.x, pen.y, false);
    } else if (event.key === " ") {
      pen.down = !pen.down;
      if (pen.down) drawTo(pen.x, pen.y, true);
      else present();
      element("said").textContent = pen.down ? "Pen down" : "Pen up";
    } else {
      clearPad();
    }
    drawPad();
  });
}
