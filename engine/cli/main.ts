/** Entry of the `weir` command. */
import { countArraysAsObjects } from '../host/index.ts';
import { main } from './index.ts';

// A reader that went away (weir history | head) is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

countArraysAsObjects();
await main(process.argv.slice(2));
