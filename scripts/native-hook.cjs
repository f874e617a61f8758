'use strict';
// Loaded in every process of the stand-in Electron: a native module that this runtime is
// too old for comes from the runtime's own resources/native/<package>.node instead.
const fs = require('node:fs');
const path = require('node:path');
const Module = require('node:module');
const ours = new Set(fs.readdirSync(__dirname).filter((f) => f.endsWith('.node')));
const load = Module._extensions['.node'];
Module._extensions['.node'] = function (module, filename) {
  const pkg =
    filename
      .split(/[\\/]node_modules[\\/]/)
      .pop()
      .split(/[\\/]/)[0] + '.node';
  return load.call(this, module, ours.has(pkg) ? path.join(__dirname, pkg) : filename);
};
