#!/usr/bin/env node
// Starts the program that the package for this platform carries, and is as good as absent from then on: stdin, stdout
// and stderr are the program's own, a signal goes on to it, and it ends as the program ended.
'use strict';

const { spawn } = require('node:child_process');
const { name } = require('./package.json');

const carrier = `${name}-${process.platform}-${process.arch}`;

function program() {
  try {
    return require.resolve(`${carrier}/bin/molecule-org-mcp${process.platform === 'win32' ? '.exe' : ''}`);
  } catch {
    console.error(
      `molecule-org-mcp: ${carrier} isn't installed. It comes with ${name} where there is one for the platform, ` +
        'unless optional dependencies are left out: install again without --omit=optional.',
    );
    process.exit(1);
  }
}

const child = spawn(program(), process.argv.slice(2), { stdio: 'inherit' });
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
for (const signal of signals) process.on(signal, () => child.kill(signal));

child.on('error', (error) => {
  console.error(`molecule-org-mcp: ${error.message}`);
  process.exit(1);
});
child.on('exit', (code, signal) => {
  if (signal === null) process.exit(code);
  for (const one of signals) process.removeAllListeners(one);
  process.kill(process.pid, signal);
});
