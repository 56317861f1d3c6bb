"use strict";
// The page is complete without this. It adds the reader's own time to every moment, the filter of the
// event log, and opens what is folded before printing.
(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const time of document.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.getTime())) time.title = at.toLocaleString() + " (" + zone + ")";
  }
  const hint = document.getElementById("local-time");
  if (hint) hint.textContent = " Point at a time to read it in yours (" + zone + ").";

  const field = document.getElementById("find-event");
  const rows = [...document.querySelectorAll("#event-log tbody tr")];
  const shown = document.getElementById("events-shown");
  if (field) {
    field.hidden = false;
    field.addEventListener("input", () => {
      const wanted = field.value.trim().toLowerCase();
      let count = 0;
      for (const row of rows) {
        row.hidden = wanted !== "" && !row.textContent.toLowerCase().includes(wanted);
        if (!row.hidden) count += 1;
      }
      shown.textContent = wanted === "" ? "" : count + " of " + rows.length + " events";
    });
  }

  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const details of opened) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
    opened = [];
  });
})();
