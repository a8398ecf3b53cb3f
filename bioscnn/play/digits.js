"use strict";
// Digits as 28 x 28 pixels from 0 to 255: those in the page, those that one draws, and noise.

const SIDE = 28;
const BOX = 20; // MNIST fits a digit into so many pixels, and puts its centre of mass into the middle
const PEN = 1.3; // half the width of the pen, in pixels of the network

/** Return images (Uint8Array of 784) and labels of the page; a zero is followed by how many zeros there are. */
function decodeDigits(packed) {
  const coded = Uint8Array.from(atob(packed.base64), (character) => character.charCodeAt(0));
  const pixels = new Uint8Array(packed.labels.length * SIDE * SIDE);
  let at = 0;
  for (let k = 0; k < coded.length; k++) {
    if (coded[k] === 0) at += coded[++k];
    else pixels[at++] = coded[k];
  }
  return packed.labels.map((label, k) => ({ label, pixels: pixels.subarray(k * SIDE * SIDE, (k + 1) * SIDE * SIDE) }));
}

/** Return the distance of a point from the nearest part of strokes; a stroke is a row of points [x, y]. */
function distanceFrom(strokes, x, y) {
  let nearest = Infinity;
  for (const stroke of strokes) {
    for (let k = 0; k < stroke.length; k++) {
      const [x0, y0] = stroke[Math.max(k - 1, 0)];
      const [x1, y1] = stroke[k];
      const length2 = (x1 - x0) ** 2 + (y1 - y0) ** 2;
      const along = length2 > 0 ? Math.min(Math.max(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length2, 0), 1) : 0;
      nearest = Math.min(nearest, Math.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0)));
    }
  }
  return nearest;
}

/** Return the pixels of strokes in units of pixels: full ink within the pen, an edge one pixel wide. */
function ink(strokes) {
  const pixels = new Uint8Array(SIDE * SIDE);
  pixels.forEach((_, k) => {
    const distance = distanceFrom(strokes, (k % SIDE) + 0.5, Math.floor(k / SIDE) + 0.5);
    pixels[k] = Math.round(255 * Math.min(Math.max(PEN + 0.5 - distance, 0), 1));
  });
  return pixels;
}

/**
 * Return strokes, drawn anywhere and in any size, as MNIST has its digits.
 *
 * Their longer side is 20 pixels, pen included, and their centre of mass lies in the middle of 28 x 28 pixels
 * (LeCun, Bottou, Bengio and Haffner, 1998, Proceedings of the IEEE 86, 2278-2324). Strokes are scaled and not
 * pixels, so the pen is as wide in a small digit as in a large one. A dot stays a dot.
 */
function normalisedInk(strokes) {
  const points = strokes.flat();
  if (points.length === 0) return new Uint8Array(SIDE * SIDE);
  const [left, top] = [0, 1].map((axis) => Math.min(...points.map((point) => point[axis])));
  const [right, bottom] = [0, 1].map((axis) => Math.max(...points.map((point) => point[axis])));
  const longer = Math.max(right - left, bottom - top);
  const scale = longer > 0 ? (BOX - 2 * PEN) / longer : 1;
  const placed = (dx, dy) => strokes.map((stroke) => stroke.map(([x, y]) => [(x - left) * scale + dx, (y - top) * scale + dy]));
  const middle = (low, high) => (SIDE - (high - low) * scale) / 2;
  const start = [middle(left, right), middle(top, bottom)];
  const pixels = ink(placed(...start));
  const mass = pixels.reduce((sum, pixel) => sum + pixel, 0);
  const centre = [0, 0];
  pixels.forEach((pixel, k) => {
    centre[0] += (pixel * ((k % SIDE) + 0.5)) / mass;
    centre[1] += (pixel * (Math.floor(k / SIDE) + 0.5)) / mass;
  });
  return ink(placed(start[0] + SIDE / 2 - centre[0], start[1] + SIDE / 2 - centre[1]));
}

/** Return a function that returns numbers between 0 and 1, the same for the same seed (Mulberry32). */
function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Return pixels with a normally distributed number added to each (bioscnn's gaussian-noise; sd 1 is white). */
function withNoise(pixels, sd, seed) {
  if (sd === 0) return pixels;
  const uniform = randomNumbers(seed);
  return pixels.map((pixel) => {
    const normal = Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
    return Math.round(255 * Math.min(Math.max(pixel / 255 + sd * normal, 0), 1));
  });
}
