/** Every application component; importing this makes their class paths known. */
export * from './bash.ts';
export * from './copy.ts';
export * from './crc.ts';
export * from './named-ports.ts';
export * from './placeholders.ts';
export * from './process.ts';
export * from './python-values.ts';
export * from './shell-command.ts';
export * from './simple.ts';
export * from './wait.ts';
