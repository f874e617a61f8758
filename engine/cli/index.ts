/** The door of the cli room. */
export { main, makeProgram } from './program.ts';
