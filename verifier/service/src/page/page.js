// Asks how far the request is, and shows it. Texts only: nothing that came from outside is read as markup.
"use strict";
const main = document.querySelector("main");
const waits = () => ["open", "fetched"].includes(main.dataset.state);

function show(now) {
  main.dataset.state = now.state;
  main.querySelector("h2").textContent = now.title;
  main.querySelector(".detail").textContent = now.detail;
  if (!waits()) main.querySelector(".code").replaceChildren();
  const list = main.querySelector("dl");
  list.replaceChildren();
  for (const [name, value] of now.claims) {
    for (const [tag, text] of [["dt", name], ["dd", value]]) {
      list.appendChild(document.createElement(tag)).textContent = text;
    }
  }
}

async function watch() {
  try {
    const answer = await fetch(`${location.pathname}/state`, { cache: "no-store" });
    if (answer.ok) show(await answer.json());
  } catch {
    // No connection for the moment: the next round may have one.
  }
  // What was shown of the holder goes away with the outcome.
  if (main.dataset.state !== "gone") setTimeout(watch, waits() ? 1500 : 5000);
}

if (main.dataset.state !== "gone") setTimeout(watch, 1500);
