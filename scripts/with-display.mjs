// node scripts/with-display.mjs COMMAND ARGS…   runs a command with a display and a D-Bus, private ones where needed.
import { spawn } from 'node:child_process';
import { withDisplay } from './lib/display.mjs';
import { passOn } from './lib/node.mjs';
import { say, sentence } from './lib/project.mjs';

try {
  const [program, ...args] = withDisplay(process.argv.slice(2));
  const child = spawn(program, args, { stdio: 'inherit' });
  child.on('error', (error) => {
    say(`${program} cannot be started: ${sentence(error)}`);
    process.exitCode = 1;
  });
  passOn(child);
} catch (error) {
  say(sentence(error));
  process.exitCode = 1;
}
