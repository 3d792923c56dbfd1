"use strict";
// The trends of a history: which are shown, by the filters, and how one is drawn. Figures are loaded when their chart comes into view.
(function () {
  var AT_ONCE = 12, NOT_WORTH_A_BUTTON = 6, MOST = 1500;
  var all = JSON.parse(document.getElementById("trends-data").textContent), loading = {};
  var form = document.getElementById("filters"), list = document.getElementById("charts-of-trends");
  var buttons = ["more-above", "more"].map(function (id) { return document.getElementById(id); }), status = document.getElementById("shown");
  var runs = trends.runs, limit = AT_ONCE, places = [], odd = "";

  function choice(name) { return form.elements[name] ? form.elements[name].value : ""; }
  function chosenStandings() { return Array.from(form.querySelectorAll("[name=standing]:checked")).map(function (each) { return Number(each.value); }); }
  // A label may be called anything, also like something that every object has.
  function labelOf(each, key) { return Object.prototype.hasOwnProperty.call(each.labels, key) ? each.labels[key] : ""; }
  var byLabel = Array.from(form.elements).filter(function (each) { return each.dataset.label !== undefined; });
  function wanted() {
    return all.filter(function (each) {
      return ["machine", "model"].every(function (name) { return !choice(name) || each[name] === choice(name); }) &&
        byLabel.every(function (select) { return !select.value || labelOf(each, select.dataset.label) === select.value; }) &&
        (!choice("openvino") || each.releases.some(function (row) { return row[0] === choice("openvino"); }));
    });
  }
  // By the values of a label, in the order in which its filter has them; what has no such label comes last.
  function grouped(found) {
    var key = choice("group"), select = byLabel.find(function (each) { return each.dataset.label === key; });
    if (!select) { return found; }
    var order = Array.from(select.options).map(function (option) { return option.value; });
    function place(each) { var at = order.indexOf(labelOf(each, key)); return at > 0 ? at : order.length; }
    return found.slice().sort(function (a, b) {
      var one = labelOf(a, key), other = labelOf(b, key);
      return place(a) - place(b) || !one - !other || (one < other ? -1 : one > other ? 1 : 0);
    });
  }
  function make(tag, text, more) { var made = document.createElement(tag); if (text !== undefined) { made.textContent = text; } Object.assign(made, more || {}); return made; }
  function short(text, most) { most = most || 200; return text.length > most ? text.slice(0, most) + "…" : text; }

  function nameOf(each) { return [each.benchmark, each.machine, each.model].map(function (text) { return text.slice(0, 100); }).join(", ") + " (" + each.id + ")"; }

  function section(each, level) {
    var made = make("section"), title = make(level, short(each.benchmark), { id: each.id });
    made.setAttribute("aria-label", nameOf(each));
    made.appendChild(title);
    made.appendChild(make("p", short(each.machine) + ", " + short(each.model) + (each.words ? ", " + short(each.words, 400) : "") + (each.emulated ? ", EMULATED GPU" + (each.emulated === "emulated" ? "" : " (" + short(each.emulated) + ")") : "") + ": " + each.count + (each.count === 1 ? " run" : " runs") +
      ". " + (each.by_ratio ? "Levels are of the ratio to the pinned workload." : "Levels are of " + (each.unit === "ms" ? "milliseconds" : each.unit) + "."), { className: "how" }));
    var said = each.says.concat(each.seen);
    if (said.length || each.alerts.length) {
      var words = make("ul", undefined, { className: "said" });
      each.alerts.forEach(function (alert) { words.appendChild(make("li", short(alert.text, 600), { className: alert.asks ? "alert asks" : "alert" })); });
      said.forEach(function (text) { words.appendChild(make("li", short(text, 400))); });
      made.appendChild(words);
    }
    var chart = make("div", "", { className: "chart" });
    chart.setAttribute("role", "img");
    chart.setAttribute("aria-label", nameOf(each) + ": trend over runs; its numbers are in the table that follows");
    chart.dataset.trend = each.id;
    made.appendChild(chart);
    made.appendChild(tableOf(each));
    places.push(chart);
    return made;
  }
  function tableOf(each) {
    var box = make("div", undefined, { className: "scroll", tabIndex: 0 }), table = make("table"), head = make("tr"), body = make("tbody"), top = make("thead");
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", nameOf(each) + ": table by release");
    table.appendChild(make("caption", "Runs by OpenVINO release; figures of the accepted ones, of all where none is"));
    ["release", "runs", "accepted", "median " + each.unit, "lowest " + each.unit, "highest " + each.unit, "median ratio"].forEach(function (name, index) { var cell = make("th", name, { scope: "col", className: index ? "number" : "" }); head.appendChild(cell); });
    top.appendChild(head); table.appendChild(top);
    each.releases.forEach(function (row) {
      var line = make("tr");
      row.forEach(function (value, index) { line.appendChild(index ? make("td", value, { className: "number" }) : make("th", short(value), { scope: "row" })); });
      body.appendChild(line);
    });
    table.appendChild(body); box.appendChild(table);
    return box;
  }

  function load(id, then) {
    if (trends.series[id]) { then(trends.series[id]); return; }
    var file = list.dataset.folder + all.find(function (one) { return one.id === id; }).file + ".js";
    if (loading[file]) { loading[file].push(function () { load(id, then); }); return; }
    var waiting = loading[file] = [];
    var script = make("script", undefined, { src: file });
    script.onload = function () { delete loading[file]; then(trends.series[id]); waiting.forEach(function (each) { each(); }); };
    script.onerror = function () {
      delete loading[file];
      places.filter(function (p) { return p.dataset.trend === id; }).forEach(function (p) { p.classList.add("failed"); p.textContent = "The figures (" + file + ") are not beside this page."; });
      waiting.forEach(function (each) { each(); });
    };
    document.head.appendChild(script);
  }
  function hover(point) {
    var run = point.run;
    var when = runs.when[run] === null ? "" : new Date(runs.when[run]).toISOString().slice(0, 16).replace("T", " ") + " UTC";
    return "run " + String(runs.number[run]).padStart(4, "0") + " " + when + "<br>openvino " + autogauge.plain(point.release) + ", " + runs.standings[point.standing] + "<br>" + point.y.toPrecision(5);
  }
  // Of very many points, the lowest and the highest of each stretch look the same as all; what is not accepted is always drawn.
  function thin(points) {
    if (points.length <= MOST) { return points; }
    var kept = [], size = points.length / (MOST / 2);
    for (var at = 0; at < points.length; at += size) {
      var part = points.slice(Math.floor(at), Math.floor(at + size));
      if (!part.length) { continue; }
      var low = part[0], high = part[0];
      part.forEach(function (p) { if (p.y < low.y) { low = p; } if (p.y > high.y) { high = p; } });
      kept.push.apply(kept, low === high ? [low] : (low.run < high.run ? [low, high] : [high, low]));
    }
    return kept;
  }
  // Of a few points, or of points that are all alike, a chart by itself zooms in on nothing: to ticks of ten digits, times below zero, and
  // halves of runs. So there is room around them that means something: a tenth of the figure, or a hundredth; a day; half a run.
  var FEW = 4, FEW_RUNS = 12, DAY_MS = 864e5;
  function around(values, points) {
    var low = Math.min.apply(null, values), high = Math.max.apply(null, values);
    var least = points < FEW ? 0.1 * high : 0.01 * high;
    if (!values.length || !(high > 0) || (points >= FEW && high - low >= least)) { return {}; }
    var room = Math.max(least, 0.1 * (high - low));
    return { range: [Math.max(0, low - room), high + room], nticks: 6 };
  }
  function along(xs, count) {
    var known = xs.filter(function (x) { return x !== null && x !== undefined; });
    if (choice("x") !== "date") { return count <= FEW_RUNS ? { range: [0.5, count + 0.5], tickmode: "linear", tick0: 1, dtick: 1 } : {}; }
    var moments = known.map(Number), low = Math.min.apply(null, moments), high = Math.max.apply(null, moments);
    return known.length && high - low < DAY_MS ? { range: [new Date(low - DAY_MS / 2), new Date(high + DAY_MS / 2)], nticks: 6 } : {};
  }
  function drawTrend(place) {
    var each = all.find(function (one) { return one.id === place.dataset.trend; });
    load(each.id, function (series) {
      var place_of = new Map(series.run.map(function (run, index) { return [run, index + 1]; }));
      function xOf(run) { return choice("x") === "date" ? (runs.when[run] === null ? null : new Date(runs.when[run])) : place_of.get(run); }
      function line(x, dash) { return { type: "line", x0: x, x1: x, yref: "paper", y0: 0, y1: 1, line: { color: autogauge.css("--faint"), dash: dash, width: 1 } }; }
      var byRatio = choice("value") === "ratio" && each.by_ratio, values = byRatio ? series.ratio : series.shown;
      var standings = chosenStandings(), release = choice("openvino"), groups = [[], [], []], total = 0;
      series.run.forEach(function (run, index) {
        if (values[index] === null || (release && runs.releases[series.release[index]] !== release)) { return; }
        groups[series.standing[index]].push({ run: run, y: values[index], standing: series.standing[index], release: runs.releases[series.release[index]] });
      });
      var looks = [["accepted", "circle", autogauge.colour(0), 7], ["quarantined", "x", autogauge.css("--fail"), 9], ["pending", "diamond-open", autogauge.css("--open"), 10]];
      var traces = [];
      groups.forEach(function (points, index) {
        if (standings.indexOf(index) < 0 || !points.length) { return; }
        total += points.length;
        var drawn = thin(points);
        traces.push({ type: "scatter", mode: index === 0 && drawn.length < 400 ? "lines+markers" : "markers", name: looks[index][0] + (drawn.length < points.length ? " (" + drawn.length + " of " + points.length + " drawn: lowest and highest of each stretch)" : ""),
          x: drawn.map(function (p) { return xOf(p.run); }), y: drawn.map(function (p) { return p.y; }), text: drawn.map(hover), hoverinfo: "text",
          line: { color: looks[index][2], width: 1 }, marker: { color: looks[index][2], symbol: looks[index][1], size: drawn.length > 400 ? 4 : looks[index][3] } });
      });
      var shapes = [], notes = [];
      var own = byRatio === each.by_ratio;
      if (own && !release) {
        [["level", "--text"], ["level of quarantined runs", "--fail"], ["level of pending runs", "--open"]].forEach(function (kind, standing) {
          var x = [], y = [];
          each.levels.forEach(function (level) {
            if (level[3] !== standing) { return; }
            var value = byRatio ? level[2] : level[2] * each.factor;
            x.push(xOf(level[0]), xOf(level[1]), null); y.push(value, value, null);
          });
          if (x.length) { traces.push({ type: "scatter", mode: "lines", name: kind[0], x: x, y: y, line: { color: autogauge.css(kind[1]), width: standing ? 3 : 2 }, hoverinfo: "skip" }); }
        });
        each.levels.forEach(function (level) {
          if (level[3] !== 1) { return; }
          shapes.push({ type: "rect", x0: xOf(level[0]), x1: xOf(level[1]), yref: "paper", y0: 0, y1: 1, layer: "below", line: { width: 0 }, fillcolor: autogauge.css("--fail"), opacity: 0.08 });
        });
      }
      each.alerts.slice(-10).forEach(function (alert) {
        if (alert.run === null) { return; }
        notes.push({ x: xOf(alert.run), yref: "paper", y: 0, yanchor: "bottom", showarrow: false, text: alert.asks ? "alert" : "alert, " + autogauge.plain(alert.state.split(/[ :]/)[0]), font: { color: autogauge.css(alert.asks ? "--fail" : "--faint"), size: 12 } });
      });
      each.changes.slice(-30).forEach(function (change) {
        shapes.push(line(xOf(change[0]), "dash"));
        notes.push({ x: xOf(change[0]), yref: "paper", y: 1, yanchor: "bottom", showarrow: false, text: (change[1] > 0 ? "+" : "") + (100 * change[1]).toFixed(1) + " %", font: { color: autogauge.css("--text"), size: 12 } });
      });
      for (var at = 1, marked = 0; at < series.run.length && marked < 20; at += 1) {
        if (runs.fingerprint[series.run[at]] !== runs.fingerprint[series.run[at - 1]]) { shapes.push(line(xOf(series.run[at]), "dot")); marked += 1; }
      }
      var drawnAt = [], drawnAs = [];
      traces.forEach(function (trace) { trace.x.forEach(function (x, index) { if (trace.y[index] !== null) { drawnAt.push(x); drawnAs.push(trace.y[index]); } }); });
      place.dataset.points = total;
      autogauge.draw(place, [traces, autogauge.layout({ height: 360, shapes: shapes, annotations: notes, showlegend: true, margin: { l: 60, r: 16, t: 36, b: 48 },
        xaxis: autogauge.axis(choice("x") === "date" ? "date (UTC)" : "run, in the order measured", along(drawnAt, series.run.length)), yaxis: autogauge.axis(byRatio ? "÷ pinned workload" : each.unit, around(drawnAs, total)) })]);
    });
  }

  function show() {
    var found = grouped(wanted()), some = found.slice(0, found.length <= limit + NOT_WORTH_A_BUTTON ? found.length : limit), key = choice("group"), last, made = [];
    places = [];
    some.forEach(function (each) {
      var value = key && labelOf(each, key);
      if (key && value !== last) { made.push(make("h3", short(key) + ": " + (value ? short(value) : "none"), { className: "group" })); last = value; }
      made.push(section(each, key ? "h4" : "h3"));
    });
    list.replaceChildren.apply(list, made);
    status.textContent = some.length + " of " + found.length + " trends shown" + (found.length < all.length ? " (" + all.length + " in all)" : "") + (odd ? ". " + odd : "");
    buttons.forEach(function (each) { each.hidden = found.length <= some.length; });
    autogauge.watch(places, drawTrend);
  }
  // The filters stand in the address, so that a view can be sent to somebody: what is as it is at first is left out.
  var STANDINGS = runs.standings;
  function write() {
    var said = new URLSearchParams(), shown = chosenStandings();
    Array.from(form.elements).forEach(function (each) {
      if ((each.tagName === "SELECT" && each.value) || (each.type === "radio" && each.checked && !each.defaultChecked)) { said.set(each.name, each.value); }
    });
    if (shown.length < STANDINGS.length) { said.set("standing", shown.map(function (each) { return STANDINGS[each]; }).join(" ")); }
    odd = "";
    history.replaceState(null, "", "#" + said.toString());
  }
  function takeUp(name, value) {
    var own = Array.from(form.elements).filter(function (each) { return each.name === name; }), words = value.split(" ").filter(Boolean);
    if (name === "standing") {
      own.forEach(function (each) { each.checked = words.indexOf(STANDINGS[Number(each.value)]) >= 0; });
      return words.every(function (word) { return STANDINGS.indexOf(word) >= 0; });
    }
    return own.some(function (each) {
      if (each.tagName === "SELECT") { each.value = value; if (each.value !== value) { each.value = ""; return false; } return true; }
      if (each.type === "radio" && each.value === value) { each.checked = true; return true; }
      return false;
    });
  }
  function read() {
    var unknown = [];
    form.reset();
    new URLSearchParams(location.hash.slice(1)).forEach(function (value, name) { if (!takeUp(name, value)) { unknown.push(short(name, 60) + "=" + short(value, 60)); } });
    odd = unknown.length ? "The address asks for " + unknown.join(", ") + ": there is no such choice here" : "";
    limit = AT_ONCE;
  }
  function hasFilters() { return location.hash.indexOf("=") > 0; }
  form.addEventListener("change", function (event) {
    write();
    if (["standing", "value", "x"].indexOf(event.target.name) >= 0) { places.forEach(function (place) { if (place.dataset.drawn) { drawTrend(place); } }); return; }
    limit = AT_ONCE;
    show();
  });
  buttons.forEach(function (each) { each.addEventListener("click", function () { limit += AT_ONCE; show(); }); });
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  // A trend that the address names is shown, wherever it stands and whatever the filters say.
  function reveal() {
    if (hasFilters()) { read(); show(); return; }
    var id = location.hash.slice(1);
    function at() { return grouped(wanted()).findIndex(function (each) { return each.id === id; }); }
    if (!all.some(function (each) { return each.id === id; })) {
      if (/^(t[0-9a-f]{12}|s[0-9]{5,})$/.test(id)) { odd = "The trend that the address names is not on this page"; show(); }
      return;
    }
    odd = "";
    if (at() < 0) { form.reset(); }
    limit = Math.max(limit, at() + 1);
    show();
    var title = document.getElementById(id);
    title.tabIndex = -1;
    title.scrollIntoView({ behavior: "instant" });
    title.focus({ preventScroll: true });
  }
  window.addEventListener("hashchange", reveal);
  window.addEventListener("load", reveal);  // a browser looks for what the address names by itself before that, and finds nothing
  if (hasFilters()) { read(); }
  show();
})();
