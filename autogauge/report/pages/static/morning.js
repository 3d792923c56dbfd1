"use strict";
// The morning's table: which machines and benchmarks are shown. The filters stand in the address, so that a view can be sent to somebody.
(function () {
  var form = document.getElementById("filters"), table = document.getElementById("lab"), status = document.getElementById("shown");
  var body = table.tBodies[0], rows = Array.from(body.rows), heads = Array.from(table.tHead.rows[0].cells);
  var fields = ["machine", "benchmark", "show"], odd = "";
  Array.from(table.querySelectorAll("a[aria-label]")).forEach(function (each) { each.title = each.getAttribute("aria-label"); });

  var FIRST = 3;  // columns before those of benchmarks
  function isTagged(cell, tag) { return Boolean(cell && cell.dataset.tags && has(cell.dataset.tags, tag)); }
  function has(tags, tag) { return tags.split(" ").indexOf(tag) >= 0; }
  function show() {
    var machine = form.elements.machine.value.trim().toLowerCase(), tag = form.elements.show.value, name = form.elements.benchmark.value;
    var column = name ? heads.findIndex(function (each) { return each.dataset.benchmark === name; }) : -1, count = 0;
    var order = rows.slice();
    if (column >= 0) {
      var place = function (row) { return (row.cells[column] && row.cells[column].dataset.order) || "9"; };
      order.sort(function (a, b) { return place(a) < place(b) ? -1 : place(a) > place(b) ? 1 : 0; });
    }
    order.forEach(function (row) {
      var cell = column >= 0 ? row.cells[column] : null;
      var tags = cell && cell.dataset.tags !== undefined ? cell.dataset.tags : column >= 0 ? "" : row.dataset.tags;
      if (tag === "late" && has(row.dataset.tags, "late")) { tags += " late"; }
      row.hidden = Boolean((machine && row.dataset.machine.toLowerCase().indexOf(machine) < 0) || (tag && !has(tags, tag)));
      count += row.hidden ? 0 : 1;
    });
    var columns = heads.map(function (each, at) { return at < FIRST || (column >= 0 ? at === column : !tag || tag === "late" || order.some(function (row) { return !row.hidden && isTagged(row.cells[at], tag); })); });
    var shown = columns.filter(Boolean).length - FIRST;
    heads.forEach(function (each, at) { each.hidden = !columns[at]; });
    rows.forEach(function (row) { Array.from(row.cells).forEach(function (each, at) { if (at >= FIRST && each.colSpan === 1) { each.hidden = !columns[at]; } }); });
    body.append.apply(body, order);
    tell();
    status.textContent = count + " of " + rows.length + (rows.length === 1 ? " machine" : " machines") + (shown < heads.length - FIRST ? " and " + shown + " of " + (heads.length - FIRST) + " benchmarks" : "") + " shown" + (odd ? ". " + odd : "");
  }
  var wider = document.getElementById("wider"), box = table.parentElement;
  function tell() { wider.hidden = box.scrollWidth <= box.clientWidth + 1; }
  new ResizeObserver(tell).observe(box);
  function read() {
    var said = new URLSearchParams(location.hash.indexOf("=") > 0 ? location.hash.slice(1) : "");
    var unknown = [];
    fields.forEach(function (name) {
      var value = said.get(name) || "", each = form.elements[name];
      each.value = value;
      if (each.value !== value) { each.value = ""; unknown.push(name + "=" + value.slice(0, 60)); }
    });
    said.forEach(function (value, name) { if (fields.indexOf(name) < 0) { unknown.push(name.slice(0, 60) + "=" + value.slice(0, 60)); } });
    odd = unknown.length ? "The address asks for " + unknown.join(", ") + ": there is no such choice here" : "";
    show();
  }
  function write() {
    var said = new URLSearchParams();
    fields.forEach(function (name) { if (form.elements[name].value) { said.set(name, form.elements[name].value); } });
    odd = "";
    history.replaceState(null, "", "#" + said.toString());
    show();
  }
  form.addEventListener("input", write);
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  function taken() {
    if (location.hash.indexOf("=") <= 0) { return; }
    read();
    document.getElementById("lab-title").scrollIntoView({ behavior: "instant" });
  }
  window.addEventListener("hashchange", taken);
  window.addEventListener("load", taken);
  read();
})();
