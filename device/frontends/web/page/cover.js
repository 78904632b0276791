// A cover for music that has no picture: drawn from the song itself, the same every time.
import { h } from "./dom.js";
import { hueOf } from "./colour.js";
import { live } from "./live.js";

function seeded(text) {
  let a = 2166136261;
  for (const c of text) a = Math.imul(a ^ c.codePointAt(0), 16777619);
  return () => {
    a = a + 0x6d2b79f5 | 0;
    let x = Math.imul(a ^ a >>> 15, 1 | a);
    x = x + Math.imul(x ^ x >>> 7, 61 | x) ^ x;
    return ((x ^ x >>> 14) >>> 0) / 4294967296;
  };
}

function draw(canvas, id, place) {
  const pen = canvas.getContext("2d"), side = canvas.width, chance = seeded(id);
  const hue = place ? hueOf(...place) : chance() * 360, lively = place ? (place[1] + 1) / 2 : chance();
  const tones = [hue, hue + 28 + chance() * 24, hue - 34 - chance() * 30];
  const sky = pen.createLinearGradient(0, 0, side * (0.3 + chance() * 0.7), side);
  sky.addColorStop(0, `oklch(0.86 0.10 ${tones[1]})`);
  sky.addColorStop(0.55, `oklch(0.66 0.15 ${tones[0]})`);
  sky.addColorStop(1, `oklch(0.34 0.11 ${tones[2]})`);
  pen.fillStyle = sky;
  pen.fillRect(0, 0, side, side);
  const sun = [side * (0.25 + chance() * 0.5), side * (0.22 + chance() * 0.3)], big = side * (0.13 + chance() * 0.13);
  pen.fillStyle = `oklch(0.95 0.07 ${tones[1]} / 0.92)`;
  pen.beginPath(); pen.arc(...sun, big, 0, 7); pen.fill();
  const bands = 5 + Math.floor(chance() * 3), turns = 1 + lively * 2.6;
  for (let band = 0; band < bands; band++) {
    const base = side * (0.42 + band * 0.58 / bands), swing = side * (0.03 + 0.09 * lively) * (0.6 + chance()), phase = chance() * 7;
    pen.beginPath();
    pen.moveTo(0, side);
    for (let x = 0; x <= side; x += side / 40) {
      pen.lineTo(x, base + Math.sin(x / side * Math.PI * turns + phase) * swing + Math.sin(x / side * Math.PI * turns * 2.3 + phase * 2) * swing * 0.3);
    }
    pen.lineTo(side, side);
    pen.closePath();
    pen.fillStyle = `oklch(${0.62 - band * 0.42 / bands} ${0.15 - band * 0.012} ${tones[band % 3]} / 0.62)`;
    pen.fill();
  }
}

// A picture of the song: its own where there is one, else the drawn one.
export function cover(song, now, side = 480) {
  const canvas = h("canvas", { width: side, height: side, class: "drawn", "aria-hidden": "true" });
  const place = now?.valence !== undefined && now?.arousal !== undefined ? [now.valence, now.arousal] : null;
  draw(canvas, song.id, place);
  const box = h("div", { class: "cover" }, canvas);
  if (now?.artwork && live.about) {
    const picture = h("img", { alt: "", decoding: "async", src: `/api/cover/${song.id}` });
    picture.addEventListener("load", () => { canvas.remove(); box.append(picture); });
  }
  return box;
}
