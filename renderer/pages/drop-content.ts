/** The content of a data drop: as text, JSON, an image or a hex dump, a part at a time. */
import { LitElement, css, html, nothing, type PropertyValues } from 'lit';
import type { DropRow } from '../../engine/api/contract.ts';
import '../components/code-block.ts';
import '../components/copy-button.ts';
import '../components/icon.ts';
import '../components/notice.ts';
import type { Client } from '../data/client.ts';
import { bytesOf, hexDump, kindOf, prettyJson, textOf, type ContentKind } from '../data/content.ts';
import { HostError, toHostError } from '../data/errors.ts';
import { notifyError } from '../events.ts';
import { S } from '../strings.ts';
import { base, controls, panel } from '../styles/shared.ts';

const PART_BYTES = 65_536;
/** A multiple of three, so that pieces of base64 can be put together as they are. */
const CHUNK_BYTES = 1_048_575;
const MAX_IMAGE_BYTES = 16_000_000;
const MAX_SAVED_BYTES = 512_000_000;

type Look = 'text' | 'json' | 'hex' | 'image';

interface Piece {
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly totalBytes: number | null;
  /** Whether these are all the bytes. */
  readonly isWhole: boolean;
}

/** Ways to look at a kind of content, the best first. */
const LOOKS: Readonly<Record<ContentKind, readonly Look[]>> = {
  empty: [],
  png: ['image', 'hex'],
  jpeg: ['image', 'hex'],
  json: ['json', 'text', 'hex'],
  text: ['text', 'hex'],
  binary: ['hex'],
};

/**
 * @prop client - where to ask
 * @prop sessionId - which session
 * @prop drop - which drop
 * @prop path - where its content is on the Host's disk, or null
 * @prop version - another number: the content may have changed
 */
export class WeirDropContent extends LitElement {
  static override properties = {
    client: { attribute: false },
    sessionId: { attribute: false },
    drop: { attribute: false },
    path: { attribute: false },
    version: { attribute: false },
    piece: { state: true },
    kind: { state: true },
    look: { state: true },
    imageUrl: { state: true },
    reason: { state: true },
    error: { state: true },
    isSaving: { state: true },
  };
  static override styles = [
    base,
    controls,
    panel,
    css`
      img {
        display: block;
        max-width: 100%;
        max-height: 60vh;
        border: 1px solid var(--color-line);
        border-radius: var(--radius-s);
        background: repeating-conic-gradient(var(--color-sunken) 0 25%, var(--color-surface) 0 50%) 0 0 / 16px
          16px;
      }

      .panel > header {
        flex-wrap: wrap;
      }

      footer {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--space-2);
        margin-top: var(--space-2);
      }
    `,
  ];

  declare client: Client;
  declare sessionId: string;
  declare drop: DropRow;
  declare path: string | null;
  declare version: number;
  declare piece: Piece | undefined;
  declare kind: ContentKind;
  declare look: Look | undefined;
  declare imageUrl: string | undefined;
  /** Why there is no content. */
  declare reason: string | undefined;
  declare error: HostError | undefined;
  declare isSaving: boolean;
  #asked = 0;

  constructor() {
    super();
    this.sessionId = '';
    this.path = null;
    this.version = 0;
    this.isSaving = false;
    this.kind = 'empty';
    this.#reset();
  }

