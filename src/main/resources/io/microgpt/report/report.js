// Reads out the values under the pointer. Without it the page is complete.
for (const chart of document.querySelectorAll("svg.chart")) {
  const readout = chart.parentNode.querySelector(".readout");
  const rule = chart.querySelector(".rule");
  const lines = Array.from(chart.querySelectorAll("polyline")).map(line => ({
    name: line.dataset.name,
    x: line.getAttribute("points").split(" ").map(parseFloat),
    steps: line.dataset.steps.split(" "),
    values: line.dataset.values.split(" "),
  }));
  const nearest = (all, x) => all.reduce((best, value, i) => Math.abs(all[best] - x) > Math.abs(value - x) ? i : best, 0);
  chart.addEventListener("pointermove", event => {
    const box = chart.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width * chart.viewBox.baseVal.width;
    const longest = lines.reduce((best, line) => line.x.length > best.x.length ? line : best);
    const at = nearest(longest.x, x);
    rule.setAttribute("x1", longest.x[at]);
    rule.setAttribute("x2", longest.x[at]);
    rule.style.visibility = "visible";
    readout.textContent = "step " + longest.steps[at] + ": " + lines.map(line => {
      const i = nearest(line.x, longest.x[at]);
      return line.name + " " + line.values[i] + (line.steps[i] === longest.steps[at] ? "" : " (step " + line.steps[i] + ")");
    }).join(", ");
  });
  chart.addEventListener("pointerleave", () => {
    rule.style.visibility = "hidden";
    readout.textContent = "";
  });
}
