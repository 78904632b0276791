// The device as it is now, and the one way to tell it something.
import { toast } from "./dom.js";
import { has, language, t } from "./words.js";

export const live = { state: null, pulse: { faces: 0, moods: {}, emotions: {}, boxes: [] }, about: null, at: 0, linked: false };
const listeners = [];
let stream = null, polling = 0;

export function listen(what, heard) {
  listeners.push([what, heard]);
  if (what === "state" && live.state) heard(live.state);
  if (what === "pulse") heard(live.pulse);
}
export function listened() { return listeners.length; }
// Those that came after so many are done with: a kiosk shows scene after scene for weeks.
export function unlisten(since = 0) { listeners.length = since; }
function tell(what, value) { for (const [wanted, heard] of [...listeners]) if (wanted === what) heard(value); }

function take(what, value) {
  live[what] = value;
  if (what === "state") live.at = performance.now();
  tell(what, value);
}
function link(up) { if (live.linked !== up) { live.linked = up; tell("link", up); } }

export async function about() {
  live.about = await (await fetch("/api/about")).json();
  tell("about", live.about);
  return live.about;
}

export function follow() {
  stream?.close();
  stream = new EventSource("/api/events");
  stream.addEventListener("state", (event) => { link(true); take("state", JSON.parse(event.data)); });
  stream.addEventListener("pulse", (event) => take("pulse", JSON.parse(event.data)));
  stream.onerror = () => { link(false); if (stream.readyState === EventSource.CLOSED) setTimeout(poll, 1500); };
}

// The server refused a stream: it is full, or it was started again and knows nobody.
async function poll() {
  clearTimeout(polling);
  try {
    const answer = await fetch("/api/state");
    const told = await answer.json();
    take("state", told.state);
    take("pulse", told.pulse);
    link(true);
    const probe = await fetch("/api/browse?limit=1");
    if (probe.status === 401) { location.reload(); return; }
    follow();
  } catch { polling = setTimeout(poll, 3000); }
}

export function position() {
  const state = live.state;
  if (!state) return 0;
  const gone = live.linked && state.playback === "playing" ? (performance.now() - live.at) / 1000 : 0;
  return Math.min(state.position + gone, state.duration || Infinity);
}

export async function post(path, body) {
  try {
    const answer = await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    const told = await answer.json();
    return answer.ok ? told : { ...told, refused: true };
  } catch { return { code: "offline", refused: true }; }
}

export function complaint(told) {
  if (told.code === "reload") { location.reload(); return ""; }
  const minutes = Math.ceil((told.wait || 0) / 60);
  if (language() === "en" && told.error && ["refused", "photo_refused"].includes(told.code)) return told.error;
  return t(has(`error.${told.code}`) ? `error.${told.code}` : "error.refused", { minutes, seconds: told.wait || 0 });
}

export async function give(command, argument = "", quiet = false) {
  const told = await post("/api/command", { command, argument: String(argument) });
  if (told.refused) toast(complaint(told), true);
  else if (!quiet && has(`said.${command}`)) toast(t(`said.${command}`));
  return !told.refused;
}

export async function get(path) {
  const answer = await fetch(path);
  const told = await answer.json();
  return answer.ok ? told : { ...told, refused: true };
}