  #reset(): void {
    this.piece = undefined;
    this.look = undefined;
    this.imageUrl = undefined;
    this.reason = undefined;
    this.error = undefined;
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('drop') && changed.get('drop')?.uid !== this.drop.uid) this.#reset();
    else if (!changed.has('version')) return;
    void this.#load(0);
  }

  #ask(offset: number, limit: number) {
    return this.client.call('sessions.content', {
      sessionId: this.sessionId,
      uid: this.drop.uid,
      offset,
      limit,
    });
  }

  async #load(offset: number): Promise<void> {
    const asked = ++this.#asked;
    try {
      const content = await this.#ask(offset, PART_BYTES);
      if (asked !== this.#asked) return;
      this.error = undefined;
      this.reason = content.available ? undefined : (content.reason ?? S.content.unavailable);
      if (!content.available) return;
      const bytes = bytesOf(content.base64);
      const isWhole = offset === 0 && (content.totalBytes ?? bytes.length) <= bytes.length;
      this.piece = { bytes, offset, totalBytes: content.totalBytes, isWhole };
      if (offset === 0) this.kind = kindOf(bytes, isWhole);
      const looks = LOOKS[this.kind];
      if (this.look === undefined || !looks.includes(this.look)) this.look = looks[0];
      if (this.look === 'image') await this.#loadImage(asked);
    } catch (error) {
      if (asked === this.#asked) this.error = toHostError(error);
    }
  }

  /** An image is shown whole or not at all: as a data URL, the only kind the security policy lets in. */
  async #loadImage(asked: number): Promise<void> {
    const total = this.piece?.totalBytes ?? Infinity;
    if (total > MAX_IMAGE_BYTES) {
      this.look = 'hex';
      return;
    }
    const base64 = await this.#all(total);
    if (asked === this.#asked) this.imageUrl = `data:image/${this.kind};base64,${base64.join('')}`;
  }

  /** The whole content, as pieces of base64 that follow each other. */
  async #all(totalBytes: number): Promise<string[]> {
    const pieces: string[] = [];
    for (let offset = 0; offset < totalBytes; offset += CHUNK_BYTES) {
      const { available, reason, base64 } = await this.#ask(offset, CHUNK_BYTES);
      if (!available) throw new HostError('REMOTE', reason ?? S.content.unavailable);
      if (base64 === '') break;
      pieces.push(base64);
    }
    return pieces;
  }

  // --- rendering -------------------------------------------------------------------------------------------------

  override render() {
    const looks = this.piece === undefined ? [] : LOOKS[this.kind];
    return html`<section class="panel" aria-labelledby="content">
      <header>
        <h2 id="content">${S.dropPage.content}</h2>
        <span class="spacer"></span>
        ${
          looks.length > 1
            ? html`<select
                aria-label=${S.content.viewAs}
                @change=${(event: Event) => this.#lookAs((event.target as HTMLSelectElement).value as Look)}
              >
                ${looks.map(
                  (look) =>
                    html`<option value=${look} ?selected=${look === this.look}>
                      ${S.content.views[look]}
                    </option>`,
                )}
              </select>`
            : nothing
        }
        ${
          this.piece !== undefined && this.kind !== 'empty'
            ? html`<button type="button" ?disabled=${this.isSaving} @click=${this.#save}>
                <weir-icon name="save"></weir-icon>${S.content.save}
              </button>`
            : nothing
        }
      </header>
      <div class="body">${this.#body()}</div>
    </section>`;
  }

  #body() {
    if (this.error) {
      return html`<weir-notice
        tone="error"
        heading=${S.content.failed}
        message=${this.error.message}
        code=${this.error.code}
      ></weir-notice>`;
    }
    if (this.reason !== undefined) return html`<p class="muted">${this.reason}</p>`;
    const { piece } = this;
    if (piece === undefined) return html`<p class="muted">${S.content.loading}</p>`;
    if (this.kind === 'empty') return html`<p class="muted">${S.content.empty}</p>`;
    if (this.look === 'image') {
      return this.imageUrl === undefined
        ? html`<p class="muted">${S.content.loading}</p>`
        : html`<img src=${this.imageUrl} alt=${S.content.imageAlt(this.drop.name)} />`;
    }
    return html`<weir-code-block
        copyable
        ?wraps=${this.look === 'text'}
        .text=${this.#text(piece)}
        label=${S.dropPage.content}
      ></weir-code-block>
      ${piece.isWhole ? nothing : this.#pager(piece)}`;
  }

  #text({ bytes, offset, isWhole, totalBytes }: Piece): string {
    if (this.look === 'hex') return hexDump(bytes, offset);
    const isCutAtEnd = !isWhole && (totalBytes === null || offset + bytes.length < totalBytes);
    const text = textOf(bytes, offset > 0, isCutAtEnd);
    if (text === undefined) return hexDump(bytes, offset);
    return this.look === 'json' ? (prettyJson(text) ?? text) : text;
  }

  #pager({ offset, bytes, totalBytes }: Piece) {
    const end = offset + bytes.length;
    const isLast = totalBytes === null ? bytes.length < PART_BYTES : end >= totalBytes;
    return html`<footer>
      <button
        type="button"
        ?disabled=${offset === 0}
        @click=${() => void this.#load(Math.max(0, offset - PART_BYTES))}
      >
        ${S.content.previous}
      </button>
      <button type="button" ?disabled=${isLast} @click=${() => void this.#load(end)}>
        ${S.content.next}
      </button>
      <span class="muted small" role="status">${S.content.range(offset + 1, end, totalBytes)}</span>
    </footer>`;
  }

  #lookAs(look: Look): void {
    this.look = look;
    if (look === 'image' && this.imageUrl === undefined) {
      this.#loadImage(this.#asked).catch((error: unknown) => (this.error = toHostError(error)));
    }
  }

  #save = async (): Promise<void> => {
    const total = this.piece?.totalBytes ?? Infinity;
    this.isSaving = true;
    try {
      if (total > MAX_SAVED_BYTES && total !== Infinity) {
        throw new HostError('USAGE', S.content.tooLargeToSave(total, this.path));
      }
      const pieces = (await this.#all(total)).map((piece) => bytesOf(piece) as Uint8Array<ArrayBuffer>);
      const url = URL.createObjectURL(new Blob(pieces));
      const link = document.createElement('a');
      link.href = url;
      link.download = fileNameOf(this.path, this.drop.name);
      link.click();
      URL.revokeObjectURL(url);
    } catch (error) {
      notifyError(this, S.content.saveFailed, error);
    } finally {
      this.isSaving = false;
    }
  };
}

/** A name to save under: that of the file on disk, else the drop's. */
function fileNameOf(path: string | null, name: string): string {
  const own = path?.split(/[\\/]/).at(-1);
  return own || name.replace(/[^\p{L}\p{N}._-]+/gu, '_') || 'content';
}

customElements.define('weir-drop-content', WeirDropContent);
