"use strict";
// Where the figures of the trends are put by the files that hold them.
var trends = { series: {}, runs: null };
