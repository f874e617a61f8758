/** Every application component; importing this makes their class paths known. */
export * from './arrays.ts';
export * from './bash.ts';
export * from './branch.ts';
export * from './copy.ts';
export * from './crc.ts';
export * from './gather-scatter.ts';
export * from './named-ports.ts';
export * from './pick-one.ts';
export * from './placeholders.ts';
export * from './process.ts';
export * from './python-values.ts';
export * from './shell-command.ts';
export * from './simple.ts';
export * from './wait.ts';
