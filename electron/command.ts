/** The installed `weir` is one program: with a command it is the command line, else the window. */

/**
 * The arguments for the command line when a packaged application is started as one (`weir run GRAPH`), else undefined.
 * Only a plain word is a command; a file or a switch opens the window. `--no-sandbox` in front is the launcher's, for
 * root: a command loads no page.
 */
export function commandArguments(argv: readonly string[]): string[] | undefined {
  const args = argv.slice(1);
  if (args[0] === '--no-sandbox') args.shift();
  const [first = ''] = args;
  const isWord = /^[a-z][a-z-]*$/.test(first);
  return isWord || first === '--help' || first === '--version' ? args : undefined;
}
