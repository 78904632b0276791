// Keys on the screen for a kiosk that has none; Hangul is composed as on a Korean keyboard.
import { h, refill, icon } from "./dom.js";
import { language, t } from "./words.js";

const ROWS = { en: ["1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"], ko: ["1234567890", "ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔ", "ㅁㄴㅇㄹㅎㅗㅓㅏㅣ", "ㅋㅌㅊㅍㅠㅜㅡㄲㄸㅃㅆㅉㅒㅖ"] };
const FIRST = [..."ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"];
const MIDDLE = [..."ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"];
const LAST = ["", ..."ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"];
const JOINED = { ㅗㅏ: "ㅘ", ㅗㅐ: "ㅙ", ㅗㅣ: "ㅚ", ㅜㅓ: "ㅝ", ㅜㅔ: "ㅞ", ㅜㅣ: "ㅟ", ㅡㅣ: "ㅢ", ㄱㅅ: "ㄳ", ㄴㅈ: "ㄵ", ㄴㅎ: "ㄶ", ㄹㄱ: "ㄺ", ㄹㅁ: "ㄻ", ㄹㅂ: "ㄼ", ㄹㅅ: "ㄽ", ㄹㅌ: "ㄾ", ㄹㅍ: "ㄿ", ㄹㅎ: "ㅀ", ㅂㅅ: "ㅄ" };

// Text out of the letters as they were typed.
export function compose(letters) {
  let out = "", first = "", middle = "", last = "";
  const flush = () => {
    if (first && middle) out += String.fromCharCode(0xac00 + (FIRST.indexOf(first) * 21 + MIDDLE.indexOf(middle)) * 28 + LAST.indexOf(last));
    else out += first + middle;
    first = middle = last = "";
  };
  for (const letter of letters) {
    if (MIDDLE.includes(letter)) {
      if (last) {
        // The last consonant, or its second half, begins the next syllable.
        const pair = Object.entries(JOINED).find(([, made]) => made === last && !FIRST.includes(made)), moved = pair ? pair[0][1] : last;
        last = pair ? pair[0][0] : "";
        flush();
        first = moved;
        middle = letter;
      } else if (middle && JOINED[middle + letter]) middle = JOINED[middle + letter];
      else { if (middle) flush(); middle = letter; }
    } else if (FIRST.includes(letter)) {
      if (first && middle && !last && LAST.includes(letter)) last = letter;
      else if (last && JOINED[last + letter]) last = JOINED[last + letter];
      else { flush(); first = letter; }
    } else { flush(); out += letter; }
  }
  flush();
  return out;
}

export function keyboard(field) {
  let spoken = language(), letters = [];
  const box = h("div", { class: "keys", role: "group", "aria-label": t("keyboard") });
  function put(change) {
    change();
    field.value = compose(letters);
    field.dispatchEvent(new Event("input"));
  }
  field.addEventListener("keydown", () => setTimeout(() => { letters = [...field.value]; }, 0));
  const key = (face, pressed, kind = "", label = "") => h("button", { type: "button", class: `key ${kind}`, onclick: pressed, "aria-label": label || null, key: `k${label || face}` }, face);
  function draw() {
    refill(box, [...ROWS[spoken].map((row) => h("div", { class: "line" }, [...row].map((letter) => key(letter, () => put(() => letters.push(letter)))))),
      h("div", { class: "line" },
        key(t("other_language_short"), () => { spoken = spoken === "ko" ? "en" : "ko"; draw(); }, "wide", t("keyboard.other")),
        key("", () => put(() => letters.push(" ")), "space", t("keyboard.space")),
        h("button", { type: "button", class: "key wide", "aria-label": t("keyboard.erase"), onclick: () => put(() => letters.pop()) }, icon("erase")))]);
  }
  draw();
  return box;
}
