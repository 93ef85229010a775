// Draws the curves of the page with uPlot, which stands before this in the same script. Runs in browsers, as it is.
(() => {
  const data = document.getElementById("curves");
  if (data === null) return;
  const charts = JSON.parse(data.textContent);
  const HEIGHT_PX = 200;
  // Told apart by people who see colours differently, and dark or light enough for the ground they are drawn on.
  const COLOURS = {
    light: ["#0b62c4", "#b3470b", "#12703f", "#9a1f7a", "#6b5400", "#4a3fb5", "#00687a", "#a3243b"],
    dark: ["#6db3ff", "#ffa06b", "#6fdc9d", "#f08bd3", "#e6c65c", "#b3a6ff", "#5fd3e6", "#ff8a9a"],
  };
  const DASHES = [undefined, [8, 4]]; // the ninth curve and those after it
  const isDark = matchMedia("(prefers-color-scheme: dark)");
  let plots = [];

  function short(value, unit) {
    if (value === null || value === undefined) return "–";
    if (Math.abs(value) < 1000) return String(Number(value.toPrecision(3)));
    const power = Math.min(4, Math.floor(Math.log10(Math.abs(value)) / 3));
    const letters = unit.startsWith("bytes") ? ["", "K", "M", "G", "T"] : ["", "k", "M", "G", "T"];
    return Number((value / 1000 ** power).toPrecision(3)) + letters[power];
  }

  function clock(seconds) {
    if (seconds === null || seconds === undefined) return "–";
    const whole = Math.round(seconds);
    return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
  }

  /** Down to 0: a curve that hardly moves must look like it. */
  function fromNothing(_, least, most) {
    return [Math.min(0, least ?? 0), (most || 1) * 1.05];
  }

  function optionsFor(chart, width, scheme) {
    const ink = scheme === "dark" ? "#a8a2b6" : "#5f5a6b";
    const grid = { stroke: scheme === "dark" ? "#332f40" : "#e4e1ea", width: 1 };
    const axis = { stroke: ink, grid, ticks: grid, font: "12px system-ui, sans-serif" };
    const colours = COLOURS[scheme];
    const { places } = chart;
    const place = (at) => (places === undefined ? clock(at) : (places[at] ?? ""));
    const dash = (n) => DASHES[Math.floor(n / colours.length) % DASHES.length];
    return {
      width,
      height: HEIGHT_PX,
      // All charts over time show the same moment when one is pointed at.
      cursor: { y: false, ...(places === undefined ? { sync: { key: "run" } } : {}) },
      scales: { x: { time: false }, y: places === undefined ? { range: fromNothing } : { distr: 3 } },
      axes: [
        { ...axis, values: (_, splits) => splits.map(place), space: 60, ...(places === undefined ? {} : { incrs: [1] }) },
        { ...axis, size: 52, values: (_, splits) => splits.map((value) => (value === null ? "" : short(value, chart.unit))) },
      ],
      series: [
        { label: places === undefined ? "time" : "share", value: (_, at) => place(at) },
        ...chart.names.map((label, n) => ({
          label,
          stroke: colours[n % colours.length],
          width: 1.5,
          dash: dash(n),
          spanGaps: true,
          points: { show: chart.columns[0].length < 8 },
          value: (_, value) => short(value, chart.unit),
        })),
      ],
    };
  }

  function draw(scheme) {
    for (const { plot } of plots) plot.destroy();
    plots = [...document.querySelectorAll(".plot")].map((place) => {
      const chart = charts[Number(place.dataset.chart)];
      return { place, plot: new uPlot(optionsFor(chart, place.clientWidth, scheme), chart.columns, place) };
    });
  }

  const drawAsShown = () => draw(isDark.matches ? "dark" : "light");
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === width) return; // a phone's address bar comes and goes
    width = innerWidth;
    for (const { place, plot } of plots) plot.setSize({ width: place.clientWidth, height: HEIGHT_PX });
  });
  isDark.addEventListener("change", drawAsShown);
  // On paper there is light, and nothing can be unfolded.
  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details:not([open])")) {
      details.dataset.folded = "";
      details.open = true;
    }
    draw("light");
  });
  addEventListener("afterprint", () => {
    for (const details of document.querySelectorAll("details[data-folded]")) {
      delete details.dataset.folded;
      details.open = false;
    }
    drawAsShown();
  });
  drawAsShown();
})();
