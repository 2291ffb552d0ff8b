// Theme, filters and live figures of Refinery's pages. Everything works without it, except following Airflow's theme.
"use strict";

(() => {
  const root = document.documentElement;
  const outer = (() => {
    try {
      return window.parent !== window && window.parent.document.documentElement ? window.parent : null;
    } catch {
      return null; // another origin shows us
    }
  })();

  // Airflow marks its own page with the class "dark" or "light", and remembers the choice as "theme".
  const follow = () => {
    const classes = outer ? outer.document.documentElement.classList : null;
    const stored = (() => { try { return localStorage.getItem("theme"); } catch { return null; } })();
    const theme = classes?.contains("dark") ? "dark" : classes?.contains("light") ? "light" : stored;
    if (theme === "dark" || theme === "light") root.dataset.theme = theme;
    const tokens = outer ? outer.getComputedStyle(outer.document.documentElement) : null;
    for (const [ours, theirs] of Object.entries({ paper: "bg", ink: "fg", muted: "fg-muted" })) {
      const color = tokens?.getPropertyValue(`--chakra-colors-${theirs}`);
      if (color) root.style.setProperty(`--${ours}`, color);
    }
  };
  follow();
  if (outer) {
    // Beside Airflow's own panels, which do not shrink, little is left of a narrow window.
    const narrow = outer.matchMedia("(max-width: 60rem)");
    const mark = () => root.toggleAttribute("data-narrow", narrow.matches);
    mark();
    narrow.addEventListener("change", mark);
    // On Airflow's own page of the DAG, what leads there is left out.
    if (new URL(outer.location.href).pathname.includes("/dags/")) root.dataset.place = "dag";
    const watcher = new MutationObserver(follow);
    watcher.observe(outer.document.documentElement, { attributes: true, attributeFilter: ["class"] });
    addEventListener("pagehide", () => watcher.disconnect());
  }

  // A sandboxed frame may not leave itself; a link of Airflow's own page may.
  addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-airflow]");
    if (!link || !outer || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const leave = outer.document.createElement("a");
    leave.href = link.href;
    outer.document.body.append(leave);
    leave.click();
    leave.remove();
  });

  addEventListener("change", (event) => {
    const form = event.target.closest?.("form[data-autosubmit]");
    if (form && event.target.matches("select")) form.requestSubmit();
  });

  // What was still being read when the page was made is shown as soon as it is there.
  const refresh = async (tries) => {
    if (!document.querySelector("[data-pending]") || tries === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 800));
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!answer.ok) return;
    const next = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main");
    const typing = document.activeElement?.matches("input, select");
    if (next && !typing) document.getElementById("main").replaceWith(next);
    refresh(tries - 1);
  };
  // Exactly two models are compared.
  addEventListener("submit", (event) => {
    const wanted = Number(event.target.dataset.choose ?? 0);
    if (!wanted || event.target.querySelectorAll("input[type=checkbox]:checked").length === wanted) return;
    event.preventDefault();
    event.target.querySelector("[data-hint]")?.removeAttribute("hidden");
  });

  addEventListener("DOMContentLoaded", () => refresh(20));
})();
