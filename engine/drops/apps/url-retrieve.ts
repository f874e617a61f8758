/** Data from the web as a drop (spec/engine.md 6.9). */
import { DaliugeException, InvalidDropException, messageOf } from '../../protocol/index.ts';
import { BarrierAppDROP } from '../app-drop.ts';
import type { DropKwargs } from '../drop.ts';
import { readParams, stringParam } from '../params.ts';
import { registerDrop } from '../registry.ts';
import { describeApp } from './python-values.ts';

/** How long a server may say nothing, in milliseconds (as upstream). */
const SILENCE_MS = 30_000;

const PARAMS = { url: stringParam('url', '', 'Address to read from') } as const;

/**
 * Reads an address with GET and writes the body to all outputs, piece by piece. An answer of 400 and above is an
 * error here; upstream stores the server's error page as if it were the data.
 */
export class UrlRetrieveApp extends BarrierAppDROP {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>> = {};
  #status: number | undefined;
  #received = 0;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    const url = readParams(PARAMS, kwargs, this.uid).url.trim();
    if (!URL.canParse(url)) {
      this.#url = url;
      return;
    }
    const address = new URL(url);
    const { username, password } = address;
    if (username === '' && password === '') {
      this.#url = url;
      return;
    }
    // They go into a header, and into no message, fact or log.
    const secret = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    this.#headers = { Authorization: `Basic ${Buffer.from(secret).toString('base64')}` };
    address.username = '';
    address.password = '';
    this.#url = address.href;
  }

  /** The address, without user and password. */
  get url(): string {
    return this.#url;
  }

  override get facts(): Readonly<Record<string, unknown>> {
    return { url: this.#url, httpStatus: this.#status, receivedBytes: this.#received };
  }

  override async run(): Promise<void> {
    if (!URL.canParse(this.#url) || !/^https?:/.test(this.#url))
      throw new InvalidDropException(
        `${describeApp(this)} needs a web address (http or https) in its parameter "url", but has ${JSON.stringify(this.#url)}.`,
        { details: { uid: this.uid, url: this.#url } },
      );
    if (this.outputs.length === 0)
      throw new InvalidDropException(`${describeApp(this)} has no output for what it reads; link one.`);
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), SILENCE_MS);
    try {
      await this.#retrieve(AbortSignal.any([this.signal, silence.signal]), () => {
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENCE_MS);
      });
    } catch (cause) {
      if (cause instanceof DaliugeException || this.signal.aborted) throw cause;
      const why = silence.signal.aborted
        ? `the server was silent for ${SILENCE_MS / 1000} s`
        : messageOf((cause as Error).cause ?? cause);
      throw new DaliugeException('REMOTE', `${describeApp(this)} could not read ${this.#url}: ${why}.`, {
        cause,
        details: { uid: this.uid, url: this.#url, receivedBytes: this.#received },
      });
    } finally {
      clearTimeout(timer);
    }
  }

  async #retrieve(signal: AbortSignal, heard: () => void): Promise<void> {
    this.#received = 0;
    const response = await fetch(this.#url, { signal, headers: this.#headers });
    this.#status = response.status;
    if (response.status >= 400) {
      await response.body?.cancel();
      throw new DaliugeException(
        'REMOTE',
        `${describeApp(this)} could not read ${this.#url}: the server answered ${response.status} ${response.statusText}.`,
        { details: { uid: this.uid, url: this.#url, httpStatus: response.status } },
      );
    }
    for await (const chunk of response.body ?? []) {
      heard();
      for (const output of this.outputs) await output.writeOrThrow(chunk as Uint8Array);
      this.#received += (chunk as Uint8Array).length;
      // A slow output is not the server's silence.
      heard();
    }
  }
}

registerDrop(UrlRetrieveApp, 'dlg.apps.simple.UrlRetrieveApp');
