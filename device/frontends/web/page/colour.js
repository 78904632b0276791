// A mood is a colour: the angle on the circumplex picks the hue, the distance how much of it.
const STOPS = [[-180, 285], [-135, 268], [-90, 232], [-45, 178], [0, 118], [35, 64], [75, 42], [110, 22], [140, 12], [180, -75]];
export const CLASS_HUES = { negative: 268, neutral: 178, positive: 66 };

export function hueOf(valence, arousal) {
  const angle = Math.atan2(arousal, valence) * 180 / Math.PI;
  for (let n = 1; n < STOPS.length; n++) {
    const [from, low] = STOPS[n - 1], [to, high] = STOPS[n];
    if (angle <= to) return (low + (high - low) * (angle - from) / (to - from) + 360) % 360;
  }
  return 285;
}

export function chromaOf(valence, arousal) { return 0.045 + 0.105 * Math.min(1, Math.hypot(valence, arousal)); }

// What the page is tinted with: the mood when one is believed, else the song.
export function tint(state) {
  if (state && state.mood !== "unknown") return [state.valence, state.arousal];
  const now = state?.now;
  if (state?.playing && now && now.valence !== undefined && now.arousal !== undefined) return [now.valence, now.arousal];
  return null;
}

export function wear(state) {
  const place = tint(state), root = document.documentElement;
  // The shorter way round the circle, so that the page never runs through a rainbow.
  const wanted = place ? hueOf(...place) : 292, worn = Number(root.style.getPropertyValue("--hue")) || 292;
  root.style.setProperty("--hue", worn + ((wanted - worn + 540) % 360) - 180);
  root.style.setProperty("--chroma", place ? chromaOf(...place).toFixed(3) : 0.05);
  root.dataset.mood = state?.mood || "unknown";
}
