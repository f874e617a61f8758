#!/usr/bin/env node
// The part of `fpm -s dir -t deb` that electron-builder uses, done with dpkg-deb, for
// machines where electron-builder cannot download its own fpm (CUSTOM_FPM_PATH points here).
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const flags = new Set(['--force', '--debug']);
const one = {};
const many = { '-d': [], '--deb-recommends': [] };
const maps = [];
const argv = process.argv.slice(2);
for (let i = 0; i < argv.length; i++) {
  const a = argv[i];
  if (flags.has(a)) continue;
  if (a in many) many[a].push(argv[++i]);
  else if (a.startsWith('-')) {
    const eq = a.startsWith('--') ? a.indexOf('=') : -1;
    if (eq > 0) one[a.slice(0, eq)] = a.slice(eq + 1);
    else one[a] = argv[++i];
  } else maps.push(a);
}
if (one['-t'] !== 'deb' || one['-s'] !== 'dir')
  throw new Error(`only dir to deb: ${one['-s']} to ${one['-t']}`);
const known = [
  '-s',
  '-t',
  '--architecture',
  '--after-install',
  '--after-remove',
  '--description',
  '--version',
  '--package',
  '--name',
  '--maintainer',
  '--vendor',
  '--url',
  '--deb-priority',
  '--license',
  '--deb-compression',
  '--category',
  '--iteration',
  '--log',
];
for (const k of Object.keys(one))
  if (!known.includes(k)) throw new Error(`fpm-deb: option ${k} is not handled`);

const stage = fs.mkdtempSync(path.join(os.tmpdir(), 'fpm-deb-'));
try {
  for (const m of maps) {
    const at = m.lastIndexOf('=');
    const [from, to] = [m.slice(0, at), path.join(stage, m.slice(at + 1))];
    if (from.endsWith('/')) fs.cpSync(from, to, { recursive: true, verbatimSymlinks: true });
    else {
      fs.mkdirSync(path.dirname(to), { recursive: true });
      fs.copyFileSync(from, to);
      fs.chmodSync(to, 0o644);
    }
  }
  let bytes = 0;
  const walk = (dir) => {
    fs.chmodSync(dir, 0o755);
    for (const e of fs.readdirSync(dir, { withFileTypes: true })) {
      const f = path.join(dir, e.name);
      if (e.isDirectory()) walk(f);
      else if (e.isFile()) {
        const s = fs.statSync(f);
        bytes += s.size;
        fs.chmodSync(f, s.mode & 0o111 ? 0o755 : 0o644);
      }
    }
  };
  walk(stage);
  const debian = path.join(stage, 'DEBIAN');
  fs.mkdirSync(debian, { mode: 0o755 });
  for (const [opt, name] of [
    ['--after-install', 'postinst'],
    ['--after-remove', 'postrm'],
  ])
    if (one[opt]) fs.writeFileSync(path.join(debian, name), fs.readFileSync(one[opt]), { mode: 0o755 });
  const [first, ...rest] = (one['--description'] || one['--name']).split('\n');
  const control = [
    ['Package', one['--name']],
    ['Version', one['--iteration'] ? `${one['--version']}-${one['--iteration']}` : one['--version']],
    ['Architecture', one['--architecture']],
    ['Maintainer', one['--maintainer']],
    ['Vendor', one['--vendor']],
    ['Homepage', one['--url']],
    ['License', one['--license']],
    ['Section', one['--category'] || 'default'],
    ['Priority', one['--deb-priority']],
    ['Installed-Size', String(Math.ceil(bytes / 1024))],
    ['Depends', many['-d'].join(', ')],
    ['Recommends', many['--deb-recommends'].join(', ')],
    ['Description', [first.trim() || one['--name'], ...rest.map((l) => ` ${l.trim() || '.'}`)].join('\n')],
  ];
  fs.writeFileSync(
    path.join(debian, 'control'),
    control
      .filter(([, v]) => v)
      .map(([k, v]) => `${k}: ${v}\n`)
      .join(''),
  );
  const r = spawnSync(
    'dpkg-deb',
    [
      '--root-owner-group',
      `-Z${one['--deb-compression'] || 'xz'}`,
      ...(process.env.FPM_DEB_LEVEL ? [`-z${process.env.FPM_DEB_LEVEL}`] : []),
      '--build',
      stage,
      one['--package'],
    ],
    { stdio: 'inherit' },
  );
  if (r.status !== 0) process.exit(1);
} finally {
  fs.rmSync(stage, { recursive: true, force: true });
}
