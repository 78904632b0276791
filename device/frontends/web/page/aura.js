// A mood is a movement: slow and heavy when sad, wide and light when happy, jagged when angry.
import { hueOf, tint } from "./colour.js";

const POINTS = 120, LAYERS = 5, FRAME_MS = 33;
const still = matchMedia("(prefers-reduced-motion: reduce)");

export function aura(canvas) {
  const pen = canvas.getContext("2d");
  const now = { v: 0, a: -0.3, c: 0.25 }, wanted = { v: 0, a: -0.3, c: 0.25 };
  let time = Math.random() * 90, last = 0, gone = false, frame = 0;

  function radius(angle, layer, t) {
    const lively = (now.a + 1) / 2, anger = Math.max(0, -now.v) * Math.max(0, now.a);
    const swing = 0.025 + 0.075 * lively;
    const wave = Math.sin(3 * angle + t * 0.9 + layer) * 0.6 + Math.sin((4 + layer % 3) * angle - t * 0.7 + layer * 2.1) * 0.4;
    const spikes = Math.pow(Math.abs(Math.sin((7 + layer) * angle / 2 + t * 0.8)), 3) * anger * 0.35;
    // Canvas grows downwards: a low mood hangs, a high one rises.
    const weight = -0.11 * now.v * Math.sin(angle);
    return 1 + swing * wave * (1 + layer * 0.35) + spikes + weight + layer * 0.075;
  }

  function draw(step) {
    const { width, height } = canvas, size = Math.min(width, height);
    for (const name of ["v", "a", "c"]) now[name] += (wanted[name] - now[name]) * Math.min(1, step / 1400);
    time += step / 1000 * (0.18 + 1.5 * Math.pow((now.a + 1) / 2, 1.6));
    pen.clearRect(0, 0, width, height);
    const dark = getComputedStyle(document.documentElement).getPropertyValue("--dark").trim() === "1";
    pen.globalCompositeOperation = dark ? "lighter" : "source-over";
    const hue = wanted.hue ?? hueOf(now.v, now.a);
    for (let layer = LAYERS - 1; layer >= 0; layer--) {
      pen.beginPath();
      for (let n = 0; n <= POINTS; n++) {
        const angle = n / POINTS * 2 * Math.PI, r = radius(angle, layer, time) * size * 0.335;
        pen.lineTo(width / 2 + Math.cos(angle) * r, height / 2 + Math.sin(angle) * r);
      }
      pen.closePath();
      const tone = hue + 8 - layer * 15, chroma = 0.05 + 0.13 * now.c;
      const light = dark ? 0.62 : 0.76;
      const glow = pen.createRadialGradient(width / 2, height / 2, size * 0.1, width / 2, height / 2, size * 0.5);
      glow.addColorStop(0, `oklch(${light + 0.08} ${chroma} ${tone} / ${dark ? 0.34 : 0.5})`);
      glow.addColorStop(1, `oklch(${light} ${chroma} ${tone} / ${dark ? 0.05 : 0.08})`);
      pen.fillStyle = glow;
      pen.fill();
      pen.strokeStyle = `oklch(${light + 0.14} ${chroma} ${tone} / ${dark ? 0.28 : 0.35})`;
      pen.lineWidth = Math.max(1, size / 420);
      pen.stroke();
    }
  }

  function fit() {
    const scale = Math.min(devicePixelRatio || 1, 1.5), side = canvas.clientWidth;
    const wide = Math.round(side * scale), high = Math.round(canvas.clientHeight * scale);
    if (wide && (canvas.width !== wide || canvas.height !== high)) { canvas.width = wide; canvas.height = high; }
  }

  function turn(at) {
    if (gone || !canvas.isConnected && last) return;
    frame = requestAnimationFrame(turn);
    const step = at - last;
    if (step < FRAME_MS || document.hidden || !canvas.clientWidth) return;
    last = at;
    fit();
    if (still.matches) { Object.assign(now, { v: wanted.v, a: wanted.a, c: wanted.c }); draw(0); if (step < 900) return; }
    else draw(Math.min(step, 100));
  }
  frame = requestAnimationFrame(turn);

  return {
    show(state) {
      const place = tint(state);
      const calm = state?.playback === "playing" ? 0 : 0.35;
      wanted.v = place ? place[0] : 0;
      wanted.a = Math.max(-1, (place ? place[1] : -0.5) - calm);
      wanted.c = place ? Math.min(1, Math.hypot(...place) + 0.25) : 0.2;
      wanted.hue = place ? hueOf(...place) : 292;
    },
    end() { gone = true; cancelAnimationFrame(frame); },
  };
}
