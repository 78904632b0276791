// Every word of the page comes from en.json or ko.json; the person may switch at any time.
export const LANGUAGES = ["ko", "en"];
const owned = document.documentElement.dataset.language;
let words = {}, spoken = "en";

export function language() { return spoken; }

// What a person picked in this browser, else the device's own. At the kiosk everybody begins anew.
export function preferred() {
  const kept = location.pathname.startsWith("/kiosk") ? null : read("language");
  for (const name of [kept, owned]) if (LANGUAGES.includes(name)) return name;
  return (navigator.languages || ["en"]).some((l) => l.toLowerCase().startsWith("ko")) && !navigator.language.startsWith("en") ? "ko" : "en";
}

export async function speak(name) {
  words = await (await fetch(`/page/${name}.json`)).json();
  spoken = name;
  document.documentElement.lang = name;
  keep("language", name);
}

export function t(key, values = {}) {
  const found = words[key];
  if (found === undefined) return key;
  return found.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

export function percent(share) { return new Intl.NumberFormat(spoken, { style: "percent" }).format(share); }

export function has(key) { return words[key] !== undefined; }

export function both(thing) { return thing[spoken] || thing.en; }

// A tag, a mood or a time of day in the person's language, where it is known.
export function term(word) { return has(`term.${word}`) ? t(`term.${word}`) : word; }

export function why(reason) {
  if (!reason) return "";
  const subject = reason.subject ? term(reason.subject) : "";
  const bare = `why.${reason.kind}`;
  const said = subject && has(`${bare}.of`) ? t(`${bare}.of`, { subject }) : t(bare);
  return said.charAt(0).toUpperCase() + said.slice(1);
}

export function read(name) { try { return localStorage.getItem(`mlfym.${name}`); } catch { return null; } }
export function keep(name, value) { try { localStorage.setItem(`mlfym.${name}`, value); } catch { /* private window */ } }
