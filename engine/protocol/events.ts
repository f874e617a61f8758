/**
 * Events between drops and to their listeners (seed `dlg.event`, spec/engine.md section 2).
 */

/** An event: its type, and whatever the firer attached. Spec 2.2 and 2.3 list the attributes by type. */
export class Event {
  readonly type: string;
  [attribute: string]: unknown;

  constructor(type: string, attributes: Readonly<Record<string, unknown>> = {}) {
    this.type = type;
    for (const [name, value] of Object.entries(attributes)) if (name !== 'type') this[name] = value;
  }
}

export interface EventHandler {
  handleEvent(event: Event): void;
}

const ALL = Symbol('all event types');

/**
 * An object that fires events. Listeners of one type come first, in the order of their subscription, then the
 * listeners of all types. A listener that throws stops the delivery and its error reaches the caller (spec 2.1).
 */
export class EventFirer {
  #listeners: Map<string | symbol, EventHandler[]> | undefined;

  /** Adds `listener` for events of `eventType`, or for all events. Subscribing twice delivers twice. */
  subscribe(listener: EventHandler, eventType?: string): void {
    this.#listeners ??= new Map();
    const key = eventType || ALL;
    const list = this.#listeners.get(key);
    if (list) list.push(listener);
    else this.#listeners.set(key, [listener]);
  }

  /** Removes the first subscription of `listener` for exactly this type; one that is not there is ignored. */
  unsubscribe(listener: EventHandler, eventType?: string): void {
    const list = this.#listeners?.get(eventType || ALL);
    const at = list?.indexOf(listener) ?? -1;
    if (list && at >= 0) list.splice(at, 1);
  }

  /** Whether anybody would receive an event of this type: lets hot paths skip building one. */
  hasListeners(eventType: string): boolean {
    const all = this.#listeners;
    return all !== undefined && ((all.get(eventType)?.length ?? 0) > 0 || (all.get(ALL)?.length ?? 0) > 0);
  }

  /** Whether anybody ever subscribed. */
  get hasAnyListener(): boolean {
    return this.#listeners !== undefined;
  }

  /** Fires an event of `eventType` with the given attributes to everybody subscribed at this moment. */
  protected _fireEvent(eventType: string, attributes: Readonly<Record<string, unknown>> = {}): void {
    if (!this.#listeners || !this.hasListeners(eventType)) return;
    const receivers = [...(this.#listeners.get(eventType) ?? []), ...(this.#listeners.get(ALL) ?? [])];
    const event = new Event(eventType, attributes);
    for (const receiver of receivers)
      try {
        receiver.handleEvent(event);
      } catch (error) {
        this._listenerFailed(event, error);
      }
  }

  /** A listener threw: its error reaches who fired the event, and the listeners after it hear nothing. */
  protected _listenerFailed(_event: Event, error: unknown): void {
    throw error;
  }
}
