// Starts the face that the address asks for: listener, kiosk or staff.
import { button, h, icon, refill } from "./dom.js";
import { about, follow, listen, live, unlisten } from "./live.js";
import { language, LANGUAGES, preferred, read, keep, speak, t } from "./words.js";
import { wear } from "./colour.js";
import { news } from "./news.js";

const FACES = { "/": "./listener.js", "/kiosk": "./kiosk.js", "/staff": "./staff.js" };
const path = location.pathname.replace(/\/+$/, "") || "/";
const THEMES = ["auto", "dark", "light"];

function theme(name) {
  const root = document.documentElement;
  if (name === "auto") delete root.dataset.theme; else root.dataset.theme = name;
  keep("theme", name);
}

function top() {
  const bar = document.querySelector(".top");
  const other = LANGUAGES.find((name) => name !== language());
  const drop = h("i", { class: "drop", "aria-hidden": "true" });
  const away = h("span", { class: "away", role: "status" }, live.state && !live.linked ? t("away") : "");
  listen("link", (up) => { away.textContent = up ? "" : t("away"); document.body.classList.toggle("gone", !up); });
  refill(bar, [
    h("a", { class: "brand", href: path === "/kiosk" ? "/kiosk" : "/" }, drop, h("span", {}, "MLFYM")), away,
    h("span", { class: "grow" }),
    button(t("theme"), () => { const now = read("theme") || "auto"; theme(THEMES[(THEMES.indexOf(now) + 1) % 3]); }, { bare: true, class: "round quiet" }, "sun"),
    h("button", { type: "button", class: "round quiet tongue", lang: other, "aria-label": t("other_language"), onclick: () => start(other) }, t("other_language_short")),
    path === "/" ? h("a", { class: "round quiet", href: "/staff", "aria-label": t("staff.title"), title: t("staff.title") }, icon("lock")) : null,
  ]);
}

async function start(name) {
  const [, face] = await Promise.all([speak(name), import(FACES[path] || FACES["/"])]);
  unlisten();
  listen("state", wear);
  document.title = t(`title.${path.slice(1) || "listener"}`);
  top();
  const main = document.getElementById("face");
  main.className = path.slice(1) || "listener";
  main.removeAttribute("aria-busy");
  refill(main, []);
  news();
  face.show(main);
}

document.addEventListener("guest-gone", () => { if (language() !== preferred()) start(preferred()); });
theme(read("theme") || "auto");
try {
  await Promise.all([about(), speak(preferred())]);
  await start(language());
  if (!live.linked) follow();
} catch (fault) {
  // The device went away while the page was loading: try again until it is back.
  setTimeout(() => location.reload(), 4000);
  throw fault;
}
