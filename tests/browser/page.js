// The test tells the page what to do, one command after the other, and the page says what came of it.

import { Call } from "/call.js";

// One after the other, so that what happened first is told first.
let last = Promise.resolve();
const told = (what) => (last = last.then(() => fetch("/told", { method: "POST", body: JSON.stringify(what) })));
let call;

const commands = {
  open: () => {
    call?.hangUp();
    const mine = new Call((event) => call === mine && told({ event }));
    call = mine;
  },
};

window.addEventListener("unhandledrejection", ({ reason }) => told({ fault: String(reason?.stack ?? reason) }));

for (;;) {
  const { id, name, argument } = await (await fetch("/next")).json();
  try {
    const value = await (commands[name] ?? ((given) => call[name](given)))(argument);
    await told({ id, value: value ?? null });
  } catch (fault) {
    await told({ id, fault: String(fault?.stack ?? fault) });
  }
}
