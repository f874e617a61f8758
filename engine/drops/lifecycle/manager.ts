/**
 * The life of data after it was made (seed `DataLifecycleManager`, spec/engine.md section 9): drops expire when they were
 * used or when their time is over, expired data is deleted, data that is to last is copied, data that vanished is
 * noticed. Everything follows events; the only timer is set for the next end of a lifespan.
 *
 * Other than upstream: a drop nobody wrote yet is not lost; a drop that is being read waits, and so does one that is the input
 * of a running application, which may read it by its path; consumers that were skipped or cancelled are over too; a drop
 * without consumers is a result and does not expire by use; what lies in a container is used through it, and goes with it;
 * uids of other sessions do not meet, because a session has a manager of its own.
 */
import { randomBytes } from 'node:crypto';
import { DROPPhases, DROPStates, DROP_STATE_NAMES, InvalidDROPState } from '../../protocol/index.ts';
import { ContainerDROP } from '../data/container.ts';
import { FileDROP } from '../data/file.ts';
import { InMemoryDROP } from '../data/memory.ts';
import { SharedMemoryDROP } from '../data/shared-memory.ts';
import { DataDROP } from '../data-drop.ts';
import type { AbstractDROP, DropKeeper } from '../drop.ts';
import { copyDropContents } from '../drop-loaders.ts';
import { DueList, nodeTimers, type Timers } from './due-list.ts';
import { FileWatch } from './file-watch.ts';
import { InMemoryRegistry, type DropRegistry } from './registry.ts';
import type { HierarchicalStorageManager } from './stores.ts';
import { expirationDate, isOver, isRunning, membersOf, usersOf } from './use.ts';

export interface LifecycleOptions {
  /** Whether memory drops expire after use although the graph does not say so (the habit of upstream's manager). */
  readonly expireDefaults?: boolean;
  /** Whether expired data is deleted. Default: yes. */
  readonly deleteExpired?: boolean;
  /** Bytes in memory above which used memory drops expire although nobody asked for it, the oldest first. */
  readonly budgetBytes?: number;
  /** Whether drops that persist are copied to the slowest store once they are COMPLETED. Default: no. */
  readonly replicate?: boolean;
  readonly stores?: HierarchicalStorageManager;
  readonly registry?: DropRegistry;
  /** Whether files that vanish are noticed at once; else when they are read, or asked for. Default: yes. */
  readonly watchFiles?: boolean;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly timers?: Timers;
  /** Told what went wrong with a drop: a deletion, a copy. */
  readonly onProblem?: (drop: DataDROP, error: unknown) => void;
}

interface Tracked {
  readonly drop: DataDROP;
  /** Bytes this drop counts in the memory budget. */
  memoryBytes: number;
  /** Its time is over; it goes as soon as nobody uses it. */
  isDue: boolean;
  /** Applications that use it and are not over yet. */
  waitingFor: Set<AbstractDROP> | undefined;
  fileChanged: (() => void) | undefined;
  watchedPath: string | undefined;
}

