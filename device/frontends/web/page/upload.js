// Adding music: files or whole folders, dropped or picked, two at a time, each with its progress.
import { button, h, refill, toast } from "./dom.js";
import { complaint, get, listen, live, post } from "./live.js";
import { t } from "./words.js";

const files = [], boxes = new Set();
let bounds = null, asking = 0, dropped = null;

const over = (file) => file.state === "taken" || file.state === "refused" || file.state === "again";
const busy = () => files.some((file) => !over(file));
const ending = (name) => name.slice(name.lastIndexOf(".")).toLowerCase();

export async function uploadBounds() {
  bounds ||= await get("/api/uploads");
  return bounds;
}

// The part of the page that takes files; nothing for who may not add any.
export function uploadCard({ open = false } = {}) {
  const box = h("details", { class: "card adding", hidden: true, open: open || busy() });
  uploadBounds().then((found) => {
    if (!found.most_bytes) return;
    const pick = h("input", { type: "file", multiple: true, class: "sr", id: "music-file", accept: ["audio/*", ...found.endings].join(",") });
    const list = h("ul", { class: "rows uploads" }), sum = h("p", { class: "hint", role: "status" });
    pick.addEventListener("change", () => { add([...pick.files]); pick.value = ""; });
    refill(box, [h("summary", {}, h("span", {}, t("upload.title"))), h("p", { class: "hint" }, t("upload.how", { megabytes: Math.round(found.most_bytes / 1e6) })),
      pick, h("label", { class: "say file", for: "music-file" }, t("upload.pick")), sum, list]);
    box.hidden = false;
    boxes.add([box, list, sum]);
    if (files.length) box.open = true;
    draw();
  });
  return box;
}

// Files may be dropped anywhere on the page; `shown` brings the card into sight.
export function takeDrops(shown) {
  const first = dropped === null;
  dropped = shown;
  document.body.dataset.drop = t("upload.drop");
  listen("state", settle);
  if (!first) return;
  let depth = 0;
  const mark = (more) => { depth = Math.max(0, depth + more); document.body.classList.toggle("dropping", depth > 0 && Boolean(bounds?.most_bytes)); };
  const carries = (event) => [...event.dataTransfer?.types || []].includes("Files");
  addEventListener("dragenter", (event) => { if (carries(event)) { mark(1); uploadBounds().then(() => mark(0)); } });
  addEventListener("dragleave", (event) => { if (carries(event)) mark(-1); });
  addEventListener("dragover", (event) => { if (carries(event)) event.preventDefault(); });
  addEventListener("drop", async (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    depth = 0;
    mark(0);
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean), plain = [...event.dataTransfer.files];
    if (!(await uploadBounds()).most_bytes) { toast(t(live.about.cafe ? "error.staff_only" : "error.upload_off"), true); return; }
    dropped();
    add(entries.length ? (await Promise.all(entries.map(inside))).flat() : plain);
  });
  addEventListener("beforeunload", (event) => { if (busy()) event.preventDefault(); });
}

// Every file of a dropped folder, and of those in it.
async function inside(entry) {
  if (entry.isFile) return new Promise((done) => { entry.file((file) => done([file]), () => done([])); });
  const reader = entry.createReader(), found = [];
  for (;;) {
    const some = await new Promise((done) => { reader.readEntries(done, () => done([])); });
    if (!some.length) break;
    found.push(...some);
  }
  return (await Promise.all(found.map(inside))).flat();
}

function add(picked) {
  const music = picked.filter((file) => bounds.endings.includes(ending(file.name)));
  const other = picked.filter((file) => !music.includes(file) && !file.name.startsWith("."));
  if (other.length && !music.length) toast(t("error.upload_kind"), true);
  for (const file of music.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }))) {
    files.push({ file, name: file.name, state: "waiting", part: 0, key: `f${files.length}` });
  }
  draw();
  for (const [box] of boxes) box.open = true;
  for (let n = 0; n < bounds.at_once; n++) next();
}

async function next() {
  const sending = files.filter((one) => one.state === "sending" || one.state === "reading").length;
  const one = files.find((file) => file.state === "waiting");
  if (!one || sending >= bounds.at_once) return;
  one.state = "sending";
  draw();
  const may = one.file.size > bounds.most_bytes ? { refused: true, code: "upload_large" } : await post("/api/uploads/check", { name: one.name, size: one.file.size });
  const told = may.refused ? may : await send(one);
  if (told.code === "upload_busy") { one.state = "waiting"; setTimeout(next, 1000 * told.wait); draw(); return; }
  one.file = null;
  if (told.code === "reload") { location.reload(); return; }
  one.state = told.refused ? "refused" : told.again ? "again" : "stored";
  one.told = told;
  draw();
  settle();
  next();
}

// XMLHttpRequest, since fetch does not tell how much was sent.
function send(one) {
  return new Promise((done) => {
    const sent = new XMLHttpRequest();
    sent.open("POST", `/api/uploads?name=${encodeURIComponent(one.name)}`);
    sent.setRequestHeader("content-type", "application/octet-stream");
    sent.responseType = "json";
    sent.upload.onprogress = (event) => { one.part = event.loaded / event.total; paintBars(one); };
    sent.upload.onload = () => { one.part = 1; one.state = "reading"; draw(); };
    sent.onload = () => done(sent.status === 200 ? sent.response : { ...sent.response, refused: true });
    sent.onerror = sent.onabort = () => done({ refused: true, code: "upload_cut" });
    sent.send(one.file);
  });
}

// Whether the library has by now what was stored.
async function settle() {
  const stored = files.filter((file) => file.state === "stored").slice(0, 50);
  clearTimeout(asking);
  if (!stored.length) return;
  const known = await get(`/api/uploads/known?ids=${stored.map((file) => file.told.id)}`);
  if (!known.refused) for (const file of stored) if (known.includes(file.told.id)) file.state = "taken";
  draw();
  clearTimeout(asking);
  if (files.some((file) => file.state === "stored")) asking = setTimeout(settle, 2000);
}

function paintBars(one) {
  for (const [box] of boxes) {
    const bar = box.querySelector(`[data-bar="${one.key}"]`);
    if (bar) bar.value = one.part;
  }
}

function draw() {
  const done = files.filter(over).length, wrong = files.filter((file) => file.state === "refused").length;
  for (const entry of boxes) {
    const [box, list, sum] = entry;
    if (!box.isConnected && list.children.length) { boxes.delete(entry); continue; }
    const line = !files.length ? "" : done < files.length ? t("upload.going", { done, count: files.length })
      : wrong ? t("upload.some", { wrong, count: files.length }) : t("upload.done", { count: files.length });
    if (sum.textContent !== line) sum.textContent = line;
    refill(list, [...files].reverse().slice(0, 60).map(row));
  }
}

function row(one) {
  const moving = one.state === "sending" || one.state === "reading";
  const bar = moving ? h("progress", { max: 1, value: one.part, "aria-label": one.name, "data-bar": one.key }) : null;
  const text = one.state === "refused" ? complaint(one.told) : t(`upload.${one.state}`);
  return h("li", { class: one.state }, h("span", { class: "entry" }, h("span", { class: "title" }, one.name), bar, h("span", { class: `below ${one.state === "refused" ? "wrong" : ""}` }, text)),
    over(one) ? button(t("upload.forget", { title: one.name }), () => { files.splice(files.indexOf(one), 1); draw(); }, { bare: true, class: "round small", key: one.key }, "not") : null);
}
