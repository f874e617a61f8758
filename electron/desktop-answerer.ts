/** The shell's own methods and topics, in front of the Host's. */
import { basename } from 'node:path';
import { DESKTOP_TOPIC, OPEN_GRAPH_DIALOG, type ChosenGraph } from './contract.ts';
import type { Inbox } from './inbox.ts';
import type { Answerer } from './ipc.ts';

export interface DesktopParts {
  readonly host: Answerer;
  readonly inbox: Inbox;
  /** The native dialog: the chosen path, or undefined when the user cancelled. */
  readonly chooseGraph: () => Promise<string | undefined>;
}

/** Answers `desktop…` itself and hands everything else to the Host. */
export function desktopAnswerer({ host, inbox, chooseGraph }: DesktopParts): Answerer {
  return {
    call: async (method, params) => {
      if (method !== OPEN_GRAPH_DIALOG) return host.call(method, params);
      const file = await chooseGraph();
      return file === undefined ? null : chosen(file);
    },
    subscribe: (topic, params, listener) =>
      topic === DESKTOP_TOPIC ? inbox.listen(listener) : host.subscribe(topic, params, listener),
  };
}

/** A file as the page is told of it. */
export function chosen(file: string): ChosenGraph {
  return { path: file, name: basename(file) };
}
