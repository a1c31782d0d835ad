// What is wrong with a photo as far as a browser can tell, before it is uploaded. A hint, no refusal:
// the API decides.
"use strict";

const LOOKED_AT_PX = 480; // long side
// On rendered people, whose lengths are known: darker or more blurred than this, their error doubles.
const DARK_BELOW = 45; // brightest tenth of the pixels, of 255
const BLURRED_BELOW = 0.1; // sharpest edges, as a share of the contrast

function grayOf(picture, width, height, longSide) {
  const scale = longSide / Math.max(width, height);
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const drawing = canvas.getContext("2d", { willReadFrequently: true });
  drawing.imageSmoothingQuality = "high"; // averages: else aliasing looks sharp
  drawing.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const { data } = drawing.getImageData(0, 0, canvas.width, canvas.height);
  const gray = new Float32Array(canvas.width * canvas.height);
  for (let i = 0; i < gray.length; i++) gray[i] = 0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2];
  return { gray, width: canvas.width, height: canvas.height };
}

const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

function sharpness({ gray, width, height }) {
  const edges = new Float32Array((width - 2) * (height - 2));
  let i = 0;
  for (let y = 1; y < height - 1; y++)
    for (let x = 1; x < width - 1; x++) {
      const at = y * width + x;
      edges[i++] = Math.abs(4 * gray[at] - gray[at - 1] - gray[at + 1] - gray[at - width] - gray[at + width]);
    }
  const sorted = Float32Array.from(gray).sort();
  const contrast = quantile(sorted, 0.98) - quantile(sorted, 0.02);
  return quantile(edges.sort(), 0.995) / Math.max(contrast, 1);
}

// Names of what is wrong, as words.js has them; none for a file that the browser cannot show (HEIC, mostly).
async function photoProblems(file) {
  let picture;
  try { picture = await createImageBitmap(file); } catch { return []; }
  const seen = grayOf(picture, picture.width, picture.height, LOOKED_AT_PX);
  picture.close();
  const bright = quantile(Float32Array.from(seen.gray).sort(), 0.9);
  if (bright < DARK_BELOW) return ["photo_dark"]; // in the dark nothing is sharp
  return sharpness(seen) < BLURRED_BELOW ? ["photo_blurred"] : [];
}

// How tall whoever moved was in the picture: the box of what changes from frame to frame, of the last
// frames in which somebody walked. Swaying leaves it alone, a shaken phone fills the picture.
const WATCHED_PX = 120, EVERY_MS = 200, CHANGED = 22, WALKING_SHARE = 0.008, LAST_FRAMES = 4, SMALL_SHARE = 0.4;

class Motion {
  constructor() { this.before = null; this.heights = []; }

  watch(video) {
    if (!video.videoWidth) return;
    const now = grayOf(video, video.videoWidth, video.videoHeight, WATCHED_PX);
    if (this.before?.gray.length === now.gray.length) this.compare(this.before, now);
    this.before = now;
  }

  compare(before, { gray, width, height }) {
    const changed = new Uint16Array(height);
    let total = 0;
    for (let i = 0; i < gray.length; i++)
      if (Math.abs(gray[i] - before.gray[i]) > CHANGED) { changed[Math.floor(i / width)] += 1; total += 1; }
    if (total < WALKING_SHARE * gray.length) return;
    const rows = [...changed.keys()].filter((row) => changed[row] > 1);
    this.heights.push((rows.at(-1) - rows[0] + 1) / height);
  }

  // Null where nobody was seen to walk.
  get share() { return this.heights.length ? Math.max(...this.heights.slice(-LAST_FRAMES)) : null; }

  get small() { return this.share !== null && this.share < SMALL_SHARE; }
}
