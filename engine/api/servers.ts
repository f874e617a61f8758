/**
 * The HTTP servers, loaded when one is wanted: what they are made of takes longer to load than all the rest, and a Host
 * loads it while its history is opened. Windows and commands do without.
 */
import type { HttpOptions, HttpServer, Listening } from './http-server.ts';
import type { TranslatorFiles } from './translator-files.ts';

export type { HttpOptions, HttpServer };

/** A server that is told later what it serves. */
export async function httpServer(options: HttpOptions): Promise<HttpServer> {
  const { HttpServer: Server } = await import('./http-server.ts');
  return Server.make(options);
}

/** A translator of its own, as `weir tm` runs it: its REST routes and nothing else (spec/translator.md 16). */
export async function translatorServer(
  options: HttpOptions & { readonly translatorFiles: TranslatorFiles },
): Promise<Listening> {
  const { startTranslator } = await import('./http-server.ts');
  return startTranslator(options);
}
