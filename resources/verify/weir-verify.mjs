#!/usr/bin/env node
/*
 * weir-verify: checks a proof or a bundle that Weir has written, with nothing but Node.js (20.15 or newer).
 *
 *     node weir-verify.mjs FILE [--key NAME+ID+KEY]...
 *
 * FILE is a proof of a drop or of the log (.json, .dlgproof), a bundle (.zip), or the folder of an unpacked bundle. With --key, only what is
 * sealed with one of these keys is accepted; without, the key is printed: compare it with one you know from elsewhere.
 * Exit status: 0 everything holds, 1 something was altered, 2 the call or the file is not one this program can check.
 *
 * This file stands alone on purpose: it shares no line with the program that writes proofs, so a mistake there cannot
 * hide itself here. The formats are described in docs/reproducibility.md.
 */
import { createHash, createPublicKey, verify as verifySignature } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, gunzipSync } from 'node:zlib';

class Failure extends Error {}
class Unusable extends Error {}
const fail = (message) => {
  throw new Failure(message);
};
const sha256 = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const MAX_EXPANDED = 1 << 30;

// --- the report -----------------------------------------------------------------------------------------------------

const report = { checked: 0, failed: 0 };
/** Carries out one step and prints one line about it. */
function step(name, action) {
  report.checked++;
  try {
    const [value, say] = action();
    if (say !== undefined) console.log(`ok    ${name}: ${say}`);
    return value;
  } catch (error) {
    report.failed++;
    console.log(
      `FAIL  ${name}: ${error instanceof Failure ? error.message : `cannot be read (${error.message})`}`,
    );
    return undefined;
  }
}

// --- canonical JSON (RFC 8785) --------------------------------------------------------------------------------------

