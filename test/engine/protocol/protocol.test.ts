import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  APP_STATE_NAMES,
  AppDROPStates,
  ChecksumTypes,
  DROP_STATE_NAMES,
  DROPLinkType,
  DROPPhases,
  DROPStates,
  EdgeTable,
  EventFirer,
  ExecutionMode,
  INVERSE_LINK,
  messageOf,
  SessionStates,
  WeirError,
  type Event,
} from '../../../engine/protocol/index.ts';

class Firer extends EventFirer {
  fire(type: string, attributes: Record<string, unknown> = {}): void {
    this._fireEvent(type, attributes);
  }
}

describe('the enumerations', () => {
  it('carry the integers that go over the wire', () => {
    expect(DROPStates).toEqual({
      INITIALIZED: 0,
      WRITING: 1,
      COMPLETED: 2,
      ERROR: 3,
      EXPIRED: 4,
      DELETED: 5,
      CANCELLED: 6,
      SKIPPED: 7,
    });
    expect(AppDROPStates).toEqual({
      NOT_RUN: 0,
      RUNNING: 1,
      FINISHED: 2,
      ERROR: 3,
      CANCELLED: 4,
      SKIPPED: 5,
    });
    expect(DROPPhases).toEqual({ PLASMA: 0, GAS: 1, SOLID: 2, LIQUID: 3, LOST: 4 });
    expect(ChecksumTypes).toEqual({ CRC_32: 0, CRC_32C: 1 });
    expect(ExecutionMode).toEqual({ DROP: 0, EXTERNAL: 1 });
    expect(SessionStates.FAILED).toBe(6);
    expect(DROP_STATE_NAMES[DROPStates.SKIPPED]).toBe('SKIPPED');
    expect(APP_STATE_NAMES[AppDROPStates.SKIPPED]).toBe('SKIPPED');
  });

  it('pair every link type with its inverse, there and back', () => {
    for (const type of Object.values(DROPLinkType))
      expect(INVERSE_LINK[INVERSE_LINK[type] as number]).toBe(type);
    expect(INVERSE_LINK[DROPLinkType.CONSUMER]).toBe(DROPLinkType.INPUT);
    expect(INVERSE_LINK[DROPLinkType.PRODUCER]).toBe(DROPLinkType.OUTPUT);
  });
});

describe('the text of an error', () => {
  it('is that of each address where a name has several and none takes a connection', () => {
    const refused = ['::1', '127.0.0.1'].map((address) => new Error(`connect ECONNREFUSED ${address}:1`));
    expect(messageOf(new AggregateError(refused))).toBe(
      'connect ECONNREFUSED ::1:1, connect ECONNREFUSED 127.0.0.1:1',
    );
    expect(messageOf(new AggregateError(refused, 'both refused'))).toBe('both refused');
  });
});

describe('EventFirer', () => {
  it('tells listeners of the type first and those of all types after them, each in order of subscription', () => {
    const told: string[] = [];
    const firer = new Firer();
    const listener = (name: string) => ({
      handleEvent: (event: Event) => void told.push(`${name} ${event.type} ${String(event['status'])}`),
    });
    firer.subscribe(listener('all'));
    firer.subscribe(listener('one'), 'status');
    firer.subscribe(listener('two'), 'status');
    firer.fire('status', { status: 2 });
    expect(told).toEqual(['one status 2', 'two status 2', 'all status 2']);
  });

  it('delivers twice to who subscribed twice, and stops one delivery at a time', () => {
    let told = 0;
    const firer = new Firer();
    const listener = { handleEvent: () => void told++ };
    firer.subscribe(listener, 'x');
    firer.subscribe(listener, 'x');
    firer.fire('x');
    firer.unsubscribe(listener, 'x');
    firer.fire('x');
    expect(told).toBe(3);
  });

  it('passes the error of a listener to the caller and does not call the others', () => {
    let reached = false;
    const firer = new Firer();
    firer.subscribe({
      handleEvent: () => {
        throw new WeirError('INTERNAL', 'no');
      },
    });
    firer.subscribe({ handleEvent: () => void (reached = true) });
    expect(() => firer.fire('x')).toThrow('no');
    expect(reached).toBe(false);
  });

  it('does not let attributes change the type of an event', () => {
    const types: string[] = [];
    const firer = new Firer();
    firer.subscribe({ handleEvent: (event) => void types.push(event.type) });
    firer.fire('status', { type: 'other' });
    expect(types).toEqual(['status']);
  });
});

describe('EdgeTable', () => {
  it('gives back every edge from both ends in order of creation', () => {
    const edges = fc.array(fc.tuple(fc.nat(30), fc.nat(30)), { maxLength: 200 });
    fc.assert(
      fc.property(edges, (list) => {
        const table = new EdgeTable();
        for (const [from, to] of list) table.add(from, to);
        for (let row = 0; row <= 30; row++) {
          expect(table.targets(row)).toEqual(list.filter(([from]) => from === row).map(([, to]) => to));
          expect(table.sources(row)).toEqual(list.filter(([, to]) => to === row).map(([from]) => from));
          expect(table.outDegree(row)).toBe(table.targets(row).length);
          expect(table.inDegree(row)).toBe(table.sources(row).length);
        }
        const again = EdgeTable.import(table.export());
        for (const [from, to] of list) expect(again.has(from, to)).toBe(true);
        expect(again.has(31, 31)).toBe(false);
      }),
    );
  });
});
