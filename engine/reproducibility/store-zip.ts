/**
 * ZIP files in which every byte counts: entries are stored, not compressed, and every header field that is not content
 * is constant. What any reader of ZIP can open, this reader accepts in exactly one form, so a change of any byte of
 * the container is seen, too. Large texts are compressed before they become entries (.gz).
 */

import { crc32 } from 'node:zlib';

import { WeirError } from '../protocol/index.ts';

export interface ZipEntry {
  readonly path: string;
  readonly bytes: Uint8Array;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const LOCAL_SIZE = 30;
const CENTRAL_SIZE = 46;
const END_SIZE = 22;
/** Version 2.0; made on Unix, so that the mode below is understood. */
const VERSION = 20;
const MADE_BY = 0x0300 | VERSION;
/** Names are UTF-8. */
const FLAGS = 0x0800;
/** 1 January 1980: no time is part of a bundle's container. */
const DOS_DATE = 0x0021;
/** A regular file, rw-r--r--. */
const MODE = 0o100644;
const MAX_BYTES = 0xffffffff;

function localHeader(entry: ZipEntry, crc: number): Buffer {
  const name = Buffer.from(entry.path);
  const header = Buffer.alloc(LOCAL_SIZE);
  header.writeUInt32LE(LOCAL, 0);
  header.writeUInt16LE(VERSION, 4);
  header.writeUInt16LE(FLAGS, 6);
  header.writeUInt16LE(DOS_DATE, 12);
  header.writeUInt32LE(crc, 14);
  header.writeUInt32LE(entry.bytes.length, 18);
  header.writeUInt32LE(entry.bytes.length, 22);
  header.writeUInt16LE(name.length, 26);
  return Buffer.concat([header, name]);
}

function centralHeader(entry: ZipEntry, crc: number, offset: number): Buffer {
  const name = Buffer.from(entry.path);
  const header = Buffer.alloc(CENTRAL_SIZE);
  header.writeUInt32LE(CENTRAL, 0);
  header.writeUInt16LE(MADE_BY, 4);
  header.writeUInt16LE(VERSION, 6);
  header.writeUInt16LE(FLAGS, 8);
  header.writeUInt16LE(DOS_DATE, 14);
  header.writeUInt32LE(crc, 16);
  header.writeUInt32LE(entry.bytes.length, 20);
  header.writeUInt32LE(entry.bytes.length, 24);
  header.writeUInt16LE(name.length, 28);
  header.writeUInt32LE(MODE * 65536, 38);
  header.writeUInt32LE(offset, 42);
  return Buffer.concat([header, name]);
}

function endRecord(count: number, size: number, offset: number): Buffer {
  const end = Buffer.alloc(END_SIZE);
  end.writeUInt32LE(END, 0);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(offset, 16);
  return end;
}

/** The bytes of the file in pieces. Throws BUNDLE_INVALID when it would need ZIP64: more than 4 GiB or 65 534 entries. */
export function* zipChunks(entries: readonly ZipEntry[]): Generator<Uint8Array> {
  const total = entries.reduce((sum, entry) => sum + entry.bytes.length + 2 * entry.path.length + 76, 0);
  if (total > MAX_BYTES || entries.length >= 0xffff)
    throw new WeirError(
      'BUNDLE_INVALID',
      `The bundle would have ${entries.length} files and ${total} bytes; leave out outputs.`,
    );
  const central: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const crc = crc32(entry.bytes);
    const header = localHeader(entry, crc);
    central.push(centralHeader(entry, crc, offset));
    yield header;
    yield entry.bytes;
    offset += header.length + entry.bytes.length;
  }
  const directory = Buffer.concat(central);
  yield directory;
  yield endRecord(entries.length, directory.length, offset);
}

export function formatZip(entries: readonly ZipEntry[]): Buffer {
  return Buffer.concat([...zipChunks(entries)]);
}

function bad(message: string): never {
  throw new WeirError('BUNDLE_INVALID', `The bundle's container ${message}.`);
}

/**
 * Reads a file written by {@link zipChunks}. Throws BUNDLE_INVALID, naming the entry where there is one, for anything
 * that such a file cannot hold: compression, links, comments, gaps, times, wrong checksums.
 */
export function readZip(file: Uint8Array): ZipEntry[] {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length < END_SIZE || bytes.readUInt32LE(bytes.length - END_SIZE) !== END)
    bad('has no end: it is cut off, or no bundle of Weir');
  const endAt = bytes.length - END_SIZE;
  const count = bytes.readUInt16LE(endAt + 10);
  const offset = bytes.readUInt32LE(endAt + 16);
  const size = bytes.readUInt32LE(endAt + 12);
  if (offset + size !== endAt || !bytes.subarray(endAt).equals(endRecord(count, size, offset)))
    bad('has an altered end record');
  const entries: ZipEntry[] = [];
  let at = offset;
  let next = 0;
  for (let i = 0; i < count; i++) {
    if (at + CENTRAL_SIZE > endAt || bytes.readUInt32LE(at) !== CENTRAL)
      bad(`has an altered directory at entry ${i}`);
    const nameSize = bytes.readUInt16LE(at + 28);
    const path = bytes.toString('utf8', at + CENTRAL_SIZE, at + CENTRAL_SIZE + nameSize);
    refuseSpecial(bytes, at, path);
    const entry = readEntry(bytes, { path, start: next, size: bytes.readUInt32LE(at + 24), limit: offset });
    const header = centralHeader(entry, crc32(entry.bytes), next);
    if (!bytes.subarray(at, at + header.length).equals(header))
      bad(`has an altered directory entry for "${path}"`);
    entries.push(entry);
    at += header.length;
    next += LOCAL_SIZE + nameSize + entry.bytes.length;
  }
  if (at !== endAt || next !== offset) bad('has bytes between its entries');
  return entries;
}

/** The usual tricks get messages of their own. */
function refuseSpecial(bytes: Buffer, at: number, path: string): void {
  const type = (bytes.readUInt32LE(at + 38) >>> 16) & 0o170000;
  if (type === 0o120000) bad(`holds the link "${path}"; links are not followed`);
  if (bytes.readUInt16LE(at + 10) !== 0)
    bad(`holds "${path}" compressed; entries of bundles are stored as they are`);
}

function readEntry(
  bytes: Buffer,
  place: { readonly path: string; readonly start: number; readonly size: number; readonly limit: number },
): ZipEntry {
  const { path, start, size, limit } = place;
  const from = start + LOCAL_SIZE + Buffer.byteLength(path);
  if (from + size > limit) bad(`has an entry "${path}" that reaches beyond its place`);
  const entry = { path, bytes: bytes.subarray(from, from + size) };
  if (!bytes.subarray(start, from).equals(localHeader(entry, crc32(entry.bytes))))
    bad(`has an altered entry "${path}": its header or checksum is wrong`);
  return entry;
}
