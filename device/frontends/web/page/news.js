// Says to a screen reader what others see: another song, another mood.
import { h } from "./dom.js";
import { listen } from "./live.js";
import { both, t } from "./words.js";

export function news() {
  document.getElementById("news")?.remove();
  const log = h("div", { id: "news", class: "sr", role: "log", "aria-live": "polite", "aria-label": t("news") });
  document.body.append(log);
  let song, mood, asked;
  listen("state", (state) => {
    const playing = state.playing?.id || "", feels = state.by_hand ? `mood.${state.mood_word}` : `class.${state.mood}`;
    if (song !== undefined && playing && playing !== song) say(log, t("news.song", { title: state.playing.title, artist: state.playing.artist || t("no_artist") }));
    if (mood !== undefined && feels !== mood) say(log, t("news.mood", { mood: t(feels) }));
    if (asked !== undefined && state.question && asked !== state.question.id) say(log, both(state.question));
    asked = state.question?.id || "";
    song = playing;
    mood = feels;
  });
}

function say(log, text) {
  log.append(h("p", {}, text));
  while (log.children.length > 6) log.firstChild.remove();
}