export class DataLifecycleManager {
  readonly #options: LifecycleOptions;
  readonly #registry: DropRegistry;
  readonly #tracked = new Map<string, Tracked>();
  /** Who waits for an application to be over. */
  readonly #users = new Map<AbstractDROP, Set<Tracked>>();
  readonly #due: DueList<Tracked>;
  readonly #watch: FileWatch | undefined;
  /** Memory drops that everybody has used, in the order in which that happened; the budget takes from the front. */
  readonly #used = new Set<Tracked>();
  /** Drops that are due and wait for a reader to leave. */
  readonly #beingRead = new Set<Tracked>();
  #memoryBytes = 0;
  readonly #work = new Set<Promise<void>>();
  #isClosed = false;
  readonly #onCopy: DropKeeper = {
    opened: (drop) => this.#opened(drop),
    notOpened: (drop) => this.#suspect(this.#tracked.get(drop.uid)),
  };
  readonly #onData: DropKeeper = {
    ...this.#onCopy,
    statusChanged: (drop, status) => {
      const tracked = this.#tracked.get(drop.uid);
      if (tracked && status === DROPStates.COMPLETED) this.#completed(tracked);
    },
  };
  readonly #onApp: DropKeeper = { execChanged: (app) => this.#appMoved(app) };

  constructor(options: LifecycleOptions = {}) {
    this.#options = options;
    this.#registry = options.registry ?? new InMemoryRegistry();
    const now = options.now ?? Date.now;
    this.#due = new DueList((tracked) => this.#expire(tracked), now, options.timers ?? nodeTimers);
    this.#watch = options.watchFiles === false ? undefined : new FileWatch();
  }

  get registry(): DropRegistry {
    return this.#registry;
  }

  /** Bytes in memory that tracked drops hold. */
  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  /** Whether the lifespan of a drop that is COMPLETED is still to end. */
  get awaitsExpiry(): boolean {
    return this.#due.length > 0;
  }

  // --- which drops -------------------------------------------------------------------------------------------------

  /** Looks after a drop from now on. Applications have no data and are ignored; a drop that is tracked already stays. */
  addDrop(drop: AbstractDROP): void {
    if (this.#isClosed || !(drop instanceof DataDROP) || this.#tracked.has(drop.uid)) return;
    const tracked = this.#track(drop);
    if (drop.phase === DROPPhases.PLASMA) drop.phase = DROPPhases.GAS;
    drop._keeper = this.#onData;
    this.#do(drop, () => this.#registry.addDrop(drop));
    if (drop.status === DROPStates.COMPLETED) this.#completed(tracked);
  }

  #track(drop: DataDROP): Tracked {
    const tracked: Tracked = {
      ...{ drop, memoryBytes: 0, isDue: false, waitingFor: undefined },
      ...{ fileChanged: undefined, watchedPath: undefined },
    };
    this.#tracked.set(drop.uid, tracked);
    return tracked;
  }

  /** Looks after these drops no longer. Their data stays as it is. */
  removeDrops(uids: Iterable<string>): void {
    for (const uid of uids) {
      const tracked = this.#tracked.get(uid);
      if (tracked) this.#forget(tracked);
    }
  }

  #forget(tracked: Tracked): void {
    const { drop } = tracked;
    this.#tracked.delete(drop.uid);
    drop._keeper = undefined;
    this.#release(tracked);
  }

  /** The data of a drop is gone or nobody's care any more. */
  #release(tracked: Tracked): void {
    this.#due.remove(tracked);
    this.#used.delete(tracked);
    this.#beingRead.delete(tracked);
    this.#memoryBytes -= tracked.memoryBytes;
    tracked.memoryBytes = 0;
    this.#waitFor(tracked, []);
    tracked.waitingFor = undefined;
    if (tracked.watchedPath !== undefined && tracked.fileChanged)
      this.#watch?.remove(tracked.watchedPath, tracked.fileChanged);
    tracked.watchedPath = undefined;
  }

  /** Stops looking after anything. Resolves when deletions and copies that have begun are over. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.removeDrops([...this.#tracked.keys()]);
    this.#due.clear();
    this.#watch?.close();
    await this.idle();
  }

  /** Resolves when all deletions, copies and notes that have begun are over. */
  async idle(): Promise<void> {
    while (this.#work.size > 0) await Promise.all(this.#work);
  }

  /** Starts something that may take a while; its failure is told, not thrown. */
  #do(drop: DataDROP, work: () => Promise<void>): void {
    const running = work()
      .catch((error: unknown) => this.#options.onProblem?.(drop, error))
      .finally(() => this.#work.delete(running));
    this.#work.add(running);
  }

  // --- events ------------------------------------------------------------------------------------------------------

  #opened(drop: AbstractDROP): void {
    const tracked = this.#tracked.get(drop.uid);
    if (!tracked) return;
    const atMs = (this.#options.now ?? Date.now)();
    this.#do(tracked.drop, () => this.#registry.recordNewAccess(drop.oid, atMs));
  }

  #completed(tracked: Tracked): void {
    const { drop } = tracked;
    const dueMs = expirationDate(drop);
    if (dueMs !== -1 && dueMs !== Infinity) this.#due.add(dueMs, tracked);
    if (drop instanceof InMemoryDROP || drop instanceof SharedMemoryDROP) {
      tracked.memoryBytes = drop.size ?? 0;
      this.#memoryBytes += tracked.memoryBytes;
    }
    if (drop.expireAfterUse && (this.#expiresByUse(drop) || this.#options.budgetBytes !== undefined))
      this.#waitForConsumers(tracked);
    if (drop instanceof FileDROP) this.#watchFile(tracked, drop);
    if (this.#options.replicate && drop.persist && !(drop instanceof ContainerDROP))
      this.#do(drop, () => this.replicateDrop(drop));
    this.#keepBudget();
  }

  /** Whether use ends the life of this drop; a memory drop whose graph says nothing does so only when asked for. */
  #expiresByUse(drop: DataDROP): boolean {
    return drop.expireAfterUseGiven || this.#options.expireDefaults === true;
  }

  // --- expiry by use -----------------------------------------------------------------------------------------------

  #waitForConsumers(tracked: Tracked): void {
    const users = usersOf(tracked.drop);
    // A drop without consumers is a result: nobody has used it yet.
    if (users.length === 0) return;
    if (
      !this.#waitFor(
        tracked,
        users.filter((app) => !isOver(app)),
      )
    )
      this.#usedUp(tracked);
  }

  /** Waits for these applications to be over, and for no others any more. False: there are none. */
  #waitFor(tracked: Tracked, apps: readonly AbstractDROP[]): boolean {
    for (const app of tracked.waitingFor ?? []) this.#stopWaiting(app, tracked);
    tracked.waitingFor = new Set(apps);
    for (const app of apps) {
      const waiting = this.#users.get(app);
      if (waiting) waiting.add(tracked);
      else {
        this.#users.set(app, new Set([tracked]));
        app._keeper = this.#onApp;
      }
    }
    return apps.length > 0;
  }

  #appMoved(app: AbstractDROP): void {
    if (!isOver(app)) return;
    for (const tracked of [...(this.#users.get(app) ?? [])]) {
      this.#stopWaiting(app, tracked);
      tracked.waitingFor?.delete(app);
      if (tracked.waitingFor?.size === 0) this.#usedUp(tracked);
    }
  }

  #stopWaiting(app: AbstractDROP, tracked: Tracked): void {
    const waiting = this.#users.get(app);
    waiting?.delete(tracked);
    if (waiting?.size !== 0) return;
    this.#users.delete(app);
    app._keeper = undefined;
  }

  #usedUp(tracked: Tracked): void {
    if (tracked.isDue || this.#expiresByUse(tracked.drop)) return this.#expire(tracked);
    this.#used.add(tracked);
    this.#keepBudget();
  }

  #keepBudget(): void {
    const budget = this.#options.budgetBytes;
    if (budget === undefined) return;
    for (const tracked of this.#used) {
      if (this.#memoryBytes <= budget) return;
      if (tracked.drop.isBeingRead()) continue;
      // What is to make room is deleted, also where the session keeps expired data.
      this.#expire(tracked, true);
    }
  }

  // --- the end -----------------------------------------------------------------------------------------------------

  /** COMPLETED -> EXPIRED, once nobody uses the drop any more; of a container with all that lies in it. */
  #expire(tracked: Tracked, alwaysDelete = false): void {
    const { drop } = tracked;
    if (drop.status !== DROPStates.COMPLETED) return;
    tracked.isDue = true;
    if (this.#isInUse(tracked)) return;
    this.#release(tracked);
    for (const member of membersOf(drop)) {
      const inside = this.#tracked.get(member.uid);
      if (inside) this.#release(inside);
      member._flow.expire(member._row);
    }
    if (alwaysDelete || this.#options.deleteExpired !== false) this.#do(drop, () => this.#delete(tracked));
  }

  /** Whether somebody reads the drop, or runs with it as an input; then it is looked at again when that is over. */
  #isInUse(tracked: Tracked): boolean {
    const { drop } = tracked;
    if (this.#waitFor(tracked, usersOf(drop).filter(isRunning))) return true;
    const read = [...membersOf(drop)].find((member) => member.isBeingRead());
    if (!read) return false;
    this.#beingRead.add(tracked);
    read.onReaderGone = () => {
      if (read.isBeingRead()) return;
      read.onReaderGone = undefined;
      // The drop and what it lies in may both wait for this reader.
      for (const waiting of this.#beingRead) if (membersOf(waiting.drop).has(read)) this.#expire(waiting);
    };
    return true;
  }

  async #delete({ drop }: Tracked): Promise<void> {
    await drop.delete();
    for (const member of membersOf(drop)) member._flow.deleted(member._row);
  }

  /** Deletes the data of all drops that are EXPIRED. For managers that do not do so by themselves. */
  async deleteExpiredDrops(): Promise<void> {
    for (const tracked of this.#tracked.values())
      if (tracked.drop.status === DROPStates.EXPIRED) this.#do(tracked.drop, () => this.#delete(tracked));
    await this.idle();
  }

  // --- lost data ---------------------------------------------------------------------------------------------------

  #watchFile(tracked: Tracked, drop: FileDROP): void {
    if (!this.#watch) return;
    const file = drop.path;
    tracked.fileChanged = () => this.#suspect(tracked);
    if (this.#watch.add(file, tracked.fileChanged)) tracked.watchedPath = file;
  }

  /** The data of a drop may be gone. */
  #suspect(tracked: Tracked | undefined): void {
    if (tracked) this.#do(tracked.drop, () => this.#check(tracked));
  }

  /** Looks whether the data of all COMPLETED drops is there; resolves when those that are lost were dealt with. */
  async deleteLostDrops(): Promise<void> {
    for (const tracked of [...this.#tracked.values()])
      if (tracked.drop.status === DROPStates.COMPLETED) await this.#check(tracked);
    await this.idle();
  }

  async #check(tracked: Tracked): Promise<void> {
    const { drop } = tracked;
    if (drop.status !== DROPStates.COMPLETED || this.#tracked.get(drop.uid) !== tracked) return;
    if (await drop.exists()) return;
    // Meanwhile it may have expired, or somebody else may have found it lost.
    if (drop.status !== DROPStates.COMPLETED || this.#tracked.get(drop.uid) !== tracked) return;
    this.#forget(tracked);
    const copies = (await this.#registry.getDropUids(drop.oid))
      .map((uid) => this.#tracked.get(uid)?.drop)
      .filter((copy) => copy !== undefined && copy.status === DROPStates.COMPLETED);
    if (copies.length === 0) {
      drop.phase = DROPPhases.LOST;
      await this.#registry.setDropPhase(drop.oid, DROPPhases.LOST);
      drop.context.log('error', drop, `The data of ${drop.uid} is lost: it vanished, and there is no copy.`);
    } else if (copies.length === 1) await this.replicateDrop(copies[0] as DataDROP);
  }

  // --- copies ------------------------------------------------------------------------------------------------------

  /** Copies a COMPLETED drop to the slowest store; both are SOLID then. A drop of unknown size is left alone. */
  async replicateDrop(drop: DataDROP): Promise<void> {
    if (drop.status !== DROPStates.COMPLETED)
      throw new InvalidDROPState(
        `Drop ${drop.uid} can be copied only when it is COMPLETED, but it is ${DROP_STATE_NAMES[drop.status]}.`,
        { details: { uid: drop.uid } },
      );
    const { size } = drop;
    const { stores } = this.#options;
    if (size === null || !stores) return;
    const store = stores.getSlowestStore();
    const available = await store.availableSpace();
    if (available < size)
      throw new InvalidDROPState(
        `Drop ${drop.uid} with its ${size} bytes cannot be copied: the store "${store.name}" has ${available} bytes left.`,
        { details: { uid: drop.uid, size, available } },
      );
    const uid = `${drop.uid}:${randomBytes(5).toString('hex')}`;
    const copy = await store.createDrop(drop.oid, uid, { persist: drop.persist, len: size });
    await copyDropContents(drop, copy);
    await copy.setCompleted();
    if (copy.status !== DROPStates.COMPLETED)
      throw new InvalidDROPState(`The copy of drop ${drop.uid} in the store "${store.name}" failed.`);
    await this.#registry.addDropInstance(copy);
    drop.phase = DROPPhases.SOLID;
    copy.phase = DROPPhases.SOLID;
    await this.#registry.setDropPhase(drop.oid, DROPPhases.SOLID);
    this.#trackCopy(copy);
  }

  /** Copies are watched for loss; the registry knows them already. */
  #trackCopy(copy: DataDROP): void {
    if (this.#isClosed) return;
    const tracked = this.#track(copy);
    copy._keeper = this.#onCopy;
    if (copy instanceof FileDROP) this.#watchFile(tracked, copy);
  }
}
