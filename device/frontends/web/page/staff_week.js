// The week as coloured bands: which daypart holds when.
import { h, paint } from "./dom.js";
import { t } from "./words.js";

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const HUES = [66, 178, 300, 20, 232, 130, 345, 100], WHOLE = 1440;

const minutes = (clock) => { const [hours, rest] = String(clock).split(":").map(Number); return hours * 60 + rest; };
export const clocked = (at) => `${String(Math.floor(at / 60)).padStart(2, "0")}:${String(at % 60).padStart(2, "0")}`;
export const hue = (n) => HUES[n % HUES.length];

// Whether a daypart holds on a day of the week (0 is Monday) at a minute: as the device decides.
function holds(part, day, at) {
  const from = minutes(part.start), to = minutes(part.until);
  if (from < to) return part.days.includes(DAYS[day]) && from <= at && at < to;
  return (part.days.includes(DAYS[day]) && at >= from) || (part.days.includes(DAYS[(day + 6) % 7]) && at < to);
}

// For each day the stretches that one daypart holds; where several do, the first.
export function bandsOf(parts) {
  const edges = [...new Set([0, WHOLE, ...parts.flatMap((part) => [minutes(part.start), minutes(part.until)])])].filter((at) => at >= 0).sort((a, b) => a - b);
  return DAYS.map((_, day) => {
    const bands = [];
    for (let n = 0; n + 1 < edges.length; n++) {
      const part = parts.findIndex((one) => holds(one, day, edges[n])), last = bands.at(-1);
      if (part < 0) continue;
      if (last && last.part === part && last.until === edges[n]) last.until = edges[n + 1];
      else bands.push({ part, from: edges[n], until: edges[n + 1] });
    }
    return bands;
  });
}

export function daysWords(days) {
  if (days.length === 7) return t("day.all");
  const sorted = DAYS.filter((day) => days.includes(day)).join();
  if (sorted === "mon,tue,wed,thu,fri") return t("day.work");
  if (sorted === "sat,sun") return t("day.weekend");
  return sorted.split(",").filter(Boolean).map((day) => t(`day.${day}`)).join(" ");
}

// Seven lines from midnight to midnight; a touch picks a band, or a free place.
export function week(parts, { picked = -1, pick = null } = {}) {
  const bands = bandsOf(parts), now = new Date(), today = (now.getDay() + 6) % 7;
  const lines = bands.map((row, day) => {
    const line = h("div", { class: "line" }, row.map((band) => {
      const part = parts[band.part], above = day && bands[day - 1].some((one) => one.part === band.part && one.from === band.from);
      const named = !above && band === row.filter((one) => one.part === band.part).sort((a, b) => b.until - b.from - a.until + a.from)[0];
      const shown = h("span", { class: `band${part.quiet ? " still" : ""}${band.part === picked ? " picked" : ""}` }, named ? h("b", {}, part.name) : "");
      paint(shown, { "--own": hue(band.part), "--from": `${band.from / 14.4}%`, "--wide": `${(band.until - band.from) / 14.4}%` });
      return shown;
    }));
    if (day === today) line.append(painted(h("i", { class: "now" }), { "--from": `${(now.getHours() * 60 + now.getMinutes()) / 14.4}%` }));
    if (pick) line.addEventListener("click", (event) => {
      const place = line.getBoundingClientRect(), at = Math.min(WHOLE - 1, Math.max(0, (event.clientX - place.left) / place.width * WHOLE));
      pick(bands[day].find((band) => band.from <= at && at < band.until)?.part ?? -1, day, Math.floor(at / 60));
    });
    return h("div", { class: "day" }, h("span", {}, t(`day.${DAYS[day]}`)), line);
  });
  return h("div", { class: `week${pick ? " open" : ""}`, role: "img", "aria-label": t("dayparts.week") }, lines, h("div", { class: "hours" }, ["0", "6", "12", "18", "24"].map((hour) => h("span", {}, hour))));
}
export function painted(element, values) { paint(element, values); return element; }