function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value !== null && typeof value === 'object')
    return `{${Object.keys(value)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`)
      .join(',')}}`;
  return JSON.stringify(value);
}

/** Parses a text that must be canonical, so that each of its bytes counts. */
function parseCanonical(text, what, end = '') {
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    fail(`${what} is no JSON: a byte was altered, or it is cut off`);
  }
  if (canonical(value) + end !== text) fail(`${what} is not in its canonical form: a byte was altered`);
  return value;
}

/** Bytes as text, refusing what is no UTF-8. */
function utf8(bytes, what) {
  const text = Buffer.from(bytes).toString('utf8');
  if (!Buffer.from(text).equals(Buffer.from(bytes))) fail(`${what} is no UTF-8 text: a byte was altered`);
  return text;
}

function fromBase64(text, size, what) {
  const bytes = Buffer.from(String(text), 'base64');
  if (bytes.length !== size || bytes.toString('base64') !== text)
    fail(`${what} is not ${size} bytes in base64`);
  return bytes;
}

// --- Merkle trees (RFC 9162 2.1) ------------------------------------------------------------------------------------

const leafOf = (text) => sha256('\0', text);
const nodeOf = (left, right) => sha256('\x01', left, right);

/** The root of all leaves, by the definition: split at the largest power of two below the size. */
function rootOf(leaves, from = 0, to = leaves.length) {
  if (to === from) return sha256();
  if (to - from === 1) return leaves[from];
  let half = 1;
  while (half * 2 < to - from) half *= 2;
  return nodeOf(rootOf(leaves, from, from + half), rootOf(leaves, from + half, to));
}

/** The root that a path leads to, by the same definition: the last hash of the path is the sibling nearest the root. */
function rootByPath(leaf, index, size, path) {
  if (size === 1) return path.length === 0 ? leaf : fail('the path is too long');
  if (path.length === 0) fail('the path is too short');
  let half = 1;
  while (half * 2 < size) half *= 2;
  const sibling = path[path.length - 1];
  const rest = path.slice(0, -1);
  return index < half
    ? nodeOf(rootByPath(leaf, index, half, rest), sibling)
    : nodeOf(sibling, rootByPath(leaf, index - half, size - half, rest));
}

function checkPath(leaf, index, size, path, root, what) {
  if (!Number.isSafeInteger(size) || !Number.isSafeInteger(index) || index < 0 || index >= size)
    fail(`${what} claims place ${index} of ${size}`);
  if (!Array.isArray(path) || path.length > 64) fail(`${what} has no path of hashes`);
  const found = rootByPath(
    leaf,
    index,
    size,
    path.map((hash) => fromBase64(hash, 32, 'a hash of the path')),
  );
  if (!found.equals(root)) fail(`${what} leads to another root than the signed one`);
}

/**
 * The roots of the older and of the newer tree that a consistency path leads to, by the recursion of RFC 6962 2.1.2: the
 * older tree of `from` leaves is the beginning of the newer of `to`. `isWhole`: this part of the older tree is the whole
 * of it, whose root is then known. The last hash of the path is the one that the recursion adds last.
 */
function rootsByPath(from, to, isWhole, path, oldRoot) {
  if (from === to) {
    if (isWhole) return path.length === 0 ? [oldRoot, oldRoot] : fail('the path is too long');
    return path.length === 1 ? [path[0], path[0]] : fail('the path has the wrong length');
  }
  if (path.length === 0) fail('the path is too short');
  let half = 1;
  while (half * 2 < to) half *= 2;
  const last = path[path.length - 1];
  const rest = path.slice(0, -1);
  if (from <= half) {
    const [older, newer] = rootsByPath(from, half, isWhole, rest, oldRoot);
    return [older, nodeOf(newer, last)];
  }
  const [older, newer] = rootsByPath(from - half, to - half, false, rest, oldRoot);
  return [nodeOf(last, older), nodeOf(last, newer)];
}

// --- signed notes (C2SP) --------------------------------------------------------------------------------------------

const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

function readKey(text) {
  const match = /^([^\s+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text) ?? fail('the key is malformed');
  const [, name, id, encoded] = match;
  const bytes = fromBase64(encoded, 33, 'the key');
  if (bytes[0] !== 1) fail('the key is no Ed25519 key');
  if (sha256(`${name}\n`, bytes).subarray(0, 4).toString('hex') !== id)
    fail('the id of the key does not belong to it');
  const key = createPublicKey({ key: Buffer.concat([SPKI, bytes.subarray(1)]), format: 'der', type: 'spki' });
  return { text, name, id, key };
}

/** The text of a note, of which every signature line must be by one of the keys and hold. */
function openNote(note, keys, what) {
  const cut = note.lastIndexOf('\n\n');
  if (cut < 0 || !note.endsWith('\n')) fail(`${what} is no signed note`);
  const text = note.slice(0, cut + 1);
  const lines = note.slice(cut + 2, -1).split('\n');
  for (const line of lines) {
    const match = /^— ([^\s+]+) (\S+)$/.exec(line) ?? fail(`${what} has a malformed signature line`);
    const bytes = fromBase64(match[2], 68, `the signature of ${what}`);
    const id = bytes.subarray(0, 4).toString('hex');
    const known = keys.find((key) => key.name === match[1] && key.id === id);
    if (known === undefined)
      fail(`${what} is signed by "${match[1]}" (${id}), which is not one of the keys given`);
    if (!verifySignature(null, Buffer.from(text), known.key, bytes.subarray(4)))
      fail(`${what} was altered: the signature by "${match[1]}" does not belong to its text`);
  }
  return text;
}

function readCheckpoint(text, what) {
  const lines = text.split('\n');
  if (lines.pop() !== '' || lines.length < 3 || !/^(0|[1-9]\d*)$/.test(lines[1]))
    fail(`${what} is no checkpoint`);
  const [origin, size, root, ...extensions] = lines;
  return { origin, size: Number(size), root: fromBase64(root, 32, `the root of ${what}`), extensions };
}

// --- what a session consists of -------------------------------------------------------------------------------------

/** Checks seal against facts, and returns the sealed checkpoint. */
function openSeal(note, facts, key) {
  const seal = readCheckpoint(openNote(note, [key], 'the seal'), 'the seal');
  const origin = `${key.name}/session/${encodeURIComponent(facts.sessionId)}/${encodeURIComponent(facts.runId)}`;
  if (seal.origin !== origin)
    fail(`the seal is that of "${seal.origin}", not of session "${facts.sessionId}"`);
  if (seal.size !== facts.drops)
    fail(`the seal is over ${seal.size} records, but the session had ${facts.drops} drops`);
  const [hash, time, ...more] = seal.extensions;
  if (hash !== `facts-sha256 ${sha256(canonical(facts)).toString('base64')}`)
    fail('the facts of the session are not the ones that were sealed');
  const at = /^sealed-at-ms (\d+)$/.exec(time ?? '');
  if (at === null || more.length > 0) fail('the seal has unknown lines');
  return { ...seal, sealedAt: new Date(Number(at[1])).toISOString() };
}

function openCheckpoint(note, key, what) {
  if (typeof note !== 'string') fail(`${what} is missing`);
  const checkpoint = readCheckpoint(openNote(note, [key], what), what);
  if (checkpoint.origin !== `${key.name}/log`) fail(`${what} is not that of the log of this device`);
  const [time, ...more] = checkpoint.extensions;
  const at = /^signed-at-ms (\d+)$/.exec(time ?? '');
  if (at === null || more.length > 0) fail(`${what} has unknown lines`);
  return { ...checkpoint, signedAt: new Date(Number(at[1])).toISOString() };
}

function checkLog(log, seal, key) {
  const checkpoint = openCheckpoint(log.checkpoint, key, 'the checkpoint of the log');
  if (checkpoint.size !== log.treeSize) fail('the checkpoint has another size than the proof');
  checkPath(leafOf(seal), log.leafIndex, log.treeSize, log.path, checkpoint.root, 'the seal');
  return `the seal is number ${log.leafIndex} of ${log.treeSize} in the log of the device`;
}

function checkFactsForm(facts) {
  if (facts?.type !== 'weir-session-facts') fail('the facts are not those of a session');
  if (facts.version !== 1 && facts.version !== 2)
    fail(`the facts have version ${facts.version}; this program knows versions 1 and 2`);
  const covers = Object.entries(facts.covers ?? {});
  if ((facts.version === 2) !== (facts.covers !== undefined))
    fail('the facts do not have the parts of their version');
  for (const [name, part] of covers)
    if (!Number.isSafeInteger(part?.blocks) || !/^[0-9a-f]{64}$/.test(part?.sha256))
      fail(`what the facts cover of "${name}" is malformed`);
  return facts;
}

function checkRecord(record, what) {
  if (record?.type !== 'weir-drop-record') fail(`${what} is no record of a drop`);
  if (record.version !== 1) fail(`${what} has version ${record.version}; this program knows version 1`);
  return record;
}

function checkTrust(key, trusted) {
  if (trusted.length > 0 && !trusted.includes(key.text))
    fail(`"${key.name}" (${key.id}) is not a key you gave`);
  return [
    key,
    `${key.name} (${key.id})${trusted.length > 0 ? ', a key you gave' : '; compare it with one you know'}`,
  ];
}

// --- proofs ---------------------------------------------------------------------------------------------------------

const PROOF_KEYS = 'facts key leafIndex log path record seal treeSize type version'.split(' ');

function verifyProof(bytes, trusted) {
  const proof = step('form', () => {
    const value = parseCanonical(utf8(bytes, 'the proof'), 'the proof', '\n');
    if (value?.type !== 'weir-proof') fail('the file is no proof of Weir');
    const unknown = Object.keys(value).find((key) => !PROOF_KEYS.includes(key));
    if (unknown !== undefined) fail(`the proof has an unknown part "${unknown}"`);
    if (value.version !== 1) fail(`the proof has version ${value.version}; this program knows version 1`);
    return [value, 'a proof in canonical form'];
  });
  if (proof === undefined) return;
  const record = step('record', () => {
    const { drop, sessionId } = checkRecord(proof.record, 'the record');
    if (sessionId !== proof.facts.sessionId) fail('record and seal are of different sessions');
    return [proof.record, `drop "${drop.oid}" of session "${sessionId}"`];
  });
  const key = step('key', () => checkTrust(readKey(proof.key), trusted));
  const seal =
    key &&
    step('seal', () => {
      const s = openSeal(proof.seal, checkFactsForm(proof.facts), key);
      return [s, `sealed ${s.sealedAt}`];
    });
  if (record && seal)
    step('inclusion', () => {
      if (proof.treeSize !== seal.size) fail('the proof is over another number of records than the seal');
      checkPath(
        leafOf(canonical(record)),
        proof.leafIndex,
        proof.treeSize,
        proof.path,
        seal.root,
        'the record',
      );
      return [
        true,
        `record ${proof.leafIndex} of ${proof.treeSize}, ${proof.path.length} hashes to the sealed root`,
      ];
    });
  if (key && proof.log !== undefined) step('log', () => [true, checkLog(proof.log, proof.seal, key)]);
}

const CONSISTENCY_KEYS = 'from key path to type version'.split(' ');

/** Whether nothing was altered or removed in the log of a device between two of its checkpoints. */
function verifyConsistency(bytes, trusted) {
  const proof = step('form', () => {
    const value = parseCanonical(utf8(bytes, 'the proof'), 'the proof', '\n');
    if (value?.type !== 'weir-consistency-proof') fail('the file is no consistency proof of Weir');
    const unknown = Object.keys(value).find((key) => !CONSISTENCY_KEYS.includes(key));
    if (unknown !== undefined) fail(`the proof has an unknown part "${unknown}"`);
    if (value.version !== 1) fail(`the proof has version ${value.version}; this program knows version 1`);
    return [value, 'a consistency proof in canonical form'];
  });
  if (proof === undefined) return;
  const key = step('key', () => checkTrust(readKey(proof.key), trusted));
  if (key === undefined) return;
  const open = (note, what) =>
    step(what, () => {
      const checkpoint = openCheckpoint(note, key, `the ${what}`);
      return [checkpoint, `${checkpoint.size} seals, signed ${checkpoint.signedAt}`];
    });
  const [from, to] = [open(proof.from, 'older checkpoint'), open(proof.to, 'newer checkpoint')];
  if (!from || !to) return;
  step('consistency', () => {
    if (from.size < 1 || from.size > to.size)
      fail('the older checkpoint is over more seals than the newer one');
    if (!Array.isArray(proof.path) || proof.path.length > 128) fail('the proof has no path of hashes');
    const path = proof.path.map((hash) => fromBase64(hash, 32, 'a hash of the path'));
    const [older, newer] = rootsByPath(from.size, to.size, true, path, from.root);
    if (!older.equals(from.root) || !newer.equals(to.root))
      fail('the newer log does not begin with the older one: a seal was altered, removed or exchanged');
    return [true, `the log of ${from.size} seals is the beginning of that of ${to.size}`];
  });
}

// --- bundles --------------------------------------------------------------------------------------------------------

const FILES =
  'ro-crate-metadata.json manifest.txt facts.json seal.txt key.txt exporter.txt log.json records.jsonl.gz graph.json.gz logical.graph.gz reprodata.out.gz'.split(
    ' ',
  );

/** The name of a drop's content: its oid, percent-encoded, or the hash of the oid where that is no safe file name. */
function outputPath(oid) {
  const code = (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
  const name = encodeURIComponent(oid).replace(/[!'()*~]/g, code);
  return `outputs/${name === '' || name.length > 180 || name.endsWith('.') ? sha256(oid).toString('hex') : name}`;
}

function checkName(path) {
  if (!FILES.includes(path) && !/^outputs\/[A-Za-z0-9_%-][A-Za-z0-9._%-]*$/.test(path))
    fail(`"${path}" is no file of a bundle`);
}

/** Reads a ZIP of stored entries; every field that is not content must have its one allowed value. */
function readZip(bytes) {
  const end = bytes.length - 22;
  if (end < 0 || bytes.readUInt32LE(end) !== 0x06054b50)
    fail('the container is cut off, or has something after its end');
  const [count, size, offset] = [
    bytes.readUInt16LE(end + 10),
    bytes.readUInt32LE(end + 12),
    bytes.readUInt32LE(end + 16),
  ];
  const constant =
    bytes.readUInt32LE(end + 4) === 0 &&
    bytes.readUInt16LE(end + 8) === count &&
    bytes.readUInt16LE(end + 20) === 0;
  if (!constant || offset + size !== end) fail('the end of the container was altered');
  const files = new Map();
  let [at, next] = [offset, 0];
  for (let i = 0; i < count; i++) {
    if (at + 46 > end) fail('the directory of the container was altered');
    const header = bytes.subarray(at, at + 46);
    const nameEnd = at + 46 + header.readUInt16LE(28);
    const path = utf8(bytes.subarray(at + 46, nameEnd), 'a name');
    checkName(path);
    const length = header.readUInt32LE(24);
    const from = next + 30 + (nameEnd - at - 46);
    const content = bytes.subarray(from, from + length);
    const crc = crc32(content);
    const same = Buffer.alloc(46);
    same.writeUInt32LE(0x02014b50, 0);
    for (const [value, place] of [
      [0x0314, 4],
      [20, 6],
      [0x0800, 8],
      [0x21, 14],
      [nameEnd - at - 46, 28],
    ])
      same.writeUInt16LE(value, place);
    for (const [value, place] of [
      [crc, 16],
      [length, 20],
      [length, 24],
      [0o100644 * 65536, 38],
      [next, 42],
    ])
      same.writeUInt32LE(value, place);
    if (!same.equals(header))
      fail(`the directory entry of "${path}" was altered, or it is a link or compressed`);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    for (const [value, place] of [
      [20, 4],
      [0x0800, 6],
      [0x21, 12],
      [nameEnd - at - 46, 26],
    ])
      local.writeUInt16LE(value, place);
    for (const [value, place] of [
      [crc, 14],
      [length, 18],
      [length, 22],
    ])
      local.writeUInt32LE(value, place);
    if (!Buffer.concat([local, bytes.subarray(at + 46, nameEnd)]).equals(bytes.subarray(next, from)))
      fail(`the header of "${path}" was altered`);
    if (files.has(path)) fail(`"${path}" is there twice`);
    files.set(path, content);
    [at, next] = [nameEnd, from + length];
  }
  if (at !== end || next !== offset) fail('the container has bytes between its entries');
  return files;
}

function readFolder(folder) {
  const files = new Map();
  const walk = (prefix) => {
    for (const name of readdirSync(join(folder, prefix))) {
      const path = prefix + name;
      const kind = lstatSync(join(folder, path));
      if (kind.isDirectory() && path === 'outputs') walk('outputs/');
      else {
        checkName(path);
        if (!kind.isFile()) fail(`"${path}" is a link or a special file`);
        files.set(path, readFileSync(join(folder, path)));
      }
    }
  };
  walk('');
  return files;
}

function verifyBundle(files, trusted) {
  const bytesOf = (path) => files.get(path) ?? fail(`${path} is missing`);
  const textOf = (path) => utf8(bytesOf(path), path);
  const expand = (path) => {
    try {
      return gunzipSync(bytesOf(path), { maxOutputLength: MAX_EXPANDED });
    } catch (error) {
      return fail(
        error instanceof Failure ? error.message : `${path} is no whole gzip file, or expands to over 1 GiB`,
      );
    }
  };
  const key = step('key.txt', () => {
    const text = textOf('key.txt');
    return checkTrust(
      readKey(text.endsWith('\n') ? text.slice(0, -1) : fail('the key file was altered')),
      trusted,
    );
  });
  if (key === undefined) return;
  // A device that had imported the session may have written the bundle: it signs the manifest, and nothing else.
  const exporter = !files.has('exporter.txt')
    ? key
    : step('exporter.txt', () => {
        const text = textOf('exporter.txt');
        const own = readKey(text.endsWith('\n') ? text.slice(0, -1) : fail('the key file was altered'));
        return [own, `the bundle was written by ${own.name} (${own.id}), which is not where the session ran`];
      });
  if (exporter === undefined) return;
  step('manifest.txt', () => {
    const text = openNote(textOf('manifest.txt'), [exporter, ...trusted.map(readKey)], 'the manifest');
    const [header, ...lines] = text.slice(0, -1).split('\n');
    if (header !== 'weir-bundle 1') fail(`the bundle is a "${header}"; this program knows "weir-bundle 1"`);
    const open = new Set(files.keys());
    open.delete('manifest.txt');
    for (const line of lines) {
      const match = /^([0-9a-f]{64}) (\d+) (.+)$/.exec(line) ?? fail('a line of the manifest is malformed');
      const [, hash, size, path] = match;
      open.delete(path);
      step(path, () => {
        const bytes = bytesOf(path);
        if (bytes.length !== Number(size) || sha256(bytes).toString('hex') !== hash)
          fail('was altered: its hash is not the signed one');
        return [true];
      });
    }
    for (const path of open) step(path, () => fail('was added: the manifest does not name it'));
    return [true, `${lines.length} files, signed`];
  });
  const facts = step('facts.json', () => {
    const value = parseCanonical(textOf('facts.json'), 'the facts');
    checkFactsForm(value);
    const more = Object.keys(value.covers ?? {}).length;
    const about = `session "${value.sessionId}", graph "${value.graphName}", ${value.drops} drops, ${value.status}`;
    if (value.importedFrom) return [value, `${about}; it did not run where it was sealed`];
    return [
      value,
      more > 0 ? `${about}; the seal covers ${more} parts of the history where it ran, too` : about,
    ];
  });
  const seal =
    facts &&
    step('seal.txt', () => {
      const s = openSeal(textOf('seal.txt'), facts, key);
      return [s, `sealed ${s.sealedAt}`];
    });
  if (!seal) return;
  const records = step('records.jsonl.gz', () => {
    const text = utf8(expand('records.jsonl.gz'), 'the records');
    if (text !== '' && !text.endsWith('\n')) fail('the last record is cut off');
    const lines = text.split('\n').slice(0, -1);
    if (lines.length !== seal.size) fail(`there are ${lines.length} records, sealed were ${seal.size}`);
    const byOid = new Map();
    lines.forEach((line, i) => {
      const record = checkRecord(parseCanonical(line, `record ${i}`), `record ${i}`);
      if (record.sessionId !== facts.sessionId) fail(`record ${i} is of another session`);
      if (byOid.has(record.drop.oid)) fail(`there are two records of "${record.drop.oid}"`);
      byOid.set(record.drop.oid, record);
    });
    if (!rootOf(lines.map(leafOf)).equals(seal.root))
      fail('the records lead to another root than the sealed one');
    report.checked += lines.length;
    return [byOid, `${lines.length} records lead to the sealed root`];
  });
  step('graph.json.gz', () => {
    if (sha256(expand('graph.json.gz')).toString('hex') !== facts.graphSha256)
      fail('the graph is not the one that ran');
    return [true, 'the graph that ran'];
  });
  if (files.has('log.json'))
    step('log.json', () => [
      true,
      checkLog(parseCanonical(textOf('log.json'), 'the log entry'), textOf('seal.txt'), key),
    ]);
  if (records === undefined) return;
  const outputs = [...files].filter(([path]) => path.startsWith('outputs/'));
  if (outputs.length === 0) return;
  const owners = new Map([...records.values()].map((record) => [outputPath(record.drop.oid), record]));
  for (const [path, bytes] of outputs)
    step(path, () => {
      const owner = owners.get(path) ?? fail('belongs to no drop of the session');
      if (owner.content?.sha256 !== sha256(bytes).toString('hex'))
        fail(`is not what "${owner.drop.oid}" held`);
      return [true];
    });
}

// --- the command ----------------------------------------------------------------------------------------------------

function main(args) {
  const trusted = [];
  const names = [];
  for (let i = 0; i < args.length; i++) {
    if (args[i] === '--key') trusted.push(args[++i] ?? '');
    else names.push(args[i]);
  }
  if (names.length !== 1 || names[0].startsWith('-'))
    throw new Unusable('usage: node weir-verify.mjs FILE [--key NAME+ID+KEY]...');
  for (const key of trusted)
    try {
      readKey(key);
    } catch (error) {
      throw new Unusable(`--key ${key}: ${error.message}`);
    }
  const [name] = names;
  let kind;
  try {
    kind = lstatSync(name);
  } catch (error) {
    throw new Unusable(`${name} cannot be read: ${error.code}`);
  }
  if (kind.isDirectory()) {
    const files = step('files', () => [readFolder(name), 'only files of a bundle']);
    if (files) verifyBundle(files, trusted);
    return;
  }
  const bytes = readFileSync(name);
  // Altered files should be checked, not sent away: either end of the file may tell what it was.
  const isZip =
    bytes.subarray(0, 4).equals(Buffer.from('PK\x03\x04')) ||
    bytes.subarray(-22, -18).equals(Buffer.from('PK\x05\x06'));
  if (isZip) {
    const files = step('container', () => [readZip(bytes), 'every byte is in its place']);
    if (files) verifyBundle(files, trusted);
  } else if (bytes.includes('"weir-consistency-proof"')) verifyConsistency(bytes, trusted);
  else if (bytes[0] === 0x7b || bytes.includes('"weir-')) verifyProof(bytes, trusted);
  else throw new Unusable(`${name} is neither a proof nor a bundle of Weir`);
}

try {
  main(process.argv.slice(2));
  const holds = report.failed === 0;
  console.log(
    holds
      ? `VALID: ${report.checked} checks hold`
      : `NOT VALID: ${report.failed} of ${report.checked} checks failed`,
  );
  process.exitCode = holds ? 0 : 1;
} catch (error) {
  console.error(`weir-verify: ${error.message}`);
  process.exitCode = 2;
}
