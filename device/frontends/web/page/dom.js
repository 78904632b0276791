// Small building blocks: elements, icons, lists that keep the focus.
const SVG = "http://www.w3.org/2000/svg";

export function h(tag, props = {}, ...kids) {
  const made = document.createElement(tag);
  fill(made, props);
  made.append(...kids.flat().filter((kid) => kid !== null && kid !== undefined && kid !== false));
  return made;
}

function fill(made, props) {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "vars") paint(made, value);
    else if (name === "key") made.dataset.key = value;
    else if (["value", "checked", "disabled", "hidden"].includes(name)) made[name] = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
}

// Styles go through the object model: the page's policy allows no style attributes.
export function paint(element, values) {
  for (const [name, value] of Object.entries(values)) element.style.setProperty(name, value);
}

export function svg(tag, attributes = {}, ...kids) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...kids);
  return made;
}

const PATHS = {
  play: "M8 5.5v13l11-6.5z",
  pause: "M8 5.5v13M16 5.5v13",
  next: "M6 6l8 6-8 6zM18 6v12",
  previous: "M18 6l-8 6 8 6zM6 6v12",
  heart: "M12 20s-7.5-4.6-7.5-10A4.3 4.3 0 0 1 12 7.4 4.3 4.3 0 0 1 19.500 10c0 5.400-7.500 10-7.500 10z",
  not: "M6 6l12 12M18 6L6 18",
  another: "M4 12a8 8 0 0 1 13.700-5.700L20 8.500M20 4v4.500h-4.500M20 12a8 8 0 0 1-13.700 5.700L4 15.500M4 20v-4.500h4.500",
  volume: "M4 10v4h3.500L12 18V6L7.500 10zM15.500 9a4 4 0 0 1 0 6M18 6.500a7.500 7.500 0 0 1 0 11",
  now: "M9 18V6l10-2v12M9 18a2.500 2.500 0 1 1-5 0 2.500 2.500 0 0 1 5 0zM19 16a2.500 2.500 0 1 1-5 0 2.500 2.500 0 0 1 5 0z",
  mood: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM8.500 14q3.500 4 7 0M9 9.500v.5M15 9.500v.5",
  find: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16 16l4.500 4.500",
  queue: "M4 6h12M4 11h12M4 16h7M15 14.500v6l5-3z",
  photo: "M4 8h3.500l1.500-2.500h6L16.500 8H20v11H4zM12 16.500a3.300 3.300 0 1 0 0-6.600 3.300 3.300 0 0 0 0 6.600z",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3.500 2",
  plus: "M12 5v14M5 12h14",
  enter: "M5 12.500l4.500 4.500L19 7.500",
  up: "M6 15l6-6 6 6",
  down: "M6 9l6 6 6-6",
  back: "M14 6l-6 6 6 6",
  sparkle: "M12 4l1.800 5.200L19 11l-5.200 1.800L12 18l-1.800-5.200L5 11l5.200-1.800z",
  camera: "M4 7h10v10H4zM14 10.500L20 7.500v9L14 13.500",
  lock: "M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 7 0v3",
  erase: "M9 6h11v12H9l-5-6zM12 10l4 4M16 10l-4 4",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 3v2M12 19v2M3 12h2M19 12h2M5.600 5.600L7 7M17 17l1.400 1.400M18.400 5.600L17 7M7 17l-1.400 1.400",
  restart: "M19 12a7 7 0 1 1-2-5M19 4v4.500h-4.500",
  wish: "M12 3.500l2.600 5.300 5.900.8-4.300 4.100 1 5.800L12 16.800l-5.200 2.700 1-5.800-4.300-4.100 5.900-.8z",
};
const FILLED = new Set(["play", "next", "previous"]);

export function icon(name) {
  const drawn = svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true", class: `icon ${FILLED.has(name) ? "filled" : ""}` });
  drawn.append(svg("path", { d: PATHS[name] }));
  return drawn;
}

export function button(label, pressed, props = {}, iconName = "") {
  const bare = props.bare;
  delete props.bare;
  return h("button", { type: "button", onclick: pressed, ...(bare ? { "aria-label": label, title: label } : {}), ...props },
    iconName && icon(iconName), bare ? null : h("span", {}, label));
}

// New children, with the focus on the one that had it before; where it is gone, on what took its place.
export function refill(box, kids) {
  const had = box.contains(document.activeElement) && document.activeElement !== box ? document.activeElement : null;
  const key = had?.dataset.key, place = had ? stops(box).indexOf(had) : -1;
  box.replaceChildren(...kids.flat().filter(Boolean));
  if (!had || box.contains(document.activeElement)) return;
  const same = key && box.querySelector(`[data-key="${CSS.escape(key)}"]`), left = stops(box);
  const next = same || left[Math.min(Math.max(place, 0), left.length - 1)] || box;
  if (next === box) box.tabIndex = -1;
  next.focus({ preventScroll: true });
}
function stops(box) { return [...box.querySelectorAll("button, a[href], input, select, textarea, summary")]; }

export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

let said = 0;
export function toast(text, wrong = false) {
  const box = document.getElementById("toasts");
  const line = h("p", { class: wrong ? "toast wrong" : "toast" }, text);
  box.replaceChildren(line);
  clearTimeout(said);
  said = setTimeout(() => line.remove(), wrong ? 6000 : 3200);
}
