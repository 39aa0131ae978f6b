// The visitor's questions: what is asked, and what was answered.

import { find, make } from "./dom.js";
import { type Answers, MAX_NUMBER, questions } from "./questions.js";

const cups = find<HTMLInputElement>("#cups");

export function showForm(): void {
  find("#questions").append(
    ...questions.map(({ text }, i) =>
      make(
        "fieldset",
        { class: "question" },
        make("legend", {}, text),
        make("div", { class: "choice" }, choice(i, "yes", i === 0), choice(i, "no", i !== 0)),
      ),
    ),
  );
  cups.max = String(MAX_NUMBER);
  cups.addEventListener("input", () => {
    find("#cups-value").textContent = cups.value;
  });
}

export function readForm(): Answers {
  const yes = questions.map((_, i) => find<HTMLInputElement>(`input[name="question-${i}"][value="yes"]`).checked);
  return { yes, cups: cups.valueAsNumber };
}

function choice(i: number, value: "yes" | "no", checked: boolean): HTMLElement {
  const input = make("input", { type: "radio", name: `question-${i}`, value });
  input.defaultChecked = checked;
  return make("label", {}, input, make("span", {}, value === "yes" ? "Yes" : "No"));
}
