"use strict";
// Draws the charts of a page: kinds in terms of what they show, from the JSON in the page. Names are text, whatever they hold.
var autogauge = (function () {
  var SYMBOLS = ["circle", "diamond", "square", "triangle-up", "x", "star", "triangle-down", "cross"];

  function css(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }
  function colour(index) { return css("--c" + (index % 8)); }
  // Plotly reads a few tags in texts: none of ours is meant as one.
  function plain(value, longest) {
    var text = String(value).replace(/[\u0000-\u001f\u007f]/g, " ");
    longest = longest || 48;
    if (text.length > longest) { text = text.slice(0, longest - 1) + "…"; }
    return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  }
  function axis(title, more) {
    return Object.assign({ title: { text: title }, gridcolor: css("--line"), zerolinecolor: css("--line"), linecolor: css("--line"), automargin: true }, more || {});
  }
  function layout(more) {
    return Object.assign({
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: css("--text"), family: "system-ui, sans-serif", size: 13 },
      margin: { l: 60, r: 16, t: 24, b: 48 }, legend: { orientation: "h", y: -0.25 }, hovermode: "closest",
      hoverlabel: { bgcolor: css("--raised"), font: { color: css("--text") } }
    }, more || {});
  }
  function height(rows) { return Math.max(260, 90 + 34 * rows); }

  var kinds = {
    bars: function (chart) {
      var rows = chart.rows.slice().reverse();
      return [[{
        type: "bar", orientation: "h", x: rows.map(function (r) { return r.value; }), y: rows.map(function (r, i) { return i; }),
        error_x: { type: "data", symmetric: false, array: rows.map(function (r) { return r.high - r.value; }), arrayminus: rows.map(function (r) { return r.value - r.low; }), color: css("--text") },
        marker: { color: rows.map(function (r, i) { return colour(rows.length - 1 - i); }) },
        hovertext: rows.map(function (r) { return plain(r.label) + ": " + r.value.toPrecision(4) + " (" + r.low.toPrecision(4) + "–" + r.high.toPrecision(4) + ")"; }), hoverinfo: "text"
      }], layout({ height: height(rows.length), showlegend: false, xaxis: axis(chart.unit, { rangemode: "tozero" }), yaxis: axis("", ticks(rows)) })];
    },
    changes: function (chart) {
      var rows = chart.rows.slice().reverse();
      return [[{
        type: "scatter", mode: "markers", x: rows.map(function (r) { return r.value; }), y: rows.map(function (r, i) { return i; }),
        error_x: { type: "data", symmetric: false, array: rows.map(function (r) { return r.high - r.value; }), arrayminus: rows.map(function (r) { return r.value - r.low; }), color: css("--text") },
        marker: { size: 11, color: rows.map(function (r) { return css({ FAIL: "--fail", PASS: "--pass", IMPROVED: "--better" }[r.word] || "--open"); }), symbol: rows.map(function (r) { return { FAIL: "x", PASS: "circle", IMPROVED: "star" }[r.word] || "diamond-open"; }) },
        hovertext: rows.map(function (r) { return r.word + " " + plain(r.label) + ": " + r.value.toFixed(1) + " %"; }), hoverinfo: "text"
      }], layout({ height: height(rows.length), showlegend: false, xaxis: axis(chart.unit, { zeroline: true, zerolinecolor: css("--text") }), yaxis: axis("", ticks(rows)) })];
    },
    differences: function (chart) {
      // A row without an interval has no whisker: one of width 0 would read as known exactly.
      var rows = chart.rows.slice().reverse();
      return [[{
        type: "bar", orientation: "h", x: rows.map(function (r) { return r.value; }), y: rows.map(function (r, i) { return i; }),
        error_x: { type: "data", symmetric: false, array: rows.map(function (r) { return r.high === null ? NaN : r.high - r.value; }), arrayminus: rows.map(function (r) { return r.low === null ? NaN : r.value - r.low; }), color: css("--text") },
        marker: { color: rows.map(function (r) { return css({ slower: "--fail", faster: "--better" }[r.word] || "--faint"); }) },
        hovertext: rows.map(function (r) { return plain(r.label) + ": " + r.value.toPrecision(3) + " (" + (r.low === null ? "no interval yet" : plain(r.word)) + ")"; }), hoverinfo: "text"
      }], layout({ height: height(rows.length), showlegend: false, xaxis: axis(chart.unit, { zeroline: true, zerolinecolor: css("--text") }), yaxis: axis("", Object.assign(ticks(rows), { ticktext: rows.map(function (r) { return plain(middle(r.label)); }) })) })];
    },
    releases: function (chart) {
      var rows = chart.rows, known = rows.filter(function (r) { return r.value !== null; });
      var places = known.map(function (r) { return rows.indexOf(r); });
      return [[{
        type: "scatter", mode: "lines+markers", x: places, y: known.map(function (r) { return r.value; }), line: { color: css("--faint"), width: 1 },
        error_y: { type: "data", symmetric: false, array: known.map(function (r) { return r.high - r.value; }), arrayminus: known.map(function (r) { return r.value - r.low; }), color: css("--text") },
        marker: { size: 11, color: known.map(function (r) { return css({ slower: "--fail", faster: "--better", base: "--text", INCONCLUSIVE: "--open" }[r.word] || "--pass"); }), symbol: known.map(function (r) { return { slower: "x", faster: "star", base: "square", INCONCLUSIVE: "diamond-open" }[r.word] || "circle"; }) },
        hovertext: known.map(function (r) { return plain(r.label) + ": " + (r.word === "base" ? "the base" : r.value.toFixed(1) + " % (" + r.low.toFixed(1) + " to " + r.high.toFixed(1) + "), " + plain(r.word)); }), hoverinfo: "text"
      }], layout({
        height: 420, showlegend: false, yaxis: axis(chart.unit, { zeroline: true, zerolinecolor: css("--text") }), margin: { l: 60, r: 16, t: 60, b: 48 },
        xaxis: axis("", { tickmode: "array", tickvals: rows.map(function (r, i) { return i; }), ticktext: rows.map(function (r) { return plain(r.label, 24); }), ticklabeloverflow: "allow", range: [-0.5, rows.length - 0.5], gridcolor: "rgba(0,0,0,0)" }),
        shapes: chart.steps.map(function (step) { return { type: "line", x0: step.at, x1: step.at, yref: "paper", y0: 0, y1: 1, line: { color: css("--faint"), dash: "dash", width: 1 } }; }),
        annotations: chart.steps.map(function (step, index) { return { x: step.at, yref: "paper", y: 1, yanchor: "bottom", xanchor: step.at > rows.length / 2 ? "right" : "left", yshift: 16 * (index % 3), showarrow: false, text: plain(step.label), font: { size: 11, color: css("--text") } }; })
      })];
    },
    stack: function (chart) {
      var rows = chart.rows.slice().reverse();
      var order = [7, 6, 4, 0, 1];
      return [chart.parts.map(function (part, index) {
        return { type: "bar", orientation: "h", name: plain(part), x: rows.map(function (r) { return r.parts[part]; }), y: rows.map(function (r, i) { return i; }),
          marker: { color: colour(order[index % 5]), opacity: index < 3 ? 0.45 : 1 }, hovertext: rows.map(function (r) { return plain(r.label) + ", " + plain(part) + ": " + r.parts[part].toPrecision(4) + " ms"; }), hoverinfo: "text" };
      }), layout({ barmode: "stack", height: height(rows.length) + 40, xaxis: axis(chart.unit), yaxis: axis("", ticks(rows)) })];
    },
    timeline: function (chart) {
      return [chart.groups.map(function (group, index) {
        return { type: "scatter", mode: "markers", name: plain(group.name), x: group.x, y: group.y, marker: { size: group.x.length > 800 ? 4 : 7, symbol: SYMBOLS[index], color: colour([0, 5, 2][index]), opacity: 0.8 }, hovertemplate: "%{x:.4f} s: %{y:.3f} ms<extra></extra>" };
      }), layout({
        height: 460, xaxis: axis("s since the call of compile_model", { rangemode: "tozero" }), yaxis: axis("latency, ms", { type: "log", dtick: 1 }), margin: { l: 60, r: 16, t: 90, b: 48 },
        shapes: chart.marks.map(function (mark) { return { type: "line", x0: mark.at, x1: mark.at, yref: "paper", y0: 0, y1: 1, line: { color: css("--faint"), dash: "dash", width: 1 } }; }),
        annotations: chart.marks.map(function (mark, index) { return { x: mark.at, yref: "paper", y: 1, yanchor: "bottom", xanchor: "left", yshift: 16 * (chart.marks.length - 1 - index), showarrow: false, text: plain(mark.label), font: { size: 11, color: css("--text") } }; })
      })];
    },
    curves: function (chart) {
      return [chart.curves.map(function (curve, index) {
        return { type: "scatter", mode: "lines", name: plain(curve.name), x: curve.x, y: curve.y, line: { color: colour(index), dash: ["solid", "dash", "dot", "dashdot"][index % 4], width: 2 }, hovertemplate: "%{y:.1f} % within %{x:.3f} ms<extra>" + plain(curve.name) + "</extra>" };
      }), layout({ height: 420, xaxis: axis("latency, " + chart.unit, { type: "log", dtick: "D1" }), yaxis: axis("% of requests", { range: [0, 101] }) })];
    },
    order: function (chart) {
      var traces = [];
      chart.series.forEach(function (each, index) {
        traces.push({ type: "scatter", mode: "markers", name: plain(each.name), x: each.x, y: each.y, marker: { color: colour(index), symbol: SYMBOLS[index % 8], size: 7 }, hovertemplate: "replicate %{x}: %{y:.4g}<extra>" + plain(each.name) + "</extra>" });
        if (each.disturbed.length) {
          traces.push({ type: "scatter", mode: "markers", name: plain(each.name) + ", disturbed", x: each.disturbed.map(function (p) { return p[0]; }), y: each.disturbed.map(function (p) { return p[1]; }), marker: { color: colour(index), symbol: "x-open", size: 9 }, hovertemplate: "disturbed, replicate %{x}: %{y:.4g}<extra></extra>" });
        }
      });
      return [traces, layout({ height: 420, xaxis: axis("replicate, in the order measured"), yaxis: axis(chart.unit, { rangemode: "tozero" }) })];
    }
  };
  // Layers of a model often begin alike and end alike: on a narrow screen the middle is left out.
  function middle(label) {
    var longest = window.innerWidth < 600 ? 21 : 40, half = Math.floor(longest / 2);
    return label.length > longest ? label.slice(0, half) + "…" + label.slice(-half) : label;
  }
  function ticks(rows) { return { tickmode: "array", tickvals: rows.map(function (r, i) { return i; }), ticktext: rows.map(function (r) { return plain(r.label, 40); }), gridcolor: "rgba(0,0,0,0)" }; }

  function draw(place, made) {
    try {
      Plotly.react(place, made[0], made[1], { displayModeBar: false, responsive: true });
      place.dataset.drawn = "yes";
    } catch (error) {
      place.classList.add("failed");
      place.textContent = "The chart could not be drawn (" + error.message + "). Its numbers are in the table that follows.";
    }
  }
  // Charts are drawn when they come into view, or are printed: opening a page takes a moment then, however long it is.
  function watch(places, drawOne) {
    if (typeof Plotly === "undefined") {
      places.forEach(function (place) { place.classList.add("failed"); place.textContent = "The charts' script is not beside this page: keep the folder “assets” where it was. The numbers are in the table that follows."; });
      return;
    }
    var observer = new IntersectionObserver(function (entries) {
      entries.forEach(function (entry) { if (entry.isIntersecting && entry.target.isConnected) { observer.unobserve(entry.target); drawOne(entry.target); } });
    }, { rootMargin: "300px" });
    places.forEach(function (place) { observer.observe(place); });
    window.addEventListener("beforeprint", function () { places.forEach(function (place) { if (place.isConnected && !place.dataset.drawn) { drawOne(place); } }); });
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", function () {
      places.forEach(function (place) { if (place.isConnected && place.dataset.drawn) { drawOne(place); } });
    });
  }
  var own = document.getElementById("charts");
  if (own) {
    var charts = JSON.parse(own.textContent);
    watch(Array.from(document.querySelectorAll("[data-chart]")), function (place) {
      var chart = charts[place.dataset.chart];
      draw(place, kinds[chart.kind](chart));
    });
  }
  return { css: css, colour: colour, plain: plain, axis: axis, layout: layout, draw: draw, watch: watch };
})();
