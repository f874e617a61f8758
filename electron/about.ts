/** What Help > About says: versions that a report of a fault needs, in a form to copy. */

export interface AboutFacts {
  readonly version: string;
  readonly versions: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  readonly arch: string;
  readonly osRelease: string;
  readonly dataDir: string;
}

/** The lines of the About box. */
export function aboutText({ version, versions, platform, arch, osRelease, dataDir }: AboutFacts): string {
  return [
    `Weir ${version}`,
    `Electron ${versions['electron'] ?? '—'}`,
    `Chromium ${versions['chrome'] ?? '—'}`,
    `Node ${versions['node'] ?? '—'}`,
    `System ${platform} ${arch} ${osRelease}`,
    `Data ${dataDir}`,
  ].join('\n');
}
